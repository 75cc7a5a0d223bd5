-- Replaces a flow, or removes it. KEYS: flow. ARGV: version, not after, floor, server, claim, and
-- for a replacement how many answers are dropped, which, and fields with their values. An answer
-- begins with the bytes that it counts.
local kept = redis.call('HMGET', KEYS[1], 'v', 'd', 'f', 'b', 'k', 'c')
local version, bytes = kept[1], tonumber(string.match(kept[4] or '', '^%d+$') or '')
if not version then
  if redis.call('EXISTS', KEYS[1]) == 1 then
    return {'damaged', 'v'}
  end
  return {'conflict'}
end
if not string.match(version, '^%d+$') then
  return {'damaged', 'v'}
end
if version ~= ARGV[1] or (kept[6] or '') ~= ARGV[5] then
  return {'conflict'}
end
if ARGV[2] ~= '' and now(ARGV[3], ARGV[4]) >= tonumber(ARGV[2]) then
  return {'late'}
end
if #ARGV == 5 then
  redis.call('DEL', KEYS[1])
  return {'done', '0', kept[2], kept[3], kept[4], kept[5]}
end
if not bytes then
  return {'damaged', 'b'}
end
local fields = 7 + tonumber(ARGV[6])
local function held(attempt)
  local answer = redis.call('HGET', KEYS[1], 'a:' .. attempt)
  return answer and tonumber(string.match(answer, '^(%d+) ') or '') or 0
end
for i = 7, fields - 1 do
  bytes = bytes - held(ARGV[i])
end
for i = fields, #ARGV, 2 do
  local attempt = string.match(ARGV[i], '^a:(.*)$')
  if attempt then
    bytes = bytes - held(attempt) + tonumber(string.match(ARGV[i + 1], '^(%d+) '))
  end
end
-- What may be refused for want of memory comes first: after it, nothing is refused.
for i = fields, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
redis.call('HSET', KEYS[1], 'b', text(math.max(bytes, 0)))
for i = 7, fields - 1 do
  redis.call('HDEL', KEYS[1], 'a:' .. ARGV[i], 'o:' .. ARGV[i])
end
return {'done', text(math.max(bytes, 0)), kept[2], kept[3], kept[4], kept[5]}
