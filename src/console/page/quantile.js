// Percentiles out of histograms.

// The buckets of a histogram's growth: [{ le, value }], added up over all samples, by `le`.
function buckets(list) {
  const sums = new Map();
  for (const { labels, value } of list) {
    const le = number(labels.le);
    if (le !== null) sums.set(le, (sums.get(le) ?? 0) + value);
  }
  return [...sums].map(([le, value]) => ({ le, value })).sort((a, b) => a.le - b.le);
}

// The value below which a share of what was observed lies, by a straight line inside its bucket.
// `{ value, sign }`: `sign` is ">" where it lies past the last bucket with a bound, and "<" where
// it lies in the first, of which nothing is known but its bound; `value` is that bound then. Null
// where nothing was observed.
function quantile(share, histogram) {
  const all = histogram.at(-1)?.value ?? 0;
  if (!(all > 0)) return null;
  const rank = share * all;
  const at = histogram.findIndex((bucket) => bucket.value >= rank);
  const bucket = histogram[at];
  if (at === 0) return bucket.le === Infinity ? null : { value: bucket.le, sign: "<" };
  const below = histogram[at - 1];
  if (bucket.le === Infinity) return { value: below.le, sign: ">" };
  const inside = bucket.value - below.value;
  const part = inside > 0 ? (rank - below.value) / inside : 1;
  return { value: below.le + (bucket.le - below.le) * part, sign: "" };
}

function quantileWords(found) {
  if (!found) return DASH;
  return found.sign ? `${found.sign}${NBSP}${duration(found.value)}` : duration(found.value);
}

// Rows of a histogram by labels: [{ labels, calls, p50, p95, p99 }].
function latencies(growth, ...names) {
  const groups = new Map();
  for (const sample of growth) {
    const key = names.map((name) => sample.labels[name]).join("\u0000");
    const group = groups.get(key) ?? [];
    group.push(sample);
    groups.set(key, group);
  }
  return [...groups.values()].map((group) => {
    const histogram = buckets(group);
    const at = (share) => quantile(share, histogram);
    const calls = histogram.at(-1)?.value ?? 0;
    return { labels: group[0].labels, calls, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  });
}
