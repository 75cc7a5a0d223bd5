-- KEYS: clock. ARGV: floor, server.
local shown = math.max(now(ARGV[1], ARGV[2]), tonumber(redis.call('GET', KEYS[1]) or '') or 0)
redis.call('SET', KEYS[1], text(shown))
return {text(shown)}
