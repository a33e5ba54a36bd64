--[[
  Keep the pace of one action of callers (GCRA: one stored moment a bucket).

    KEYS     buckets   {<caller>}:pace:<action>   when the caller has caught up, in us (string)
    ARGV[1]  interval  us between two calls at the steady rate
    ARGV[2]  burst     calls that may come at once

  Returns  for each bucket
             0: the call may pass
             n: it may not, and a repeat has a chance in n us
]]
local time = redis.call('TIME') -- the server's, so that the workers' clocks do not matter
local now = time[1] * 1000000 + time[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])

local function wait_of(bucket)
  local caught_up = math.max(tonumber(redis.call('GET', bucket) or '0'), now) + interval
  local wait = caught_up - now - interval * burst
  if wait > 0 then return wait end
  -- %.0f: Lua would write 1.76e15 otherwise
  local lasts_ms = string.format('%.0f', math.ceil((caught_up - now) / 1000))
  redis.call('SET', bucket, string.format('%.0f', caught_up), 'PX', lasts_ms)
  return 0
end

local waits = {}
for at, bucket in ipairs(KEYS) do waits[at] = wait_of(bucket) end
return waits
