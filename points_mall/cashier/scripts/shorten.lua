--[[
  The next member code was issued: this one is good for a little longer only.

    KEYS[1]  code  member_code:{<hash>}   member, purpose, issued_ms, until_ms, used_at, till (hash)
    ARGV[1]  when its life ends now, in ms, unless it ends earlier

  Returns  1: its life was shortened
           0: it had ended before that, or is not known
]]
local ends = tonumber(redis.call('HGET', KEYS[1], 'until_ms') or '0')
if ends <= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'until_ms', ARGV[1])
return 1
