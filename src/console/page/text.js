// Numbers, durations and times as people read them.

const NBSP = "\u00a0";
const DASH = "\u2013";

// 0.0042 s is "4.2 ms", 75 s is "1 min 15 s", 93784 s is "1 d 2 h".
function duration(seconds) {
  if (seconds === null || Number.isNaN(seconds)) return DASH;
  if (seconds < 0) return `-${duration(-seconds)}`;
  if (seconds < 0.9995) return `${significant(seconds * 1000)}${NBSP}ms`;
  if (seconds < 59.5) return `${significant(seconds)}${NBSP}s`;
  const units = [
    [86400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  const rounded = Math.round(seconds);
  const at = units.findIndex(([size]) => rounded >= size);
  const [size, unit] = units[at];
  const [smaller, smallerUnit] = units[at + 1];
  const rest = Math.floor((rounded % size) / smaller);
  const whole = `${Math.floor(rounded / size)}${NBSP}${unit}`;
  return rest === 0 ? whole : `${whole} ${rest}${NBSP}${smallerUnit}`;
}

// A duration that is counted, not measured: "14 s", never "14.2 s".
function wholeDuration(seconds) {
  return duration(Math.abs(seconds) < 59.5 ? Math.max(1, Math.round(seconds)) : seconds);
}

function significant(value) {
  if (value >= 99.5) return count(Math.round(value));
  const digits = value >= 9.95 || value === 0 ? 0 : value >= 0.095 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}

// 12345 is "12,345".
function count(value) {
  return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

function times(value, one, many = `${one}s`) {
  return `${count(value)}${NBSP}${value === 1 ? one : many}`;
}

function percent(share) {
  if (share > 0 && share < 0.01) return `<${NBSP}1${NBSP}%`;
  if (share < 1 && share > 0.99) return `>${NBSP}99${NBSP}%`;
  return `${Math.round(share * 100)}${NBSP}%`;
}

// "the last minute", or what of it has been watched.
function spanWords(seconds) {
  return seconds >= 55 && seconds < 90 ? "the last minute" : `the last ${wholeDuration(seconds)}`;
}

// 03:12:05 in UTC; with the day where it is not today.
function clockTime(date, today = new Date()) {
  const text = date.toISOString();
  const time = text.slice(11, 19);
  return text.slice(0, 10) === today.toISOString().slice(0, 10)
    ? time
    : `${text.slice(0, 10)} ${time}`;
}

// 03:12:05.123 in UTC.
function exactTime(date) {
  return date.toISOString().slice(11, 23);
}

function localTime(date) {
  const zone = { dateStyle: "medium", timeStyle: "long" };
  return `${date.toLocaleString(undefined, zone)} (local time)`;
}

// A date, or null where the text is none.
function instant(text) {
  const date = new Date(text ?? NaN);
  return Number.isNaN(date.getTime()) ? null : date;
}

function shortened(text, most) {
  return text.length <= most ? text : `${text.slice(0, most - 1)}\u2026`;
}

function isHandle(text) {
  return /^[A-Za-z0-9_-]{32}$/.test(text);
}
