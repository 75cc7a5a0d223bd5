-- KEYS: handles, counts, sets of flows in one state. Tells flows, terminal ones, bytes, and for
-- each set how many and the score of the first.
local counts = redis.call('HMGET', KEYS[2], 'terminal', 'bytes')
local found = {text(redis.call('ZCARD', KEYS[1])), counts[1] or '0', counts[2] or '0'}
for i = 3, #KEYS do
  local first = redis.call('ZRANGE', KEYS[i], 0, 0, 'WITHSCORES')
  found[#found + 1] = text(redis.call('ZCARD', KEYS[i]))
  found[#found + 1] = first[2] or false
end
return found
