// The Prometheus text format, read into families: name -> [{ labels, value }].

// A line that cannot be read is left out: what can be read is still worth showing.
function parseMetrics(text) {
  const families = new Map();
  for (const line of text.split("\n")) {
    const sample = line.startsWith("#") ? null : parseSample(line.trim());
    if (!sample) continue;
    const known = families.get(sample.name);
    if (known) known.push(sample);
    else families.set(sample.name, [sample]);
  }
  return families;
}

function parseSample(line) {
  const named = /^([A-Za-z_:][A-Za-z0-9_:]*)/.exec(line);
  if (!named) return null;
  const name = named[1];
  const labels = {};
  let at = name.length;
  if (line[at] === "{") {
    at = parseLabels(line, at + 1, labels);
    if (at < 0) return null;
  }
  const word = line.slice(at).trim().split(/\s+/)[0];
  const value = number(word);
  return value === null ? null : { name, labels, value };
}

// Reads labels from `at` on; answers where the samples's value begins, or -1.
function parseLabels(line, at, labels) {
  const label = /\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,?)/y;
  label.lastIndex = at;
  for (let found = label.exec(line); found; found = label.exec(line)) {
    labels[found[1]] = unescaped(found[2]);
    at = label.lastIndex;
    if (!found[3]) break;
  }
  while (line[at] === " " || line[at] === ",") at += 1;
  return line[at] === "}" ? at + 1 : -1;
}

function unescaped(text) {
  return text.replace(/\\(.)/g, (_, letter) => (letter === "n" ? "\n" : letter));
}

function number(word) {
  if (word === "+Inf") return Infinity;
  if (word === "-Inf") return -Infinity;
  if (word === "" || word === undefined || Number.isNaN(Number(word))) return null;
  return Number(word);
}

// The one value of a family, or null.
function gauge(families, name) {
  return families.get(name)?.[0]?.value ?? null;
}
