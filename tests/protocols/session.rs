//! `remote-session` against a host, by an operator that was paired through `device-pairing`.

use integrator_testbed::program::Program;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Integrator, Reply};
use crate::operator::{Operator, Paired, ask, host, person, tag, uuid};
use crate::pairing;

/// Host, integrator, and an operator that was paired by the protocol for it.
struct World {
    host: Program,
    integrator: Integrator,
    paired: Paired,
}

/// A session as the operator has it.
struct Session {
    handle: String,
    id: String,
    operator: Operator,
}

impl World {
    /// A host with these flags, and an operator paired with these permissions.
    async fn new(more: &[&str], permissions: u32) -> Self {
        Self::with(more, permissions, &[]).await
    }

    async fn with(more: &[&str], permissions: u32, decision: &[(&str, Value)]) -> Self {
        let pairing = pairing::World::new(&[]);
        let paired = pairing.paired(permissions, decision).await;
        let host = host("session-host", more);
        let brought = pairing.brought(&paired).await;
        person(&host, Method::POST, "/person/pairings", brought).await;
        let integrator = Integrator::of("remote-session", &host.url());
        Self {
            host,
            integrator,
            paired,
        }
    }

    async fn ask_for(&self, permissions: u32) -> (Operator, Reply) {
        let operator = Operator::new();
        let request = operator.session_request(&self.paired, permissions);
        let started = self.integrator.start(&request).await;
        (operator, started)
    }

    /// A session in this state after its request.
    async fn opened(&self, state: &str) -> Session {
        let (operator, started) = self.ask_for(1).await;
        assert_eq!(started.text("/state"), state);
        Session {
            handle: started.handle(),
            id: started.text("/flowID"),
            operator,
        }
    }

    /// What the operator sends once it has the session's key.
    fn offer(&self, session: &Session, host_key: &str, transport: &str) -> (Value, Vec<u8>) {
        let key = session
            .operator
            .session_key(&self.paired, &session.id, host_key);
        let proven = [uuid(&session.id).as_slice(), transport.as_bytes()].concat();
        let proof = tag(&key, "operator-confirms", &proven);
        let offer = json!({"transport": transport, "confirmation_base64": proof});
        (offer, key)
    }

    /// A session of an unattended host that is active.
    async fn active(&self) -> Session {
        let session = self.opened("negotiating").await;
        let host_key = self.read(&session).await.text("/hostKey_base64");
        let (offer, _) = self.offer(&session, &host_key, "direct");
        let active = self.step(&session, "negotiate", &offer).await;
        assert_eq!(active.text("/state"), "active");
        session
    }

    async fn step(&self, session: &Session, step: &str, body: &Value) -> Reply {
        self.integrator.step(&session.handle, step, body).await
    }

    async fn read(&self, session: &Session) -> Reply {
        let path = format!("/v1/flows/{}/status", session.handle);
        self.integrator.get(&path).await
    }

    async fn admit(&self, session: &Session, approve: bool) {
        let path = format!("/person/sessions/{}", session.id);
        let decision = json!({ "approve": approve });
        person(&self.host, Method::POST, &path, decision).await;
    }

    async fn revoke(&self) {
        let path = format!("/person/pairings/{}", self.paired.id);
        person(&self.host, Method::DELETE, &path, json!({})).await;
    }

    /// Straight to the host, past the integrator.
    async fn at_host(&self, session: &Session, step: &str, body: Value) -> (u16, Value) {
        let path = format!("/sessions/{}/{step}", session.id);
        ask(&self.host, None, Method::POST, &path, body).await
    }
}

/// A flow that the host has ended, and why.
fn ended(reply: &Reply, state: &str, reason: &str) {
    assert_eq!(reply.text("/state"), state, "{reason}");
    assert_eq!(reply.member("/terminal"), json!(true));
    assert_eq!(reply.text("/backend/reason"), reason);
}

#[tokio::test]
async fn a_session_goes_from_consent_over_one_key_on_both_sides_to_its_end() {
    let world = World::new(&[], 0b011).await;
    let session = world.opened("awaiting_consent").await;

    let waiting = world.step(&session, "consent", &json!({})).await;
    world.admit(&session, true).await;
    let negotiating = world.step(&session, "consent", &json!({})).await;
    let host_key = negotiating.text("/hostKey_base64");
    let (offer, key) = world.offer(&session, &host_key, "relay");
    let active = world.step(&session, "negotiate", &offer).await;
    let watched = world.step(&session, "watch", &json!({})).await;
    let over = world.step(&session, "end", &json!({})).await;

    assert_eq!(waiting.text("/state"), "awaiting_consent");
    assert_eq!(negotiating.text("/state"), "negotiating");
    assert_eq!(active.text("/state"), "active");
    assert_eq!(active.text("/transport"), "relay");
    assert_eq!(active.text("/expiresAt"), active.text("/backend/expiresAt"));
    let proven = [uuid(&session.id).as_slice(), b"relay"].concat();
    assert_eq!(
        active.text("/backend/confirmation_base64"),
        tag(&key, "host-confirms", &proven),
        "the host has the same key"
    );
    assert_eq!(watched.text("/state"), "active");
    ended(&over, "ended", "OPERATOR");
}

#[tokio::test]
async fn no_session_has_more_permissions_than_its_pairing_whatever_is_asked_for() {
    let flags = ["--consent", "unattended", "--requests-per-minute", "1000"];
    for paired in [0b001, 0b011, 0b110] {
        let world = World::new(&flags, paired).await;
        let masks = (0..16).chain((3..32).step_by(7).map(|bit| 1 << bit));
        for asked in masks.chain([u32::MAX, !paired]) {
            let (_, started) = world.ask_for(asked).await;
            if asked & paired == 0 {
                ended(&started, "refused", "PERMISSION_DENIED");
            } else {
                let granted = started.member("/permissions");
                assert_eq!(granted, json!(asked & paired), "{asked:b} of {paired:b}");
            }
        }
    }
}

#[tokio::test]
async fn no_session_has_more_permissions_than_the_host_gives_whatever_its_pairing_has() {
    let world = World::new(&["--consent", "unattended", "--limit", "1"], 0b011).await;

    let (_, some) = world.ask_for(0b011).await;
    let (_, none) = world.ask_for(0b010).await;

    assert_eq!(some.member("/permissions"), json!(0b001));
    ended(&none, "refused", "PERMISSION_DENIED");
}

#[tokio::test]
async fn nobody_but_the_person_brings_a_pairing_or_takes_one_back() {
    let world = World::new(&["--consent", "unattended"], 1).await;
    let stranger = json!({
        "pairingID": uuid::Uuid::from_u128(7).to_string(),
        "operator": "Eve",
        "key_base64": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "permissions": 1,
        "trusted": true,
    });
    let known = format!("/person/pairings/{}", world.paired.id);

    for key in [None, Some("guessed")] {
        let to = "/person/pairings";
        let brought = ask(&world.host, key, Method::POST, to, stranger.clone()).await;
        let taken = ask(&world.host, key, Method::DELETE, &known, json!({})).await;
        assert_eq!((brought.0, taken.0), (401, 401));
    }
    world.opened("negotiating").await;
}

#[tokio::test]
async fn the_person_is_asked_as_the_hosts_policy_says() {
    for (mode, trusted, state) in [
        ("always", true, "awaiting_consent"),
        ("trusted", true, "negotiating"),
        ("trusted", false, "awaiting_consent"),
        ("unattended", false, "negotiating"),
    ] {
        let decision = [("trusted", json!(trusted))];
        let world = World::with(&["--consent", mode], 1, &decision).await;
        world.opened(state).await;
    }
}

#[tokio::test]
async fn a_person_who_denies_ends_the_flow_as_denied_however_it_is_asked() {
    let world = World::new(&[], 1).await;
    for step in ["consent", "end"] {
        let session = world.opened("awaiting_consent").await;
        world.admit(&session, false).await;
        let denied = world.step(&session, step, &json!({})).await;
        ended(&denied, "denied", "DENIED");
    }
}

#[tokio::test]
async fn a_request_without_proof_pairing_or_key_is_refused() {
    let world = World::new(&[], 0b111).await;
    let operator = Operator::new();
    let right = operator.session_request(&world.paired, 0b001);
    let with = |name: &str, value: Value| {
        let mut request = right.clone();
        request[name] = value;
        request
    };
    let other = Operator::new().session_request(&world.paired, 0b001);
    let stranger = uuid::Uuid::from_u128(7).to_string();
    for (request, reason) in [
        (with("proof_base64", json!("AAAA")), "INVALID_PROOF"),
        (with("permissions", json!(0b111)), "INVALID_PROOF"),
        (
            with("operatorKey_base64", other["operatorKey_base64"].clone()),
            "INVALID_PROOF",
        ),
        (with("pairingID", json!(stranger)), "NOT_PAIRED"),
        (Operator::keyless_request(&world.paired), "INVALID_KEY"),
    ] {
        let refused = world.integrator.start(&request).await;
        ended(&refused, "refused", reason);
    }
}

#[tokio::test]
async fn a_pairing_that_is_taken_back_ends_its_sessions_and_opens_no_more() {
    let world = World::new(&["--consent", "unattended"], 1).await;
    let session = world.active().await;

    world.revoke().await;
    let watched = world.step(&session, "watch", &json!({})).await;
    let (_, refused) = world.ask_for(1).await;

    ended(&watched, "ended", "REVOKED");
    ended(&refused, "refused", "NOT_PAIRED");
}

#[tokio::test]
async fn a_key_that_is_not_confirmed_ends_the_session() {
    let world = World::new(&["--consent", "unattended"], 1).await;
    let session = world.opened("negotiating").await;

    let offer = json!({"transport": "direct", "confirmation_base64": "AAAA"});
    let over = world.step(&session, "negotiate", &offer).await;

    ended(&over, "ended", "KEY_MISMATCH");
}

#[tokio::test]
async fn a_transport_that_the_host_has_not_changes_nothing_and_another_may_be_offered() {
    let world = World::new(&["--consent", "unattended"], 1).await;
    let session = world.opened("negotiating").await;
    let host_key = world.read(&session).await.text("/hostKey_base64");

    let (pigeon, _) = world.offer(&session, &host_key, "pigeon");
    let none = world.step(&session, "negotiate", &pigeon).await;
    let (direct, _) = world.offer(&session, &host_key, "direct");
    let active = world.step(&session, "negotiate", &direct).await;

    assert_eq!(none.text("/code"), "backend_error");
    assert_eq!(none.member("/backendStatus"), json!(422));
    assert_eq!(none.member("/backend/offered"), json!(["direct", "relay"]));
    assert_eq!(active.text("/state"), "active");
}

#[tokio::test]
async fn a_session_that_the_person_ended_stays_ended() {
    let world = World::new(&["--consent", "unattended"], 1).await;
    let session = world.active().await;
    let path = format!("/person/sessions/{}", session.id);
    person(&world.host, Method::DELETE, &path, json!({})).await;

    let watched = world.step(&session, "watch", &json!({})).await;
    let later = world.step(&session, "end", &json!({})).await;
    let again = world.at_host(&session, "end", json!({})).await;
    let offer = json!({"transport": "direct", "confirmation_base64": "AAAA"});
    let revived = world.at_host(&session, "negotiate", offer).await;

    ended(&watched, "ended", "PERSON");
    assert_eq!(later.text("/code"), "terminal_state");
    assert_eq!((again.0, &again.1["reason"]), (200, &json!("PERSON")));
    assert_eq!((revived.0, &revived.1["status"]), (409, &json!("ended")));
}

#[tokio::test]
async fn an_operator_may_end_a_session_that_waits_and_the_person_cannot_admit_it_then() {
    let world = World::new(&[], 1).await;
    let session = world.opened("awaiting_consent").await;

    let over = world.step(&session, "end", &json!({})).await;
    let path = format!("/person/sessions/{}", session.id);
    let late = json!({"approve": true});
    let late = ask(
        &world.host,
        Some("of-the-person"),
        Method::POST,
        &path,
        late,
    )
    .await;

    ended(&over, "ended", "OPERATOR");
    assert_eq!((late.0, &late.1["status"]), (409, &json!("ended")));
}

#[tokio::test]
async fn an_operator_that_asks_too_often_is_told_so_in_the_hosts_own_words() {
    let flags = ["--consent", "unattended", "--requests-per-minute", "2"];
    let world = World::new(&flags, 1).await;
    for _ in 0..2 {
        world.opened("negotiating").await;
    }

    let (_, limited) = world.ask_for(1).await;

    assert_eq!(limited.text("/code"), "backend_error");
    assert_eq!(limited.member("/backendStatus"), json!(429));
    assert_eq!(limited.member("/backend"), json!({"error": "RATE_LIMITED"}));
}

#[tokio::test]
async fn a_session_that_the_host_knows_no_more_is_over() {
    let world = World::new(&[], 1).await;
    let waiting = world.opened("awaiting_consent").await;
    let leaving = world.opened("awaiting_consent").await;
    let address = world.host.address.to_string();
    drop(world.host);
    let _restarted = host("session-host", &["--listen", &address]);

    for (session, step) in [(&waiting, "consent"), (&leaving, "end")] {
        let over = world
            .integrator
            .step(&session.handle, step, &json!({}))
            .await;
        ended(&over, "ended", "UNKNOWN_SESSION");
    }
}
