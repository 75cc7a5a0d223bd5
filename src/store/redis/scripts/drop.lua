-- Takes a flow that is not stored out of the index. KEYS: handles, due, entries, hints, counts,
-- the sets that the flow leaves. ARGV: handle, the text that the index is thought to have, the
-- age in milliseconds before which an entry is left alone.
local handle = ARGV[1]
local stored = redis.call('HGET', KEYS[3], handle)
if stored then
  local _, written, stored_text = split(stored)
  if stored_text ~= ARGV[2] then
    return {'other', stored_text}
  end
  if clock() - written < tonumber(ARGV[3]) then
    return {'young'}
  end
end
-- What needs no memory comes first: after it, nothing is refused for want of it.
redis.call('ZREM', KEYS[1], handle)
redis.call('ZREM', KEYS[2], handle)
redis.call('HDEL', KEYS[3], handle)
redis.call('HDEL', KEYS[4], handle)
for i = 6, #KEYS do
  redis.call('ZREM', KEYS[i], handle)
end
if stored then
  local _, _, stored_text = split(stored)
  recount(KEYS[5], stored_text, nil)
end
return {'done'}
