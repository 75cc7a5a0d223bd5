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
    const { flowHandle } = this.status;
    byId("expire-do").disabled = true;
    try {
      await ask(`/v1/flows/${encodeURIComponent(flowHandle)}/expire`, { method: "POST" });
      byId("expire").close();
      await FlowView.read();
      write(byId("flow-said"), "Done: the flow is expired.");
      byId("flow-title").focus();
    } catch (error) {
      write(byId("expire-said"), `It was not expired. ${error.message}.`);
      byId("expire-do").disabled = false;
    }
  },
};
