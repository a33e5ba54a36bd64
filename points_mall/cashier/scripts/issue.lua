--[[
  Keep a fresh member code, for one member and purpose.

    KEYS[1]  code  member_code:{<hash>}   member, purpose, issued_ms, until_ms, used_at, till (hash)
    ARGV[1]  member
    ARGV[2]  purpose
    ARGV[3]  when its life begins, in ms
    ARGV[4]  when it ends, in ms
    ARGV[5]  ms to remember it for, so that expired is told from unknown

  Returns  1: it is kept
           0: somebody has this very code; draw another
]]
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1],
  'member', ARGV[1], 'purpose', ARGV[2], 'issued_ms', ARGV[3], 'until_ms', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1
