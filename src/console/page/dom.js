// Elements, made without markup: whatever comes from outside becomes text, never HTML.

const SVG = "http://www.w3.org/2000/svg";

// node("a", { href, class, onclick }, child, …); a child is a node or text.
function node(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function svg(tag, attributes, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

function byId(id) {
  return document.getElementById(id);
}

// Writes only what is new, so that selections and focus live on.
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function show(element, isShown) {
  element.hidden = !isShown;
}

// The children of `parent`, one for each item, kept by key: `make(item)` makes one, `fill(child,
// item)` brings it up to date. Those that stay are not touched, so that the focus stays in them.
function keyed(parent, items, keyOf, make, fill) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let before = null;
  for (const item of items) {
    const key = keyOf(item);
    const child = known.get(key) ?? make(item);
    known.delete(key);
    child.dataset.key = key;
    fill(child, item);
    const place = before ? before.nextElementSibling : parent.firstElementChild;
    if (place !== child) parent.insertBefore(child, place);
    before = child;
  }
  for (const gone of known.values()) gone.remove();
}

// A time in UTC; the local one on hovering.
function timeNode(date, words = clockTime(date)) {
  return node("time", { datetime: date.toISOString(), title: localTime(date) }, words);
}

// Who is at fault, as a badge that does not speak by colour alone.
function faultNode(who) {
  const words = who === "nobody" ? "Nobody at fault" : `At fault: ${FAULTS[who]}`;
  return node("span", { class: "fault" }, words);
}

function sparkline(element, rates) {
  const line = element.firstElementChild ?? element.appendChild(svg("polyline", { fill: "none" }));
  line.setAttribute("points", rates.length > 1 ? polyline(rates, 100, 22) : "");
}
