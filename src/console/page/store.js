// Operations of the store.

const Store = {
  render(summary, scrapes, health) {
    const growth = scrapes.growth("integrator_store_operation_duration_seconds_bucket");
    const rows = latencies(growth, "operation").filter((row) => row.calls > 0);
    write(byId("store-span"), spanHint(summary));
    facts(byId("store-facts"), [
      ["Kind", health?.storeKind ?? DASH],
      [
        "Acknowledged writes survive",
        DURABILITY[health?.storeDurability] ?? health?.storeDurability ?? DASH,
      ],
      ["Flows stored", summary.storeUp ? storedWords(scrapes.latest) : DASH],
      ["Latest sweep was late by", duration(summary.sweepLag)],
    ]);
    show(byId("store"), rows.length > 0);
    rows.sort((one, other) => other.calls - one.calls);
    keyed(
      byId("store").tBodies[0],
      rows,
      ({ labels }) => labels.operation,
      storeRow,
      (row, item) => {
        const words = [
          count(item.calls),
          ...["p50", "p95", "p99"].map((name) => quantileWords(item[name])),
        ];
        words.forEach((text, at) => write(row.cells[at + 1], text));
      },
    );
  },
};

function storedWords(families) {
  const most = gauge(families, "integrator_flows_max");
  const stored = count(gauge(families, "integrator_store_flows") ?? 0);
  return most === null ? stored : `${stored} of at most ${count(most)}`;
}

const DURABILITY = {
  process: "nothing: they end with this process",
  store_process: "a crash of this process",
  minutes: "a crash, but for some minutes",
  second: "a crash, but for about a second",
  power_loss: "loss of power",
  failover: "a failover",
  unknown: "unknown",
};

function storeRow({ labels }) {
  return node(
    "tr",
    null,
    node("th", { scope: "row" }, labels.operation),
    [0, 1, 2, 3].map(() => node("td", { class: "n" })),
  );
}

// Facts by name: [[name, text or node], …].
function facts(list, entries) {
  const make = ([name]) => node("div", null, node("dt", null, name), node("dd"));
  keyed(
    list,
    entries,
    ([name]) => name,
    make,
    (item, [, value]) => {
      const place = item.lastElementChild;
      if (typeof value === "string") write(place, value);
      else if (place.textContent !== value.textContent || !place.firstElementChild)
        place.replaceChildren(value);
    },
  );
}
