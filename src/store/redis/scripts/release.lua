-- A start key no longer names this flow. KEYS: start key. ARGV: handle.
local named = redis.call('GET', KEYS[1])
if named == ARGV[1] or named == '?' .. ARGV[1] then
  redis.call('DEL', KEYS[1])
end
return {'done'}
