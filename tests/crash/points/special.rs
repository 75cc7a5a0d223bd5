//! Points that are not in the life of one step that ends with its process.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::scene::Scene;
use super::{PATIENCE, held, wire};
use crate::backend::Deed;
use crate::clients::{Caller, Flow, handle_in};
use crate::protocol::{LEASE_MS, Step};

/// Flows that are due at once.
const DUE: usize = 30;
/// How many of them are swept before the process ends.
const SWEPT: usize = 5;
/// The protocol's `ttl`, with room for the starts.
const BRIEFLY: Duration = Duration::from_millis(3100);

/// A process ends in the middle of a sweep: what it swept stays swept, what it left others sweep,
/// each once.
pub(super) async fn sweep(scene: &Scene) -> Option<Vec<String>> {
    let fleet = &scene.world.fleet;
    for number in 0..DUE {
        let flow = Flow {
            protocol: "brief",
            ..Flow::keyed(&format!("brief-{number}"), false)
        };
        let request = flow.request(Step::Start, false);
        let start = Some(Step::Start);
        let reply = scene
            .world
            .ask(scene.other(), &flow, start, &request, PATIENCE);
        // A machine that is too slow for a start is no scene of this point.
        reply.await.and_then(|reply| handle_in(&reply.body))?;
    }
    if scene.proxy.is_some() {
        let wire = scene.wire();
        wire.pass(wire::EXPIRY, SWEPT);
        wire.before(wire::EXPIRY, scene.killer());
        // It must not sweep what the first is to sweep.
        fleet.stop(scene.other());
        let killed = scene.until_killed().await;
        fleet.go_on(scene.other());
        killed?;
    } else {
        // Nothing tells when a file is swept: the sweep is a few milliseconds somewhere here.
        sleep(BRIEFLY).await;
        fleet.kill(0);
    }
    scene.recover().await;
    let swept = timeout(PATIENCE, until_swept(scene)).await;
    let never = swept
        .err()
        .map(|_| "flows that are due are never swept".to_owned());
    Some(never.into_iter().collect())
}

/// Waits until every history says that its flow has expired; a status says so in any case.
async fn until_swept(scene: &Scene) {
    let ledger = scene.world.book.open().clone();
    for handle in ledger.heard.iter().filter_map(|heard| heard.flow.clone()) {
        let flow = Flow {
            handle: Some(handle),
            ..Flow::keyed("", false)
        };
        let history = crate::http::Request::get(flow.path("history"));
        loop {
            if let Some((address, _)) = scene.world.fleet.reach(0) {
                let reply = crate::http::ask(address, &history, PATIENCE).await;
                if reply.is_some_and(|reply| reply.body.contains("\"to\":\"expired\"")) {
                    break;
                }
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A process is stopped over its backend's answer until others went on without it: its answer is
/// dropped, and its caller is told so.
pub(super) async fn stopped(scene: &Scene, rivalled: bool) -> Option<Vec<String>> {
    let (fleet, mut wrong) = (&scene.world.fleet, Vec::new());
    let mut caller = scene.caller_with(rivalled);
    scene.lead_up_to(&mut caller, Step::Prepare).await?;
    let (deed, has_arrived, release): (Deed, _, _) = held();
    scene.backend.next(deed);
    let stale = {
        let (world, flow) = (scene.world.clone(), caller.flow.clone());
        let request = flow.request(Step::Prepare, false);
        tokio::spawn(async move {
            world
                .ask(0, &flow, Some(Step::Prepare), &request, PATIENCE)
                .await
        })
    };
    let serial = timeout(PATIENCE, has_arrived).await.ok()?.ok()?;
    // Where a machine is busy, an earlier call may be read after it was given up.
    let calls = scene.world.book.calls_of(&flow_of(&caller), Step::Prepare);
    let mut calls = calls.iter();
    calls.find(|call| call.serial == serial && call.process == "a1")?;
    fleet.stop(0);
    release.send(()).ok()?;
    // The lease ends in real time.
    sleep(Duration::from_millis(LEASE_MS + 200)).await;
    let request = caller.flow.request(Step::Prepare, rivalled);
    let other = scene.other();
    let prepare = Some(Step::Prepare);
    let taken = scene
        .world
        .ask(other, &caller.flow, prepare, &request, PATIENCE);
    let taken = taken.await.map(|reply| reply.status);
    fleet.go_on(0);
    if taken != Some(200) {
        wrong.push(format!("the other process tells {taken:?} after the lease"));
    }
    let reply = timeout(PATIENCE, stale).await.expect("it goes on");
    let reply = reply
        .expect("it is asked")
        .map(|reply| (reply.status, reply.replayed));
    if reply.is_none_or(|(status, replayed)| status == 200 && !replayed) {
        wrong.push(format!("the process that was stopped tells {reply:?}"));
    }
    if scene.calls(&caller, Step::Prepare) != 2 {
        wrong.push("it is not called twice".to_owned());
    }
    caller.take(Step::Finish).await;
    Some(wrong)
}

fn flow_of(caller: &Caller) -> String {
    caller.flow.handle.clone().unwrap_or_default()
}
