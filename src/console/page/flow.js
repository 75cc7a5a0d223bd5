// One flow: its facts, its timeline, and who is at fault; kept live while it is open.

const REFRESH_SECONDS = 10;

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
    const entries = timeline(flow);
    const isFirst = byId("flow-timeline").childElementCount === 0;
    keyed(
      byId("flow-timeline"),
      entries,
      entryKey,
      (entry) => entryNode(entry, isFirst),
      fillEntry,
    );
    const omitted =
      flow.omitted > 0
        ? `${times(flow.omitted, "earlier answer")} that left the state as it was ` +
          `${flow.omitted === 1 ? "is" : "are"} counted, not kept. `
        : "";
    write(
      byId("flow-refused"),
      `${omitted}Refused requests (out of sequence, malformed) change nothing and are not ` +
        "kept with the flow: look in the log for its correlation id.",
    );
  },

  tell() {
    const { fault: who, level, headline, cause } = reading(this.flow, new Date());
    byId("flow-reading").dataset.level = level;
    write(byId("flow-headline"), headline);
    byId("flow-blame").replaceChildren(level === "ok" ? "" : faultNode(who));
    write(byId("flow-cause"), cause);
  },
};

function entryKey({ kind, version, attemptID, at }) {
  return kind === "attempt" ? `attempt/${attemptID}/${at}` : `${kind}/${version ?? at}`;
}

function entryNode(entry, isFirst) {
  const at = instant(entry.at);
  const line = node(
    "div",
    { class: "line" },
    node("span", { class: "title" }, entry.title),
    at ? timeNode(at, exactTime(at)) : null,
    node("span", { class: "since" }),
  );
  const attempt =
    entry.attemptID === undefined
      ? null
      : node(
          "div",
          { class: "hint" },
          "attempt ",
          node("span", { class: "mono" }, entry.attemptID),
        );
  return node(
    "li",
    { class: isFirst ? "" : "new" },
    line,
    node("div", { class: "said" }),
    attempt,
    answerNode(entry),
  );
}

function fillEntry(item, entry) {
  item.dataset.tone = entry.tone;
  write(item.querySelector(".title"), entry.title);
  write(
    item.querySelector(".since"),
    entry.since === null || entry.kind === "begun" ? "" : `after ${duration(entry.since)}`,
  );
  write(item.querySelector(".said"), entry.text);
}
