-- Stores a flow where there is none. KEYS: flow. ARGV: the instant after which it is too late,
-- then fields and values.
if redis.call('EXISTS', KEYS[1]) == 1 then
  local there = redis.call('HMGET', KEYS[1], 'v', 'x')
  return {'there', there[1], there[2]}
end
if clock() > tonumber(ARGV[1]) then
  return {'late'}
end
for i = 2, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
return {'done'}
