//! How time passes around a service under test.

use super::service::Service;

impl Service {
    /// From now on time jumps over pauses and to deadlines, as long as nothing else happens. A
    /// store outside this thread takes real time to answer; over it time passes as it does.
    pub(crate) fn let_time_jump(&self) {
        if self.store.kind() == "memory" {
            tokio::time::pause();
        }
    }

    /// From now on time passes as it does again.
    pub(crate) fn let_time_pass(&self) {
        if self.store.kind() == "memory" {
            tokio::time::resume();
        }
    }
}
