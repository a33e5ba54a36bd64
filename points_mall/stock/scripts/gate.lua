--[[
  Decide a group of claims on one pool: who may try which numbered units.

    KEYS[1]  meta     {pool:<id>}:meta     generation, opens_us, closes_us, allowance, size, next (hash)
    KEYS[2]  free     {pool:<id>}:free     numbers given back (set)
    KEYS[3]  who      {pool:<id>}:who      member -> units taken (hash)
    KEYS[4]  orders   {pool:<id>}:orders   order -> "member:unit,unit,…" (hash)
    KEYS[5]  pending  {pool:<id>}:pending  orders not yet confirmed, by deadline in microseconds (zset)
    KEYS[6]  pace     {pool:<id>}:pace     member -> theoretical arrival time in microseconds (hash)
    KEYS[7]  blocked  {pool:<id>}:blocked  members who may not take part (set)
    ARGV[1]  generation that the caller knows
    ARGV[2]  microseconds until an unconfirmed unit may be swept
    ARGV[3]  microseconds between two attempts of a member at a steady pace (GCRA)
    ARGV[4]  attempts that may come at once; 0: no pace is kept
    ARGV[5…] for each claim: member, order, quantity

  Returns  for each claim two items, a word and its detail:
             taken "3,4" · held "3,4" (this order has them already) · sold_out "" ·
             allowance_used "" · not_started <opens_us> · ended "" · blocked "" ·
             slow_down <milliseconds to wait>
           or, for the whole group, one item: stale (not loaded, or of another generation)
]]
local generation, opens, closes, allowance, size, next = unpack(redis.call(
  'HMGET', KEYS[1], 'generation', 'opens_us', 'closes_us', 'allowance', 'size', 'next'))
if generation ~= ARGV[1] then return {'stale'} end
opens, closes, allowance = tonumber(opens), tonumber(closes), tonumber(allowance)
size, next = tonumber(size), tonumber(next)
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local interval, burst = tonumber(ARGV[3]), tonumber(ARGV[4])

-- milliseconds to wait, or nil where the attempt is within the member's pace
local function too_fast(member)
  if burst == 0 then return nil end
  local arrival = math.max(now, tonumber(redis.call('HGET', KEYS[6], member) or '0'))
  local allowed_at = arrival + interval - interval * burst
  if allowed_at > now then return math.ceil((allowed_at - now) / 1000) end
  redis.call('HSET', KEYS[6], member, string.format('%.0f', arrival + interval))
end

local function take(quantity)
  local units = {}
  while #units < quantity do
    local unit = redis.call('SPOP', KEYS[2])
    if not unit then
      next = next + 1
      unit = next
    end
    units[#units + 1] = tostring(unit)
  end
  redis.call('HSET', KEYS[1], 'next', next)
  return table.concat(units, ',')
end

local function decide(member, order, quantity)
  local held = redis.call('HGET', KEYS[4], order)
  if held then return 'held', string.match(held, ':(.*)') end
  if opens and now < opens then return 'not_started', string.format('%.0f', opens) end
  if closes and now >= closes then return 'ended', '' end
  if redis.call('SISMEMBER', KEYS[7], member) == 1 then return 'blocked', '' end
  local wait = too_fast(member)
  if wait then return 'slow_down', tostring(wait) end
  local taken = tonumber(redis.call('HGET', KEYS[3], member) or '0')
  if allowance and taken + quantity > allowance then return 'allowance_used', '' end
  if size - next + redis.call('SCARD', KEYS[2]) < quantity then return 'sold_out', '' end
  local units = take(quantity)
  redis.call('HSET', KEYS[4], order, member .. ':' .. units)
  redis.call('ZADD', KEYS[5], string.format('%.0f', now + tonumber(ARGV[2])), order)
  redis.call('HINCRBY', KEYS[3], member, quantity)
  return 'taken', units
end

local answers = {}
for at = 5, #ARGV, 3 do
  local word, detail = decide(ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2]))
  answers[#answers + 1] = word
  answers[#answers + 1] = detail
end
return answers
