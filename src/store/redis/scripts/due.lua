-- Hints of what is due. KEYS: due. ARGV: floor, server, most, and where to go on: score, member.
local shown = text(now(ARGV[1], ARGV[2]))
local first = 0
if ARGV[4] then
  first = rank_beyond(KEYS[1], ARGV[4], ARGV[5])
end
local last = math.min(first + ARGV[3], redis.call('ZCOUNT', KEYS[1], '-inf', shown)) - 1
local found = {shown}
if last >= first then
  for _, part in ipairs(redis.call('ZRANGE', KEYS[1], first, last, 'WITHSCORES')) do
    found[#found + 1] = part
  end
end
return found
