-- Before every script.

local function text(number)
  return string.format('%.0f', number)
end

-- The server's clock, in milliseconds since the Unix epoch.
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The store's now: not before the floor, and the floor alone where the server is not asked.
local function now(floor, server)
  if server == '1' then
    return math.max(tonumber(floor), clock())
  end
  return tonumber(floor)
end

-- Bytewise: the operator compares by the server's locale, a sorted set by bytes.
local function is_up_to(left, right)
  for i = 1, math.min(#left, #right) do
    local l, r = string.byte(left, i), string.byte(right, i)
    if l ~= r then
      return l < r
    end
  end
  return #left <= #right
end

-- The rank of the first member of a sorted set beyond a score and a member.
local function rank_beyond(key, score, member)
  local low = redis.call('ZCOUNT', key, '-inf', '(' .. score)
  local high = redis.call('ZCOUNT', key, '-inf', score)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if is_up_to(redis.call('ZRANGE', key, middle, middle)[1], member) then
      low = middle + 1
    else
      high = middle
    end
  end
  return low
end

-- The rank of the first member of a sorted set that is not before a score and a member.
local function rank_from(key, score, member)
  local beyond = rank_beyond(key, score, member)
  if beyond > 0 and redis.call('ZRANGE', key, beyond - 1, beyond - 1)[1] == member then
    return beyond - 1
  end
  return beyond
end

-- An entry of the index: version, time of writing, text. The text begins with the bytes of
-- answers held and with whether the flow is terminal.
local function split(entry)
  local version, written, text = string.match(entry, '^(%d+) (%d+) (.*)$')
  return tonumber(version) or 0, tonumber(written) or 0, text or entry
end

local function counted(text)
  local bytes, terminal = string.match(text or '', '^(%d+) ([01]) ')
  return tonumber(bytes) or 0, tonumber(terminal) or 0
end

-- Counts become those of one flow's text in place of another's; nothing has no text.
local function recount(key, before, after)
  local bytes_before, terminal_before = counted(before)
  local bytes, terminal = counted(after)
  if bytes ~= bytes_before then
    redis.call('HINCRBY', key, 'bytes', bytes - bytes_before)
  end
  if terminal ~= terminal_before then
    redis.call('HINCRBY', key, 'terminal', terminal - terminal_before)
  end
end

