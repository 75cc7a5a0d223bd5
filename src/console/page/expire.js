// Expiring a flow: asked for, confirmed in a dialog that names it, told how it ended.

const Expire = {
  status: null,

  ask(status) {
    this.status = status;
    facts(byId("expire-facts"), [
      ["Handle", code(status.flowHandle)],
      ["State", status.state],
      ["Protocol", status.protocol],
      ["Correlation id", code(status.correlationID)],
    ]);
    write(byId("expire-said"), "");
    byId("expire-do").disabled = false;
    byId("expire").showModal();
    // Return pressed once too often must keep the flow.
    byId("expire-cancel").focus();
  },

  async confirmed() {
    const { status } = this;
    const { flowHandle } = status;
    byId("expire-do").disabled = true;
    try {
      await ask(`/v1/flows/${encodeURIComponent(flowHandle)}/expire`, { method: "POST" });
      byId("expire").close();
      await FlowView.read();
      write(byId("flow-said"), "Done: the flow is expired.");
      byId("flow-title").focus();
    } catch (error) {
      const isRefused = error.status !== null && error.status < 500;
      const words = isRefused
        ? `It was not expired. ${error.message}.`
        : `Whether it was expired is not known: ${error.message}. ${await standsThen(flowHandle)}`;
      if (this.status !== status) return;
      write(byId("expire-said"), words);
      byId("expire-do").disabled = false;
    }
  },
};

// Where a flow stands after a request that may have ended it, in words.
async function standsThen(handle) {
  try {
    const { state, terminal } = await askJson(`/v1/flows/${encodeURIComponent(handle)}/status`);
    await FlowView.read();
    return terminal
      ? `The flow has ended in ${state}.`
      : `Read after that, the flow stands in ${state}.`;
  } catch (error) {
    return `The flow cannot be read either: ${error.message}.`;
  }
}
