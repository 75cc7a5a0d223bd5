-- KEYS: flow. ARGV: floor, server.
local head = redis.call('HMGET', KEYS[1], 'v', 's', 't', 'x')
return {text(now(ARGV[1], ARGV[2])), head[1], head[2], head[3], head[4]}
