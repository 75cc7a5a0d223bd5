//! Clients: they take flows from start to end, one after the other, each as well as it can.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use integrator_testbed::http::{self, Reply};
use serde_json::Value;

/// The pause of a client between two flows, and before it tries again.
const PAUSE: Duration = Duration::from_millis(150);
const START: &str = r#"{"keyID_base64":"a2V5","attestationObject_base64":"YXR0"}"#;
const ASSERT: &str = r#"{"assertionObject_base64":"YXNz"}"#;

/// Whether a client takes the steps in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manners {
    /// It does.
    Good,
    /// It asks for the last step first, three times, before it takes them in order.
    SkipsSteps,
}

/// Clients at work until they are dropped.
pub(crate) struct Clients {
    stop: Vec<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl Clients {
    pub(crate) fn at_work(integrator: SocketAddr, count: usize, manners: Manners) -> Self {
        let mut clients = Self {
            stop: Vec::new(),
            threads: Vec::new(),
        };
        for _ in 0..count {
            let (stop, stopped) = channel();
            clients.stop.push(stop);
            let client = Client {
                integrator,
                stopped,
            };
            let work = std::thread::spawn(move || client.works(manners));
            clients.threads.push(work);
        }
        clients
    }

    /// Lets each end what it has begun.
    pub(crate) fn stop(mut self) {
        self.stop.clear();
        for thread in self.threads.drain(..) {
            thread.join().expect("a client ends");
        }
    }
}

struct Client {
    integrator: SocketAddr,
    stopped: Receiver<()>,
}

impl Client {
    fn works(&self, manners: Manners) {
        while self.goes_on() {
            let Some(handle) = start(self.integrator) else {
                continue;
            };
            if manners == Manners::SkipsSteps {
                for _ in 0..3 {
                    step(self.integrator, &handle, "assert").expect("it is answered");
                }
            }
            self.takes(&handle, "client-data-hash");
            self.takes(&handle, "assert");
        }
    }

    /// Asks for a step until it is taken, or nobody is there to ask.
    fn takes(&self, handle: &str, name: &str) {
        loop {
            match step(self.integrator, handle, name) {
                Ok(reply) if reply.status != 200 && self.goes_on() => {}
                _ => return,
            }
        }
    }

    /// Waits for a moment, unless it is told to stop.
    fn goes_on(&self) -> bool {
        self.stopped.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout)
    }
}

/// Starts a flow and tells its handle, where it could be started.
pub(crate) fn start(integrator: SocketAddr) -> Option<String> {
    let reply = http::post(integrator, "/v1/flows/start", &[], START).ok()?;
    (reply.status == 200).then(|| member(&reply, "flowHandle"))
}

pub(crate) fn step(integrator: SocketAddr, handle: &str, name: &str) -> Result<Reply, String> {
    let body = if name == "assert" { ASSERT } else { "" };
    http::post(integrator, &format!("/v1/flows/{handle}/{name}"), &[], body)
}

/// A member of a reply that is a string.
pub(crate) fn member(reply: &Reply, name: &str) -> String {
    let body: Value = serde_json::from_str(&reply.body).expect("replies are JSON");
    let text = body.get(name).and_then(Value::as_str);
    let text = text.unwrap_or_else(|| panic!("no {name} in {}", reply.body));
    text.to_owned()
}
