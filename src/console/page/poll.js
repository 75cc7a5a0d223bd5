// Asks for the numbers every two seconds while somebody looks.

const POLL_MS = 2000;
const HEALTH_POLLS = 15;
const OLDEST_POLLS = 5;

const Poll = {
  scrapes: new Scrapes(),
  polls: 0,
  timer: null,
  running: false,
  // When the latest numbers came, and since when none come.
  answeredAt: null,
  lost: null,
  // Why the instance is not ready, or null.
  unready: null,
  health: null,

  async run() {
    if (this.running || document.hidden) return;
    this.running = true;
    clearTimeout(this.timer);
    try {
      await this.once();
    } finally {
      this.running = false;
      this.timer = setTimeout(() => this.run(), POLL_MS);
    }
  },

  async once() {
    const [metrics, ready, health] = await Promise.allSettled([
      ask("/metrics"),
      ask("/readyz"),
      this.polls % HEALTH_POLLS === 0 ? askJson("/health") : this.health,
    ]);
    if (metrics.status === "rejected") return this.missed(metrics.reason);
    this.polls += 1;
    this.health = health.value ?? this.health;
    this.answeredAt = new Date();
    this.lost = null;
    const families = parseMetrics(metrics.value);
    this.scrapes.add(performance.now() / 1000, families);
    Traffic.observe(this.scrapes);
    Admission.observe(this.scrapes);
    await Protocols.learn(families);
    this.unready = ready.status === "rejected" ? ready.reason : null;
    await this.render();
  },

  missed(error) {
    this.lost ??= { since: this.answeredAt ?? new Date(), words: error.message };
    this.polls = 0;
    document.body.classList.add("stale");
    Judged.render(verdict(this.summary(), { lost: this.lost.since, words: this.lost.words }, 0));
    this.live(false);
  },

  summary() {
    return summarised(this.scrapes, Protocols.known);
  },

  async render() {
    const summary = this.summary();
    document.body.classList.remove("stale");
    Judged.render(verdict(summary, { lost: null, ready: this.unready }, Oldest.stuckSeconds));
    this.live(true);
    this.about();
    this.instances(summary);
    Traffic.render(summary);
    States.render(summary, Protocols.known);
    Backend.render(summary, Protocols.known);
    Store.render(summary, this.scrapes, this.health);
    Admission.render(summary);
    if (this.polls % OLDEST_POLLS === 1 || Oldest.lags(summary)) await Oldest.refresh(summary);
    else Oldest.render(summary);
    await FlowView.tick();
  },

  live(isLive) {
    byId("live").dataset.live = isLive ? "yes" : "no";
    const at = this.answeredAt ? clockTime(this.answeredAt) : "never";
    write(byId("live-words"), isLive ? `Live, ${at} UTC` : `No answer, last ${at} UTC`);
    byId("live-words").title = this.answeredAt ? localTime(this.answeredAt) : "";
  },

  about() {
    const build = samples(this.scrapes.latest, "integrator_build_info")[0]?.labels;
    write(byId("version"), build?.version ?? "");
    const began = gauge(this.scrapes.latest, "process_start_time_seconds");
    facts(byId("about"), [
      ["Backend", this.health?.backendBaseURL ?? DASH],
      ["Up for", began ? duration(Date.now() / 1000 - began) : DASH],
    ]);
  },

  instances({ instances, mixed }) {
    show(byId("mixed"), instances > 1);
    const which = mixed
      ? "They cannot be told apart, so rates and latencies are left out."
      : "Rates and latencies are of the one that answered last, so they change with it.";
    write(
      byId("mixed"),
      `${instances} instances answer at this address in turn. ${which} Flows by state are of ` +
        "the whole store. Open an instance's own address to watch it alone.",
    );
  },
};
