//! An incident from its first alert to its last, in a real Prometheus whose minutes are seconds: a
//! client that skips steps, a backend that is slow, then away, then back, and a flow that is left
//! behind. Each alert is told of with what its section of the playbook asks, and ends by what that
//! section says to do. `scripts/incident` shows it.

mod console;
mod story;

use std::time::Duration;

use integrator_testbed::http;
use serde_json::Value;

use self::story::Story;
use crate::clients::{Clients, Manners, member, start, step};
use crate::scene::{Scene, Setup};

/// How slow the slow backend is: its calls still end in time.
const SLOW: Duration = Duration::from_millis(1300);

#[test]
fn an_incident_is_told_and_ended_by_the_playbook() {
    let scene = Scene::set(Setup {
        factor: 60,
        timeout_ms: 5000,
        admission: false,
    });
    let mut story = Story::begin(scene);
    let calm = Clients::at_work(story.scene.integrator(), 2, Manners::Good);
    nothing_is_wrong(&mut story);
    let left = a_flow_is_left_behind(&story);
    a_client_skips_steps(&mut story);
    the_backend_is_slow(&mut story);
    the_backend_is_away(&mut story);
    the_flow_is_expired(&mut story, &left);
    calm.stop();
    story.end();
}

fn nothing_is_wrong(story: &mut Story) {
    story.tells("two clients take flows from start to end, one after the other");
    story.waits_for_calm();
    story.tells("no alert fires");
}

/// The backend gives flows a hundred years, and nobody comes back for this one.
fn a_flow_is_left_behind(story: &Story) -> String {
    let handle = start(story.scene.integrator()).expect("a flow");
    story.tells(&format!("flow {handle} is started and left behind"));
    handle
}

fn a_client_skips_steps(story: &mut Story) {
    let integrator = story.scene.integrator();
    story.tells("two clients begin to ask for `assert` before anything else");
    let skipping = Clients::at_work(integrator, 2, Manners::SkipsSteps);
    story.fires("IntegratorSequenceViolations");
    story.shows("disorder");
    let handle = start(integrator).expect("a flow");
    let refused = step(integrator, &handle, "assert").expect("a reply");
    assert_eq!(member(&refused, "code"), "sequence_violation");
    story.tells(&format!(
        "a reply to such a request: {}",
        member(&refused, "detail")
    ));
    assert_eq!(story.state(&handle), "registered", "the flow is unharmed");
    story.tells("the owner of these clients is told; they stop");
    skipping.stop();
    for name in ["client-data-hash", "assert"] {
        let reply = step(integrator, &handle, name).expect("a reply");
        assert_eq!(reply.status, 200, "the same flow goes on: {reply:?}");
    }
    story.ends("IntegratorSequenceViolations");
}

fn the_backend_is_slow(story: &mut Story) {
    story.tells("the backend takes 1.3 s for each answer from now on");
    story.scene.backend.delay(SLOW);
    story.fires("IntegratorBackendSlow");
    story.shows("slow");
    story.tells("the backend is given room, and is quick again");
    story.scene.backend.delay(Duration::ZERO);
    story.ends("IntegratorBackendSlow");
}

fn the_backend_is_away(story: &mut Story) {
    let integrator = story.scene.integrator();
    let waiting = start(integrator).expect("a flow");
    story.tells("the backend goes away: nobody takes connections at its address");
    story.scene.backend.go_away();
    story.fires("IntegratorBackendFailing");
    story.shows("away");
    let ready = http::get(integrator, "/readyz").expect("a reply");
    assert_eq!(
        ready.status, 200,
        "the integrator is not at fault: {ready:?}"
    );
    story.tells("`readyz` is 200 all the same");
    let refused = step(integrator, &waiting, "client-data-hash").expect("a reply");
    assert_eq!(member(&refused, "code"), "backend_unavailable");
    assert_eq!(member(&refused, "outcome"), "not_sent");
    story.tells(&format!(
        "a reply to a step: {}",
        member(&refused, "detail")
    ));
    story.tells("the backend is started again; the integrator is left alone");
    story.scene.backend.come_back();
    for name in ["client-data-hash", "assert"] {
        let reply = step(integrator, &waiting, name).expect("a reply");
        assert_eq!(reply.status, 200, "a flow that waited goes on: {reply:?}");
    }
    story.tells("a flow that had waited goes on to its end");
    story.ends("IntegratorBackendFailing");
}

fn the_flow_is_expired(story: &mut Story, left: &str) {
    let integrator = story.scene.integrator();
    story.fires("IntegratorFlowsStuck");
    story.shows("stuck");
    let search = "/v1/flows?protocol=app-attest&state=registered&olderThan=15s&limit=10";
    let found = http::get(integrator, search).expect("a reply");
    let body: Value = serde_json::from_str(&found.body).expect("replies are JSON");
    let flows = body.pointer("/flows").and_then(Value::as_array);
    let handles: Vec<_> = flows
        .expect("found flows")
        .iter()
        .filter_map(|flow| flow.get("flowHandle")?.as_str())
        .collect();
    assert_eq!(handles, [left], "the flow is found, and no other");
    story.tells(&format!("the search finds {left}"));
    let expire = format!("/v1/flows/{left}/expire");
    let expired = http::post(integrator, &expire, &[], "").expect("a reply");
    assert_eq!(expired.status, 200, "{expired:?}");
    assert_eq!(story.state(left), "expired");
    story.tells("it is expired by hand");
    story.ends("IntegratorFlowsStuck");
}
