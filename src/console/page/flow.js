// One flow: its facts, its timeline, and who is at fault; kept live while it is open.

const REFRESH_SECONDS = 10;
// As many attempts without a recorded answer as the service keeps of a flow.
const ATTEMPTS_KEPT = 16;

const FlowView = {
  handle: null,
  flow: null,
  source: null,
  readAt: 0,

  async open(handle) {
    this.close();
    this.handle = handle;
    show(byId("flow"), true);
    show(byId("flow-body"), false);
    show(byId("flow-expire"), false);
    byId("flow-title").replaceChildren(
      "Flow ",
      node("span", { class: "mono" }, shortened(handle, 64)),
    );
    byId("flow-timeline").replaceChildren();
    write(byId("flow-said"), "Asking\u2026");
    byId("flow-title").focus();
    await this.read();
    this.listen();
  },

  close() {
    this.handle = null;
    this.flow = null;
    this.silence();
    show(byId("flow"), false);
  },

  async read() {
    const { handle } = this;
    const path = `/v1/flows/${encodeURIComponent(handle)}`;
    try {
      const [status, history] = await Promise.all([ask(`${path}/status`), ask(`${path}/history`)]);
      const protocol = await Protocols.of(JSON.parse(status).protocol);
      if (this.handle !== handle) return;
      this.flow = flowOf(status, history, protocol);
      this.readAt = Date.now();
      write(byId("flow-said"), "");
      this.render();
    } catch (error) {
      if (this.handle !== handle) return;
      const gone = error.status === 404;
      const words =
        "No such flow. Either it never was, or it has ended and was removed after its retention.";
      write(byId("flow-said"), gone ? words : `It cannot be read: ${error.message}.`);
      if (gone) this.ended("");
    }
  },

  // Events say that something changed; what, is read anew, so that nothing is shown but what the
  // service tells in full.
  listen() {
    const { flow, handle } = this;
    if (!flow || flow.status.terminal || this.source || document.hidden) return;
    const source = new EventSource(`/v1/flows/${encodeURIComponent(handle)}/events`);
    this.source = source;
    const changed = async () => {
      await this.read();
      if (this.flow?.status.terminal) this.ended("It has ended.");
    };
    source.addEventListener("transition", changed);
    source.addEventListener("open", () => write(byId("flow-live"), "Live"));
    source.addEventListener("error", () => {
      const isOver = source.readyState === EventSource.CLOSED;
      if (this.source === source)
        write(byId("flow-live"), isOver ? "Not live: read every 10 s" : "Connecting anew\u2026");
    });
  },

  ended(words) {
    this.silence();
    write(byId("flow-live"), words);
  },

  silence() {
    this.source?.close();
    this.source = null;
    write(byId("flow-live"), "");
  },

  // Unanswered attempts make no event, so an open flow is also read now and then.
  async tick() {
    if (!this.flow) return;
    if (this.flow.status.terminal) return this.ended("It has ended.");
    this.listen();
    if (Date.now() - this.readAt >= REFRESH_SECONDS * 1000) await this.read();
    else this.tell();
  },

  render() {
    const { flow } = this;
    show(byId("flow-body"), true);
    show(byId("flow-expire"), !flow.status.terminal);
    this.tell();
    facts(byId("flow-facts"), flowFacts(flow));
    const entries = timeline(flow).map((entry, place) => ({ ...entry, place }));
    const isFirst = byId("flow-timeline").childElementCount === 0;
    keyed(
      byId("flow-timeline"),
      entries,
      entryKey,
      (entry) => entryNode(entry, isFirst),
      fillEntry,
    );
    write(byId("flow-refused"), leftOut(flow));
  },

  tell() {
    const { fault: who, level, headline, cause } = reading(this.flow, new Date());
    byId("flow-reading").dataset.level = level;
    write(byId("flow-headline"), headline);
    byId("flow-blame").replaceChildren(level === "ok" ? "" : faultNode(who));
    write(byId("flow-cause"), cause);
  },
};

// What the timeline does not hold.
function leftOut({ omitted, attempts }) {
  const loops =
    omitted > 0
      ? `${times(omitted, "earlier answer")} that left the state as it was ` +
        `${omitted === 1 ? "is" : "are"} counted, not kept. `
      : "";
  const failed =
    attempts.length >= ATTEMPTS_KEPT
      ? `Of calls without a recorded answer only the latest ${ATTEMPTS_KEPT} are kept. `
      : "";
  return (
    `${loops}${failed}Refused requests (out of sequence, malformed) change nothing and are not ` +
    "kept with the flow: look in the log for its correlation id."
  );
}

// Attempts that fold grow at one end and are forgotten at the other: they go by their place.
function entryKey({ kind, version, place, at }) {
  return kind === "attempt" ? `attempt/${place}` : `${kind}/${version ?? at}`;
}

function entryNode(entry, isFirst) {
  const line = node(
    "div",
    { class: "line" },
    node("span", { class: "title" }, entry.title),
    node("span", { class: "at" }),
    node("span", { class: "since" }),
  );
  return node(
    "li",
    { class: isFirst ? "" : "new" },
    line,
    node("div", { class: "said" }),
    node("div", { class: "hint attempts" }),
    answerNode(entry),
  );
}

function fillTimes(place, { at, until }) {
  const span = `${at}/${until ?? ""}`;
  if (place.dataset.span === span) return;
  place.dataset.span = span;
  const ends = [instant(at), instant(until)].filter((end) => end !== null);
  const [first, last] = ends.map((end) => timeNode(end, exactTime(end)));
  place.replaceChildren(...(last ? [first, ` ${DASH} `, last] : ends.length > 0 ? [first] : []));
}

function fillAttempts(place, { attemptID, attemptIDs = [attemptID] }) {
  if (attemptIDs.length === 1) {
    if (place.textContent === `attempt ${attemptID}` || attemptID === undefined) return;
    place.replaceChildren("attempt ", node("span", { class: "mono" }, attemptID));
    return;
  }
  if (!place.querySelector("details"))
    place.replaceChildren(node("details", null, node("summary"), node("ul", { class: "mono" })));
  const { firstElementChild: summary, lastElementChild: list } = place.firstElementChild;
  write(summary, `${attemptIDs.length}${NBSP}attempt ids`);
  keyed(list, attemptIDs, String, (id) => node("li", null, id), () => {});
}

function fillEntry(item, entry) {
  item.dataset.tone = entry.tone;
  fillTimes(item.querySelector(".at"), entry);
  fillAttempts(item.querySelector(".attempts"), entry);
  write(item.querySelector(".title"), entry.title);
  write(
    item.querySelector(".since"),
    entry.since === null || entry.kind === "begun" ? "" : `after ${duration(entry.since)}`,
  );
  write(item.querySelector(".said"), entry.text);
}
