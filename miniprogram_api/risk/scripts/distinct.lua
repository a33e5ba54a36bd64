--[[
  Count the distinct callers seen in a bucket: exactly while they are few, then roughly.

    KEYS[1]  few      {<bucket>}:few    the first callers (set)
    KEYS[2]  many     {<bucket>}:many   those beyond (hyperloglog)
    ARGV[1]  caller
    ARGV[2]  exact    how many are counted exactly
    ARGV[3]  seconds  that the bucket lasts

  Returns  how many distinct callers there are, this one included
]]
local exact, lasts = tonumber(ARGV[2]), ARGV[3]
local count = redis.call('SCARD', KEYS[1])
if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 1 then
  return count + redis.call('PFCOUNT', KEYS[2])
end
if count < exact then
  redis.call('SADD', KEYS[1], ARGV[1])
  redis.call('EXPIRE', KEYS[1], lasts)
  return count + 1
end
redis.call('PFADD', KEYS[2], ARGV[1])
redis.call('EXPIRE', KEYS[2], lasts)
return count + redis.call('PFCOUNT', KEYS[2])
