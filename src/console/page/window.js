// What a counter grew by, over a sliding window of scrapes.
//
// Counters belong to one process. Behind one address there may be several, and each scrape is
// answered by one of them, so scrapes are kept apart by the process that they speak of. A process
// is known by its start, told in whole seconds, and by when it loaded its definitions, told more
// exactly; after a reload it counts as another one, which costs it the rates of one scrape. Where
// two cannot be told apart, counters that run back give them away, and no rates are told.

const WINDOW_SECONDS = 60;
const KEPT_SECONDS = 75;
const PROCESSES_KEPT = 16;
const IDENTITY = ["process_start_time_seconds", "integrator_protocols_loaded_timestamp_seconds"];

class Scrapes {
  constructor() {
    this.processes = new Map();
    this.current = null;
    this.ranBackAt = null;
    this.alternating = false;
  }

  // Takes a scrape made at `at` (seconds, any steady clock).
  add(at, families) {
    const key = IDENTITY.map((name) => gauge(families, name)).join("/");
    const known = this.processes.get(key);
    if (known && this.current !== key) this.alternating = true;
    if (known && ranBack(known.at(-1).families, families)) {
      this.ranBackAt = at;
      known.length = 0;
    }
    const scrapes = known ?? [];
    scrapes.push({ at, families });
    // One scrape from before the window is its beginning.
    while (scrapes.length > 2 && scrapes[1].at <= at - WINDOW_SECONDS) scrapes.shift();
    this.processes.delete(key);
    this.processes.set(key, scrapes);
    this.current = key;
    this.forget(at);
  }

  forget(at) {
    for (const [key, scrapes] of this.processes) {
      const isOld = scrapes.at(-1).at < at - KEPT_SECONDS;
      if (key !== this.current && (isOld || this.processes.size > PROCESSES_KEPT)) {
        this.processes.delete(key);
      }
    }
    if (this.processes.size < 2) this.alternating = false;
    if (this.ranBackAt !== null && this.ranBackAt < at - KEPT_SECONDS) this.ranBackAt = null;
  }

  // Whether scrapes of several processes came that cannot be told apart.
  get mixed() {
    return this.ranBackAt !== null;
  }

  // How many processes answer at this address, as far as can be told.
  get instances() {
    return this.mixed
      ? Math.max(2, this.processes.size)
      : this.alternating
        ? this.processes.size
        : 1;
  }

  // The first and the last scrape of the process that answered last, or null before there are two.
  get span() {
    const scrapes = this.processes.get(this.current) ?? [];
    if (this.mixed || scrapes.length < 2) return null;
    const [first, last] = [scrapes[0], scrapes.at(-1)];
    return { seconds: last.at - first.at, before: first.families, now: last.families };
  }

  // Every scrape of that process that is still in the window.
  get kept() {
    return (this.processes.get(this.current) ?? []).map(({ families }) => families);
  }

  get latest() {
    return this.processes.get(this.current)?.at(-1)?.families ?? new Map();
  }

  // For how many seconds no two scrapes in a row have differed, as `differ` judges; as far as is
  // kept.
  unchangedSeconds(differ) {
    const scrapes = this.processes.get(this.current) ?? [];
    let from = scrapes.length - 1;
    while (from > 0 && !differ(scrapes[from - 1].families, scrapes[from].families)) from -= 1;
    return from < 0 ? 0 : scrapes.at(-1).at - scrapes[from].at;
  }

  // By how much each sample of a counter grew in the window: [{ labels, value }].
  growth(name) {
    return this.span ? grown(this.span.before, this.span.now, name) : [];
  }

  // By how much a counter grew between the last two scrapes of this process, over the samples
  // whose labels are `wanted`, and how long that was: what a sparkline is drawn of.
  stepOf(name, wanted = () => true) {
    const scrapes = this.processes.get(this.current) ?? [];
    if (this.mixed || scrapes.length < 2) return null;
    const [before, now] = scrapes.slice(-2);
    const growth = grown(before.families, now.families, name).filter(({ labels }) =>
      wanted(labels),
    );
    return { value: total(growth), seconds: now.at - before.at };
  }
}

// The counters that are compared to find out whether two scrapes are of one process.
const WITNESSES = [
  "integrator_http_request_duration_seconds_count",
  "integrator_flow_transitions_total",
];

function ranBack(before, now) {
  return WITNESSES.some((name) => {
    const values = new Map(samples(now, name).map((sample) => [identity(sample), sample.value]));
    return samples(before, name).some((sample) => !(values.get(identity(sample)) >= sample.value));
  });
}

function grown(before, now, name) {
  const earlier = new Map(samples(before, name).map((sample) => [identity(sample), sample.value]));
  return samples(now, name).map((sample) => ({
    labels: sample.labels,
    value: Math.max(0, sample.value - (earlier.get(identity(sample)) ?? 0)),
  }));
}

function samples(families, name) {
  return families.get(name) ?? [];
}

function identity(sample) {
  return JSON.stringify(Object.entries(sample.labels));
}

function total(list) {
  return list.reduce((sum, sample) => sum + sample.value, 0);
}

// Samples added up by the value of a label, or of several.
function summed(list, ...names) {
  const sums = new Map();
  for (const { labels, value } of list) {
    const key = names.map((name) => labels[name]).join("\u0000");
    const sum = sums.get(key) ?? { labels, value: 0 };
    sum.value += value;
    sums.set(key, sum);
  }
  return [...sums.values()];
}
