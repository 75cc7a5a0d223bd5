// How much happens, and what is refused.

const TILES = [
  ["Starts", "starts"],
  ["Transitions", "transitions"],
  ["Refused and failed", "refused"],
  ["Expired", "expired"],
  ["Replays", "replays"],
];

const Traffic = {
  trends: new Map(TILES.map(([, key]) => [key, new Trend()])),

  // What happened between the last two scrapes goes into the sparklines.
  observe(scrapes) {
    const starts = scrapes.stepOf(
      "integrator_flow_transitions_total",
      ({ step }) => step === "start",
    );
    const steps = {
      starts,
      transitions: scrapes.stepOf("integrator_flow_transitions_total"),
      refused: scrapes.stepOf("integrator_rejections_total"),
      expired: scrapes.stepOf("integrator_flows_expired_total"),
      replays: scrapes.stepOf("integrator_replays_total"),
    };
    for (const [key, step] of Object.entries(steps)) if (step) this.trends.get(key).add(step);
  },

  render(summary) {
    const refused = total(summary.rejections);
    const values = { ...summary, refused };
    write(byId("traffic-span"), spanHint(summary));
    keyed(
      byId("tiles"),
      TILES,
      ([, key]) => key,
      tile,
      (item, [name, key]) => {
        const value = summary.hasRates ? count(perMinute(values[key], summary)) : DASH;
        write(item.querySelector(".number"), value);
        sparkline(item.querySelector("svg"), this.trends.get(key).rates);
        item.querySelector("svg").setAttribute("aria-label", `${name} since this page was opened`);
      },
    );
    this.codes(summary, refused);
  },

  codes(summary, refused) {
    const none = summary.hasRates ? "None in this time." : "Not known yet.";
    write(byId("codes-none"), refused > 0 ? "" : none);
    show(byId("codes"), refused > 0);
    const rows = [...summary.rejections].sort((one, other) => other.value - one.value);
    keyed(
      byId("codes").tBodies[0],
      rows,
      ({ labels }) => labels.code,
      codeRow,
      (row, { value }) => {
        write(row.lastElementChild, count(value));
      },
    );
  },
};

function tile([name]) {
  const value = node(
    "span",
    { class: "value" },
    node("span", { class: "number" }),
    node("span", { class: "per" }, " / min"),
  );
  const picture = svg("svg", { viewBox: "0 -2 100 26", preserveAspectRatio: "none", role: "img" });
  return node("li", null, node("span", { class: "name" }, name), value, picture);
}

function codeRow({ labels }) {
  const [who, words] = fault(labels.code);
  return node(
    "tr",
    null,
    node("th", { scope: "row" }, node("code", { class: "mono" }, labels.code)),
    node("td", null, FAULTS[who]),
    node("td", { class: "words" }, words),
    node("td", { class: "n" }),
  );
}

function perMinute(value, { watched }) {
  return watched > 0 ? Math.round((value / watched) * 60) : 0;
}

function spanHint(summary) {
  if (summary.mixed) return "several instances answer in turn";
  return summary.hasRates ? `this instance, ${spanWords(summary.watched)}` : "this instance";
}
