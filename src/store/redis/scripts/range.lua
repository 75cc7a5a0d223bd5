-- The first members of each set, or the last. KEYS: sets. ARGV: most of each, the score to stop
-- before, whether the last are wanted, and where to go on: score, member.
local found = {}
for _, key in ipairs(KEYS) do
  local first, beyond = 0, redis.call('ZCOUNT', key, '-inf', ARGV[2])
  if ARGV[3] == '1' then
    if ARGV[4] then
      beyond = math.min(beyond, rank_from(key, ARGV[4], ARGV[5]))
    end
    first = math.max(0, beyond - ARGV[1])
  else
    if ARGV[4] then
      first = rank_beyond(key, ARGV[4], ARGV[5])
    end
    beyond = math.min(beyond, first + ARGV[1])
  end
  if beyond > first then
    for _, part in ipairs(redis.call('ZRANGE', key, first, beyond - 1, 'WITHSCORES')) do
      found[#found + 1] = part
    end
  end
end
return found
