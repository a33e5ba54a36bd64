--[[
  End what orders hold in Redis: their units can be taken again, or (forget) are left out because
  the database knows another holder. An order that is ended already is left alone, so no unit is
  given back twice.

    KEYS[1]  free     {pool:<id>}:free     numbers given back (set)
    KEYS[2]  who      {pool:<id>}:who      member -> units taken (hash)
    KEYS[3]  orders   {pool:<id>}:orders   order -> "member:unit,unit,…" (hash)
    KEYS[4]  pending  {pool:<id>}:pending  orders not yet confirmed (zset)
    KEYS[5]  meta     {pool:<id>}:meta     generation (hash)
    ARGV[1]  generation that the caller knows
    ARGV[2]  free: the units can be taken again · forget: they cannot
    ARGV[3…] orders

  Returns  how many orders were ended; -1 when the pool is not loaded in this generation
]]
if redis.call('HGET', KEYS[5], 'generation') ~= ARGV[1] then return -1 end
local ended = 0
for at = 3, #ARGV do
  local order = ARGV[at]
  local held = redis.call('HGET', KEYS[3], order)
  if held then
    local member, units = string.match(held, '^([^:]*):(.*)$')
    redis.call('HDEL', KEYS[3], order)
    redis.call('ZREM', KEYS[4], order)
    local count = 0
    for unit in string.gmatch(units, '[^,]+') do
      count = count + 1
      if ARGV[2] == 'free' then redis.call('SADD', KEYS[1], unit) end
    end
    if redis.call('HINCRBY', KEYS[2], member, -count) <= 0 then
      redis.call('HDEL', KEYS[2], member)
    end
    ended = ended + 1
  end
end
return ended
