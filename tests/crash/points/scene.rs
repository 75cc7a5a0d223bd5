//! One point's own processes, backend, wire and flow, where nothing else happens.

use std::sync::Arc;
use std::time::Duration;

use integrator_testbed::proxy::Proxy;
use tokio::time::{Instant, sleep, timeout};

use super::PATIENCE;
use super::wire::Wire;
use crate::audit::audit;
use crate::backend::{Act, Backend, Weather, marker};
use crate::clients::{Caller, Flow, World};
use crate::fleet::Fleet;
use crate::http::{Asked, Request, ask};
use crate::ledger::{Book, Ledger};
use crate::numbers::Random;
use crate::protocol::{Step, state_after};
use crate::site::{Kind, Site};

/// How often something is looked for that comes soon.
const GLANCE: Duration = Duration::from_millis(5);

/// The first process is the one that ends. Over servers it has a wire of its own, and a second
/// process stands beside it.
pub(super) struct Scene {
    pub(super) kind: Kind,
    pub(super) world: World,
    pub(super) backend: Backend,
    pub(super) proxy: Option<Arc<Proxy>>,
    name: String,
}

impl Scene {
    pub(super) async fn set(kind: Kind, site: &Site, name: &str) -> Self {
        let book = Book::default();
        let backend = Backend::start(book.clone(), Weather::Quiet).await;
        let place = site.place().await;
        let (first, proxy) = place.behind_proxy();
        let mut stores = vec![first];
        stores.resize(kind.processes(), place.environment());
        let fleet = Fleet::start(book.clone(), backend.address, stores).await;
        Self {
            kind,
            world: World { fleet, book },
            backend,
            proxy: proxy.map(Arc::new),
            name: name.to_owned(),
        }
    }

    /// A caller with a flow that has not begun; perhaps others send other bodies for it.
    pub(super) fn caller_with(&self, rival: bool) -> Caller {
        Caller {
            world: self.world.clone(),
            flow: Flow::keyed(&self.name, rival),
            random: Random::of(0, &self.name, 0),
            until: Instant::now() + 3 * PATIENCE,
        }
    }

    pub(super) fn caller(&self) -> Caller {
        self.caller_with(false)
    }

    /// The process that does not end, or the only one.
    pub(super) fn other(&self) -> usize {
        self.world.fleet.len() - 1
    }

    /// Drives the flow to where `step` can be taken, none where that takes too long; by the other process, so that the first has no
    /// connection to the backend yet.
    pub(super) async fn lead_up_to(&self, caller: &mut Caller, step: Step) -> Option<()> {
        for before in Step::ALL.into_iter().take_while(|it| *it < step) {
            let request = caller.flow.request(before, false);
            let asked = async {
                loop {
                    let reply = self
                        .world
                        .ask(self.other(), &caller.flow, Some(before), &request, PATIENCE)
                        .await;
                    if let Some(reply) = reply.filter(|reply| reply.status == 200) {
                        return reply;
                    }
                    sleep(GLANCE).await;
                }
            };
            let reply = timeout(PATIENCE, asked).await;
            caller.flow.handle = crate::clients::handle_in(&reply.ok()?.body);
        }
        Some(())
    }

    /// What ends the first process.
    pub(super) fn killer(&self) -> Act {
        let fleet = self.world.fleet.clone();
        Box::new(move || fleet.kill(0))
    }

    pub(super) fn wire(&self) -> Wire<'_> {
        Wire(self.proxy.as_ref().expect("a server is behind a wire"))
    }

    /// What will stand in the answer to the next call.
    pub(super) fn next_marker(&self) -> String {
        let calls = self.world.book.open().calls.len();
        marker(u64::try_from(calls + 1).expect("a count"))
    }

    /// Sends the request for a step to the first process, and reads nothing.
    pub(super) async fn send(&self, caller: &Caller, step: Step) -> Option<Asked> {
        let (address, _) = self.world.fleet.reach(0)?;
        Asked::send(address, &caller.flow.request(step, false)).await
    }

    /// Waits until the first process was killed; none where it never is.
    pub(super) async fn until_killed(&self) -> Option<()> {
        let killed = async {
            while self.world.fleet.reach(0).is_some() {
                sleep(GLANCE).await;
            }
        };
        timeout(PATIENCE, killed).await.ok()
    }

    /// Waits until a transition is stored, as another reading tells; none where it never is.
    pub(super) async fn until_passed(&self, caller: &Caller, step: Step) -> Option<()> {
        let status = Request::get(caller.flow.path("status"));
        let wanted = format!("\"state\":\"{}\"", state_after(step, true));
        let passed = async {
            loop {
                let (address, _) = self.world.fleet.reach(self.other()).expect("it runs");
                let reply = ask(address, &status, PATIENCE).await;
                if reply.is_some_and(|reply| reply.body.contains(&wanted)) {
                    return;
                }
                sleep(GLANCE).await;
            }
        };
        timeout(PATIENCE, passed).await.ok()
    }

    /// What the other process tells of the same request, now that the first has just ended.
    pub(super) async fn at_once(&self, caller: &Caller, step: Step) -> Option<String> {
        if self.other() == 0 {
            return None;
        }
        let request = caller.flow.request(step, false);
        let reply = self
            .world
            .ask(self.other(), &caller.flow, Some(step), &request, PATIENCE)
            .await;
        let reply = reply.expect("the other process replies");
        Some(reply.code.unwrap_or_else(|| reply.status.to_string()))
    }

    /// How often the backend was called for a step of the flow.
    pub(super) fn calls(&self, caller: &Caller, step: Step) -> usize {
        let flow = caller.flow.handle.as_deref().unwrap_or_default();
        self.world.book.calls_of(flow, step).len()
    }

    /// The wire and every process up again.
    pub(super) async fn recover(&self) {
        if let Some(proxy) = &self.proxy {
            proxy.pass();
        }
        self.world.fleet.recover().await;
    }

    /// Asks what stands there, and gives away all that was seen.
    pub(super) async fn end(self) -> Ledger {
        audit(&self.world).await;
        self.world.book.open().clone()
    }
}
