//! Named points in the life of one step: a process is ended exactly there, by what happens in its
//! backend, in its caller, or on the wire to its store, and never by code of its own.
//!
//! A file has no wire; what can be met over it by the backend and the caller alone is.

mod point;
mod scene;
mod special;
mod wire;

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinSet;

use self::point::Point;
use self::scene::Scene;
use super::backend::Deed;
use super::ledger::Ledger;
use super::protocol::Step;
use super::site::{Kind, Site};

/// Points that are met at a time.
const AT_A_TIME: usize = 5;
/// No point takes this long to be met.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a point may be missed.
const ATTEMPTS: usize = 3;

/// A scene by its name: what was seen, and what of it should not have been.
pub(crate) type Met = (String, Ledger, Vec<String>);

/// Meets every point so many times.
pub(crate) async fn run(kind: Kind, seed: u64, rounds: u64) -> Vec<Met> {
    let site = Site::start(kind).await;
    let mut due = Vec::new();
    for round in 0..rounds {
        let points = Point::ALL.into_iter().filter(|p| p.is_met_over(kind));
        for (at, point) in points.enumerate() {
            // Both kinds of steps take turns, so that rounds change places.
            let is_odd = (seed ^ round ^ u64::try_from(at).unwrap_or_default()) & 1 == 1;
            due.push((point, if is_odd { Step::Pay } else { Step::Prepare }, round));
        }
    }
    let mut due = due.into_iter();
    let mut running = JoinSet::new();
    let mut met = Vec::new();
    loop {
        while running.len() < AT_A_TIME
            && let Some((point, step, round)) = due.next()
        {
            running.spawn(try_to_meet(point, step, kind, site.clone(), round));
        }
        let Some(ended) = running.join_next().await else {
            return met;
        };
        met.extend(ended.expect("a point is met"));
    }
}

/// Sets scenes until one of them comes to the point: where a machine is busy, a call may time out
/// before it. What was seen of the others is held against the laws, too.
async fn try_to_meet(point: Point, step: Step, kind: Kind, site: Site, round: u64) -> Vec<Met> {
    let mut all = Vec::new();
    for attempt in 0..ATTEMPTS {
        let name = format!("{point:?} at {step}, round {round}, attempt {attempt}");
        let scene = Scene::set(kind, &site, &format!("{point:?}-{round}-{attempt}")).await;
        let wrong = meet(point, step, &scene).await;
        let ledger = scene.end().await;
        let wrong = wrong.filter(|wrong| wrong.is_empty() || !is_disturbed(&ledger));
        let is_met = wrong.is_some();
        all.push((name, ledger, wrong.unwrap_or_default()));
        if is_met {
            return all;
        }
    }
    panic!("{point:?} at {step} is never met over {kind}");
}

/// Whether a process that nothing was done to could not do its work in time.
fn is_disturbed(ledger: &Ledger) -> bool {
    let slow = [
        "backend_timeout",
        "backend_unavailable",
        "store_unavailable",
    ];
    ledger.heard.iter().any(|heard| {
        let code = heard.code.as_deref();
        heard.process != "a1" && code.is_some_and(|code| slow.contains(&code))
    })
}

/// Meets one point; none where something else came first. What is wrong with what came of it is told.
async fn meet(point: Point, step: Step, scene: &Scene) -> Option<Vec<String>> {
    match point {
        Point::K10 => return special::sweep(scene).await,
        Point::Stopped => return special::stopped(scene, false).await,
        Point::StoppedAndRivalled => return special::stopped(scene, true).await,
        _ => {}
    }
    let mut caller = scene.caller();
    scene.lead_up_to(&mut caller, step).await?;
    if point == Point::K2 && scene.other() == 0 {
        // The only process has connections to the backend by now; it is to open another one.
        scene.world.fleet.kill(0);
        scene.recover().await;
    }
    arm(point, scene);
    let asking = scene.send(&caller, step).await;
    match point {
        Point::K8 => {
            scene.until_passed(&caller, step).await?;
            scene.world.fleet.kill(0);
        }
        Point::K9 => {
            let has_begun = asking?.read_some(20).await;
            has_begun.then_some(())?;
            scene.world.fleet.kill(0);
        }
        _ => scene.until_killed().await?,
    }
    let at_once = scene.at_once(&caller, step).await;
    scene.recover().await;
    let taken = caller.take(step).await;
    let calls = scene.calls(&caller, step);
    caller.take(Step::Finish).await;
    let expected = point.expected(scene.kind, step);
    let mut wrong = Vec::new();
    if calls < expected.calls.0 || calls > expected.calls.1 {
        wrong.push(format!("{calls} calls, not {:?}", expected.calls));
    }
    if expected.taken.is_some_and(|it| it != taken) {
        wrong.push(format!("{taken:?}, not {:?}", expected.taken));
    }
    if let (Some(told), Some(expected)) = (at_once, expected.at_once)
        && told != expected
    {
        wrong.push(format!("the other process tells {told}, not {expected}"));
    }
    Some(wrong)
}

/// Sets the trap that ends the first process.
fn arm(point: Point, scene: &Scene) {
    let kill = || scene.killer();
    let backend = &scene.backend;
    match point {
        Point::K0 => scene.wire().before(wire::CLAIM, kill()),
        Point::K1 => scene.wire().after(wire::CLAIM, kill()),
        Point::K2 => backend.next(Deed::Accepted(kill())),
        Point::K3 => backend.next(Deed::Readable(kill())),
        Point::K4 => backend.next(Deed::Read(kill())),
        Point::K5 => backend.next(Deed::Half(kill())),
        Point::K6 | Point::K7 => match &scene.proxy {
            // The answer's own words travel to the store in the commit and not before.
            Some(_) => {
                let commit = scene.next_marker();
                match point {
                    Point::K6 => scene.wire().before(&commit, kill()),
                    _ => scene.wire().after(&commit, kill()),
                }
            }
            None => backend.next(Deed::Whole(kill())),
        },
        Point::K11 | Point::K11Sent => {
            if scene.proxy.is_none() {
                backend.next(Deed::Declined(kill()));
                return;
            }
            backend.next(Deed::Declined(Box::new(|| {})));
            match point {
                Point::K11 => scene.wire().before(wire::RELEASE, kill()),
                _ => scene.wire().after(wire::RELEASE, kill()),
            }
        }
        Point::K8 | Point::K9 | Point::K10 | Point::Stopped | Point::StoppedAndRivalled => {}
    }
}

/// An answer that is held until it is let go.
fn held() -> (Deed, oneshot::Receiver<u64>, oneshot::Sender<()>) {
    let (arrived, has_arrived) = oneshot::channel();
    let (release, is_released) = oneshot::channel();
    (Deed::Held(arrived, is_released), has_arrived, release)
}
