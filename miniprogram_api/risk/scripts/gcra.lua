--[[
  Keep the pace of one action of one caller (GCRA: one stored moment a bucket).

    KEYS[1]  bucket    {<caller>}:pace:<action>   when the caller has caught up, in us (string)
    ARGV[1]  interval  us between two calls at the steady rate
    ARGV[2]  burst     calls that may come at once

  Returns  0: the call may pass
           n: it may not, and a repeat has a chance in n us
]]
local time = redis.call('TIME') -- the server's, so that the workers' clocks do not matter
local now = time[1] * 1000000 + time[2]
local interval = tonumber(ARGV[1])
local caught_up = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + interval
local wait = caught_up - now - interval * tonumber(ARGV[2])
if wait > 0 then return wait end
-- %.0f: Lua would write 1.76e15 otherwise
local lasts_ms = math.ceil((caught_up - now) / 1000)
redis.call('SET', KEYS[1], string.format('%.0f', caught_up), 'PX', string.format('%.0f', lasts_ms))
return 0
