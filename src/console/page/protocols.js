// What is known of each definition: asked once, and again after a reload.

const Protocols = {
  known: new Map(),
  loadedAt: null,

  // Knows every protocol that flows or counters speak of, as far as it is still defined.
  async learn(families) {
    const loadedAt = gauge(families, "integrator_protocols_loaded_timestamp_seconds");
    if (loadedAt !== this.loadedAt) this.known.clear();
    this.loadedAt = loadedAt;
    const spoken = ["integrator_flows", "integrator_flow_transitions_total"].flatMap((name) =>
      samples(families, name),
    );
    await Promise.all(
      [...new Set(spoken.map(({ labels }) => labels.protocol))].map((name) => this.of(name)),
    );
  },

  // One definition; null where it is gone or cannot be asked for now.
  async of(name) {
    if (this.known.has(name)) return this.known.get(name);
    try {
      const { states, terminal, steps } = await askJson(
        `/v1/protocols/${encodeURIComponent(name)}`,
      );
      this.known.set(name, { states, terminal, steps });
      return this.known.get(name);
    } catch (error) {
      // A definition that is gone stays away until the next reload; anything else may pass.
      if (error.code === "not_found") this.known.set(name, null);
      return null;
    }
  },
};
