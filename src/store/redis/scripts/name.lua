-- Lets a start key name a flow that is about to be stored, unless it names one already: tells
-- that one then, and the time. KEYS: start key. ARGV: handle, how long the name waits for its
-- flow, the name that was found to name nothing, the age before which a waiting one is not taken
-- over, the time that was told with it, for how long that finding holds.
local named = redis.call('GET', KEYS[1])
if named then
  local dead = named == ARGV[3]
  if dead and string.sub(named, 1, 1) == '?' then
    dead = redis.call('PTTL', KEYS[1]) <= ARGV[2] - ARGV[4] and clock() - ARGV[5] <= ARGV[6] + 0
  end
  if not dead then
    return {named, text(clock())}
  end
end
redis.call('SET', KEYS[1], '?' .. ARGV[1], 'PX', ARGV[2])
return {false}
