//! One connection through a proxy: a client, the server, and a thread for each direction.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::triggers::Sent;
use super::{Action, Deed, Shared};

/// The most bytes that are passed on at once.
const PIECE: usize = 64 * 1024;

/// Both sides of a connection.
pub(super) struct Link {
    client: TcpStream,
    server: TcpStream,
    /// What to do when the server answers; the answer is lost.
    after_reply: Mutex<Option<Deed>>,
}

/// Connects a client to the server and passes bytes on until either side has enough.
pub(super) fn serve(shared: &Arc<Shared>, client: TcpStream) {
    if !shared.gate.lets_pass() {
        return;
    }
    // A server that is not there closes the client: a proxy has accepted it already.
    let Ok(server) = TcpStream::connect(shared.upstream) else {
        return;
    };
    // Waiting for more to send would delay what is measured through a proxy.
    let is_prompt = client.set_nodelay(true).and(server.set_nodelay(true));
    let link = Arc::new(Link {
        client,
        server,
        after_reply: Mutex::new(None),
    });
    if is_prompt.is_err() || !shared.gate.admits(Arc::downgrade(&link)) {
        return;
    }
    let (back, theirs) = (Arc::clone(&link), Arc::clone(shared));
    std::thread::spawn(move || back.pass_replies(&theirs));
    link.pass_requests(shared);
}

impl Link {
    /// Closes both sides, for whoever reads or writes them at this moment too.
    pub(super) fn close(&self) {
        for stream in [&self.client, &self.server] {
            // It is closed already, if this fails.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn pass_requests(&self, shared: &Shared) {
        let mut sent = Sent::default();
        let take = |piece: &[u8]| match shared.triggers.set_off(&mut sent, piece) {
            Some(Action::Drop) => false,
            Some(Action::Call(deed)) => {
                deed();
                // The deed may have switched the gate.
                shared.gate.lets_pass()
            }
            Some(Action::LoseReply) => self.lose_reply(Box::new(|| {})),
            Some(Action::CallAfterReply(deed)) => self.lose_reply(deed),
            None => true,
        };
        self.pump(shared, &self.client, &self.server, take);
    }

    fn pass_replies(&self, shared: &Shared) {
        let take = |_: &[u8]| {
            let mut after_reply = self.after_reply();
            let Some(deed) = after_reply.take() else {
                return true;
            };
            drop(after_reply);
            deed();
            false
        };
        self.pump(shared, &self.server, &self.client, take);
    }

    fn lose_reply(&self, deed: Deed) -> bool {
        *self.after_reply() = Some(deed);
        true
    }

    fn after_reply(&self) -> MutexGuard<'_, Option<Deed>> {
        self.after_reply
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes bytes on in one direction while `take` agrees.
    fn pump(
        &self,
        shared: &Shared,
        mut from: &TcpStream,
        mut to: &TcpStream,
        mut take: impl FnMut(&[u8]) -> bool,
    ) {
        let mut buffer = vec![0; PIECE];
        loop {
            let read = from.read(&mut buffer);
            if !shared.gate.lets_pass() {
                return self.close();
            }
            let piece = match read {
                // The other direction may still have something to say.
                Ok(0) => return to.shutdown(Shutdown::Write).unwrap_or_default(),
                Ok(length) => buffer.get(..length).unwrap_or_default(),
                Err(_) => return self.close(),
            };
            if !take(piece) || to.write_all(piece).is_err() {
                return self.close();
            }
        }
    }
}
