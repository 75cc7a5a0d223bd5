// JSON looked at, never rebuilt: the members of an object and the elements of an array as the very
// text that was sent. JSON.parse would respell numbers, drop doubled names and forget white space.
//
// The text comes from the service, which has checked the grammar; so this only finds where values
// end, and throws where it cannot.

// [[name, raw text of the value], …] in the order of the text, doubled names included.
function members(text) {
  const found = [];
  walk(text, "{", "}", (at) => {
    const end = endOfString(text, at);
    const name = JSON.parse(text.slice(at, end));
    at = skipSpace(text, end);
    if (text[at] !== ":") throw new SyntaxError(`no colon at ${at}`);
    const from = skipSpace(text, at + 1);
    const to = endOfValue(text, from);
    found.push([name, text.slice(from, to)]);
    return to;
  });
  return found;
}

// The raw texts of an array's elements.
function elements(text) {
  const found = [];
  walk(text, "[", "]", (at) => {
    const to = endOfValue(text, at);
    found.push(text.slice(at, to));
    return to;
  });
  return found;
}

// The raw text of the first member of that name, or null.
function member(text, name) {
  return members(text).find(([found]) => found === name)?.[1] ?? null;
}

function walk(text, open, close, item) {
  let at = skipSpace(text, 0);
  if (text[at] !== open) throw new SyntaxError(`no ${open} at ${at}`);
  at = skipSpace(text, at + 1);
  while (text[at] !== close) {
    at = skipSpace(text, item(at));
    if (text[at] === ",") at = skipSpace(text, at + 1);
    else if (text[at] !== close) throw new SyntaxError(`no , or ${close} at ${at}`);
  }
}

function skipSpace(text, at) {
  while (text[at] === " " || text[at] === "\t" || text[at] === "\n" || text[at] === "\r") at += 1;
  return at;
}

function endOfString(text, at) {
  if (text[at] !== '"') throw new SyntaxError(`no string at ${at}`);
  for (let next = at + 1; next < text.length; next += 1) {
    if (text[next] === "\\") next += 1;
    else if (text[next] === '"') return next + 1;
  }
  throw new SyntaxError(`a string that does not end at ${at}`);
}

function endOfValue(text, at) {
  if (text[at] === '"') return endOfString(text, at);
  if (text[at] === "{" || text[at] === "[") return endOfContainer(text, at);
  let end = at;
  while (end < text.length && !" \t\n\r,]}".includes(text[end])) end += 1;
  if (end === at) throw new SyntaxError(`no value at ${at}`);
  return end;
}

function endOfContainer(text, at) {
  let depth = 0;
  for (let next = at; next < text.length; next += 1) {
    const letter = text[next];
    if (letter === '"') next = endOfString(text, next) - 1;
    else if (letter === "{" || letter === "[") depth += 1;
    else if (letter === "}" || letter === "]") depth -= 1;
    if (depth === 0) return next + 1;
  }
  throw new SyntaxError(`a value that does not end at ${at}`);
}

// The same tokens, one member a line. Names, numbers and strings stay as they were spelled.
function indented(text, most = 100_000) {
  let depth = 0;
  let out = "";
  let at = 0;
  const newLine = () => `\n${"  ".repeat(depth)}`;
  while (at < text.length) {
    if (out.length > most) return null;
    const letter = text[at];
    if (skipSpace(text, at) !== at) {
      at = skipSpace(text, at);
    } else if (letter === '"') {
      const end = endOfString(text, at);
      out += text.slice(at, end);
      at = end;
    } else if (letter === "{" || letter === "[") {
      const next = skipSpace(text, at + 1);
      if (text[next] === "}" || text[next] === "]") {
        out += letter + text[next];
        at = next + 1;
      } else {
        depth += 1;
        out += letter + newLine();
        at = next;
      }
    } else {
      if (letter === "}" || letter === "]") {
        depth -= 1;
        out += newLine();
      }
      out += letter;
      if (letter === ",") out += newLine();
      if (letter === ":") out += " ";
      at += 1;
    }
  }
  return out;
}
