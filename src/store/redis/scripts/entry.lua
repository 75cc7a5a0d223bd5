-- What the index has of a flow. KEYS: entries, hints. ARGV: handle.
local stored = redis.call('HGET', KEYS[1], ARGV[1])
local hinted = redis.call('HGET', KEYS[2], ARGV[1]) or '0'
if not stored then
  return {hinted}
end
local _, written, stored_text = split(stored)
return {hinted, stored_text, text(clock() - written)}
