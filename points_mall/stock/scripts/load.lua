--[[
  Load a pool from what the database says, in steps; it is closed to claims until the last one.

    KEYS[1]  meta     {pool:<id>}:meta     (hash)
    KEYS[2]  free     {pool:<id>}:free     numbers that can be taken (set)
    KEYS[3]  who      {pool:<id>}:who      member -> units taken (hash)
    KEYS[4]  orders   {pool:<id>}:orders   order -> "member:unit,unit,…" (hash)
    KEYS[5]  pending  {pool:<id>}:pending  (zset)
    KEYS[6]  pace     {pool:<id>}:pace     (hash)
    KEYS[7]  blocked  {pool:<id>}:blocked  (set)
    ARGV[1]  begin: forget all · free, blocked: members of the set · who, orders: pairs of the hash ·
             open: pairs of meta, with the generation
    ARGV[2…] what the step adds

  Returns  1
]]
local step = ARGV[1]
local given = {unpack(ARGV, 2)}
if step == 'begin' then redis.call('DEL', unpack(KEYS))
elseif step == 'free' then redis.call('SADD', KEYS[2], unpack(given))
elseif step == 'blocked' then redis.call('SADD', KEYS[7], unpack(given))
elseif step == 'who' then redis.call('HSET', KEYS[3], unpack(given))
elseif step == 'orders' then redis.call('HSET', KEYS[4], unpack(given))
elseif step == 'open' then redis.call('HSET', KEYS[1], unpack(given))
else return redis.error_reply('unknown step') end
return 1
