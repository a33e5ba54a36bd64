--[[
  The database has the units of these orders: they need no sweeping any more.

    KEYS[1]  pending  {pool:<id>}:pending  orders not yet confirmed (zset)
    ARGV     orders

  Returns  how many were pending
]]
return redis.call('ZREM', KEYS[1], unpack(ARGV))
