-- The first members of each set. KEYS: sets. ARGV: most of each, the score to stop before, and
-- where to go on: score, member.
local found = {}
for _, key in ipairs(KEYS) do
  local first = 0
  if ARGV[3] then
    first = rank_beyond(key, ARGV[3], ARGV[4])
  end
  local last = math.min(first + ARGV[1], redis.call('ZCOUNT', key, '-inf', ARGV[2])) - 1
  if last >= first then
    for _, part in ipairs(redis.call('ZRANGE', key, first, last, 'WITHSCORES')) do
      found[#found + 1] = part
    end
  end
end
return found
