-- Brings the index to what a flow's record says. KEYS: handles, due, entries, hints, counts,
-- pairs, the sets that the flow leaves, the sets that it enters. ARGV: handle, version, the text
-- that the index is thought to have, the text to have, due, issued, how often the due time had
-- been hinted when the record was read, most flows, how many sets it leaves, pair.
local handle, version = ARGV[1], tonumber(ARGV[2])
local stored = redis.call('HGET', KEYS[3], handle)
local before = nil
if stored then
  local stored_version, _, stored_text = split(stored)
  if stored_version > version then
    return {'newer'}
  end
  if stored_text ~= ARGV[3] then
    return {'other', stored_text}
  end
  before = stored_text
elseif ARGV[8] ~= '' and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[8]) then
  return {'full'}
end
local time = text(clock())
redis.call('ZADD', KEYS[1], 0, handle)
redis.call('HSET', KEYS[3], handle, ARGV[2] .. ' ' .. time .. ' ' .. ARGV[4])
local left = 6 + tonumber(ARGV[9])
for i = 7, left do
  redis.call('ZREM', KEYS[i], handle)
end
for i = left + 1, #KEYS do
  redis.call('ZADD', KEYS[i], ARGV[6], handle)
end
redis.call('SADD', KEYS[6], ARGV[10])
-- A hint that came in since is for a later record, and earlier is always safe.
local hinted = redis.call('HGET', KEYS[4], handle) or '0'
if hinted == ARGV[7] then
  redis.call('ZADD', KEYS[2], ARGV[5], handle)
else
  redis.call('ZADD', KEYS[2], 'LT', ARGV[5], handle)
end
recount(KEYS[5], before, ARGV[4])
return {'done', time}
