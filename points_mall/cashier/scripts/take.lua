--[[
  Take a member code: who takes it first has it, and it is dead from then on.

    KEYS[1]  code  member_code:{<hash>}   member, purpose, issued_ms, until_ms, used_at, till (hash)
    ARGV[1]  the moment at which it was shown, in ms
    ARGV[2]  who takes it: the till's code, or the till and its receipt
    ARGV[3]  now, in ms
    ARGV[4]  ms by which the taker's clock may be behind
    ARGV[5]  1: who has taken it may take it again, as one whose answer was lost does; else 0

  Returns  {'good', member, purpose}
           {'used', when in ms, till}
           {'expired', when in ms}
           {'unknown'}
]]
local member, purpose, issued, ends, used_at, till = unpack(redis.call(
  'HMGET', KEYS[1], 'member', 'purpose', 'issued_ms', 'until_ms', 'used_at', 'till'))
if not member then return {'unknown'} end
if used_at then
  if ARGV[5] == '1' and till == ARGV[2] then return {'good', member, purpose} end
  return {'used', used_at, till}
end
local shown = tonumber(ARGV[1])
-- before it was issued nobody can have shown it: whoever says so has a code that is over
if tonumber(ends) <= shown or shown + tonumber(ARGV[4]) < tonumber(issued) then
  return {'expired', ends}
end
redis.call('HSET', KEYS[1], 'used_at', ARGV[3], 'till', ARGV[2])
return {'good', member, purpose}
