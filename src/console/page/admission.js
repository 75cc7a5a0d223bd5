// The gates of admission control: how open each is and why, drawn since the page was opened.

// Gates that are shown whole; the others are named.
const GATES_SHOWN = 4;
// How much a poll weighs in a trend of what is no count.
const WEIGHT_SECONDS = 60;

const REGIME_WORDS = {
  closed: ["Closed", "Only probes go through, to notice when the backend is back."],
  regulating: ["Regulating", "Its rate decides who is let in, to keep the backend at its set point."],
  open: ["Open", "Nothing is held back."],
};
const OBSERVED_WORDS = {
  closed: ["Would be closed", "It only observes. All but probes would be refused."],
  regulating: ["Would regulate", "It only observes. Its rate would decide who is let in."],
  open: ["Would be open", "It only observes. Nothing would be held back."],
};

const Admission = {
  // By backend: how its latency and its rate went.
  trends: new Map(),

  observe(scrapes) {
    const found = gates(scrapes);
    const known = this.trends;
    this.trends = new Map(
      found.map(({ backend, latency, rate }) => {
        const trends = known.get(backend) ?? { latency: new Trend(), rate: new Trend() };
        if (latency !== null) trends.latency.add({ value: latency, seconds: WEIGHT_SECONDS });
        trends.rate.add({ value: rate, seconds: WEIGHT_SECONDS });
        return [backend, trends];
      }),
    );
  },

  render(summary) {
    const all = summary.gates;
    show(byId("admission-panel"), all.length > 0);
    write(byId("admission-span"), spanHint(summary));
    keyed(
      byId("gates"),
      all.slice(0, GATES_SHOWN),
      ({ backend }) => backend,
      gateCard,
      (card, gate) => fillCard(card, gate, this.trends.get(gate.backend), summary),
    );
    this.others(all.slice(GATES_SHOWN));
  },

  others(gates) {
    show(byId("gates-others"), gates.length > 0);
    const open = gates.filter(({ regime }) => regime === "open").length;
    const words = open === gates.length ? "all open" : `${count(open)} of them open`;
    write(byId("gates-others-count"), `${times(gates.length, "more backend")}, ${words}`);
    const names = gates.map((gate) => [gate.backend, regimeWords(gate)[0]]);
    facts(byId("gates-others-names"), names);
  },
};

function regimeWords({ mode, regime, latency, isIdle }) {
  const words = mode === "observe" ? OBSERVED_WORDS : REGIME_WORDS;
  const [word, sentence] = words[regime] ?? ["Unknown", "This page does not know its regime."];
  if (latency === null) return [word, "No call has ended yet. It begins at a low rate."];
  if (isIdle) return [word, "Nobody asks. It stands as the last calls left it."];
  return [word, sentence];
}

function gateCard({ backend }) {
  return node(
    "li",
    { class: "gate" },
    node("div", { class: "gate-head" }, node("h3", null, backend), node("span", { class: "regime" })),
    node("p", { class: "hint" }),
    node("ul", { class: "tiles" }),
    node("dl", { class: "facts" }),
    node("details", null, node("summary", { class: "hint" }, "Controller"), node("dl", { class: "facts" })),
  );
}

function actedOnWords({ actedOn, isBeyond }) {
  if (actedOn === null) return DASH;
  return `${duration(actedOn)}${isBeyond ? " or more" : ""}`;
}

function fillCard(card, gate, trends, summary) {
  const [word, sentence] = regimeWords(gate);
  card.dataset.regime = gate.isIdle ? "idle" : gate.regime;
  write(card.querySelector(".regime"), word);
  write(card.querySelector("p"), sentence);
  keyed(
    card.querySelector("ul"),
    gauges(gate, trends, summary),
    ({ name }) => name,
    gaugeTile,
    fillGauge,
  );
  const [told, terms] = card.querySelectorAll("dl");
  facts(told, [...decided(gate, summary), ["Tokens left", significant(gate.tokens)]]);
  facts(terms, [
    ["Latency acted on", actedOnWords(gate)],
    ["Error", gate.error === null ? DASH : signed(gate.error, duration)],
    ["Proportional", signed(gate.p, rateWords)],
    ["Integral", signed(gate.i, rateWords)],
    ["Derivative", signed(gate.d, rateWords)],
  ]);
}

function gauges(gate, trends, summary) {
  const { backend, mode, latency, setpoint, rate, ceiling } = gate;
  const rateName = mode === "observe" ? "Rate it would let in" : "Rate let in";
  return [
    {
      name: "Latency, smoothed",
      label: `Latency of ${backend} since this page was opened`,
      value: latency === null ? DASH : duration(latency),
      bound: `set point ${duration(setpoint)}${latencyNote(gate, summary)}`,
      values: trends?.latency.rates ?? [],
      level: setpoint,
    },
    {
      name: rateName,
      label: `${rateName} to ${backend} since this page was opened`,
      value: rateWords(rate),
      bound: `at most ${rateWords(ceiling)}`,
      values: trends?.rate.rates ?? [],
      level: ceiling,
    },
  ];
}

// What else there is to know of a latency: that it is old, or that it is not all of the truth.
function latencyNote({ latency, setpoint, newsAge }, { calls }) {
  if (latency === null) return "";
  if (newsAge >= WINDOW_SECONDS) return "; no call ended for a minute or more";
  if (newsAge >= AGED_SECONDS) return `; no call ended for ${wholeDuration(newsAge)}`;
  if (calls.timeouts + calls.unavailable === 0) return "";
  return `; no answer counts as ${duration(UNANSWERED_SETPOINTS * setpoint)} at most`;
}

function gaugeTile({ name, label }) {
  const picture = svg(
    "svg",
    { viewBox: "0 -2 100 26", preserveAspectRatio: "none", role: "img", "aria-label": label },
    svg("line", { x1: 0, x2: 100 }),
    svg("polyline", { fill: "none" }),
  );
  return node(
    "li",
    null,
    node("span", { class: "name" }, name),
    node("span", { class: "value" }, node("span", { class: "number" })),
    picture,
    node("span", { class: "per" }),
  );
}

function fillGauge(tile, { value, bound, values, level }) {
  write(tile.querySelector(".number"), value);
  write(tile.querySelector(".per"), bound);
  const top = Math.max(level, ...values, 1e-9);
  const height = 22 - (level / top) * 22;
  const line = tile.querySelector("line");
  for (const end of ["y1", "y2"]) line.setAttribute(end, height.toFixed(1));
  const points = values.length > 1 ? polyline(values, 100, 22, top) : "";
  tile.querySelector("polyline").setAttribute("points", points);
}

// What was decided in the window, class by class; steps only where they pass the gate.
function decided({ mode, decisions }, { hasRates }) {
  const refused = mode === "observe" ? "would be refused" : "refused";
  return decisions
    .filter((row) => row.isUsed || row.class === "new_flow")
    .flatMap((row) => {
      const name = row.class === "new_flow" ? "Starts" : "Steps";
      const words = (value) => (hasRates ? count(value) : DASH);
      return [
        [`${name} let in`, words(row.admitted)],
        [`${name} ${refused}`, words(row.refused)],
      ];
    });
}

function rateWords(rate) {
  return `${significant(rate)}${NBSP}/${NBSP}s`;
}

// What may be below nothing, with its sign.
function signed(value, words) {
  return `${value < 0 ? "\u2212" : "+"}${words(Math.abs(value))}`;
}
