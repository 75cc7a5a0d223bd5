-- The flow that a start key names is stored: the name stays. KEYS: start key. ARGV: handle.
local named = redis.call('GET', KEYS[1])
if named == '?' .. ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[1])
  return {'1'}
end
return {named == ARGV[1] and '1' or '0'}
