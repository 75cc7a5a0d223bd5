//! `device-pairing` against a host that agrees on keys for real, and an operator that does its
//! own half.

#![expect(
    clippy::indexing_slicing,
    reason = "a test ends at the first thing that is not as it must be"
)]

use integrator_testbed::program::Program;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Integrator, Reply};
use crate::operator::{Invite, Operator, Paired, ask, decode, host, person, tag, uuid};

/// Host, integrator, and an operator who wants to be paired.
pub(crate) struct World {
    pub(crate) host: Program,
    pub(crate) integrator: Integrator,
    operator: Operator,
}

impl World {
    pub(crate) fn new(more: &[&str]) -> Self {
        let host = host("pairing-host", more);
        let integrator = Integrator::of("device-pairing", &host.url());
        Self {
            host,
            integrator,
            operator: Operator::new(),
        }
    }

    /// Starts a flow; the operator reads the secret off the host's screen.
    async fn invited(&self) -> (String, Invite) {
        let started = self.integrator.start(&json!({})).await;
        assert_eq!(started.text("/state"), "invited");
        let id = started.text("/flowID");
        let screen = self.screen(&id).await;
        // The screen shows the host's key too: what came by the flow is the same.
        assert_eq!(screen["hostKey_base64"], started.member("/hostKey_base64"));
        let secret = screen["secret_base64"].as_str().unwrap_or_default();
        let invite = Invite {
            host_key: decode(&started.text("/hostKey_base64")),
            secret: decode(secret),
            id,
        };
        (started.handle(), invite)
    }

    /// A flow whose request was taken.
    async fn asked(&self, permissions: u32) -> (String, Invite) {
        let (handle, invite) = self.invited().await;
        let request = self.operator.request(&invite, permissions);
        let asked = self.step(&handle, "request", &request).await;
        assert_eq!(asked.text("/state"), "awaiting_consent");
        (handle, invite)
    }

    /// A flow that the person has approved.
    async fn approved(&self, permissions: u32, more: &[(&str, Value)]) -> (String, Invite) {
        let (handle, invite) = self.asked(permissions).await;
        let mut decision = json!({"decision": "approve", "sas": self.operator.digits(&invite)});
        for (name, value) in more {
            decision[name] = value.clone();
        }
        self.decide(&invite, decision).await;
        let consent = self.step(&handle, "consent", &json!({})).await;
        assert_eq!(consent.text("/state"), "approved");
        (handle, invite)
    }

    /// The whole way: an operator that is paired with these permissions.
    pub(crate) async fn paired(&self, permissions: u32, more: &[(&str, Value)]) -> Paired {
        let (handle, invite) = self.approved(permissions, more).await;
        let key = self.operator.pairing_key(&invite);
        let proof = tag(&key, "operator-confirms", &uuid(&invite.id));
        let confirmation = json!({ "confirmation_base64": proof });
        let paired = self.step(&handle, "confirm", &confirmation).await;
        assert_eq!(paired.text("/state"), "paired");
        let id = paired.text("/pairingID");
        let invite = invite.id;
        Paired { id, key, invite }
    }

    /// The pairing as the person reads it off the screen, to be brought to where sessions are.
    pub(crate) async fn brought(&self, paired: &Paired) -> Value {
        self.screen(&paired.invite).await["pairing"].clone()
    }

    async fn step(&self, handle: &str, step: &str, body: &Value) -> Reply {
        self.integrator.step(handle, step, body).await
    }

    async fn screen(&self, id: &str) -> Value {
        let path = format!("/person/invites/{id}");
        person(&self.host, Method::GET, &path, json!({})).await
    }

    async fn decide(&self, invite: &Invite, decision: Value) -> Value {
        let path = format!("/person/invites/{}", invite.id);
        person(&self.host, Method::POST, &path, decision).await
    }

    async fn withdraw(&self, invite: &Invite) {
        let path = format!("/person/invites/{}", invite.id);
        person(&self.host, Method::DELETE, &path, json!({})).await;
    }
}

/// A flow that the host has ended, and why.
fn ended(reply: &Reply, state: &str, reason: &str) {
    assert_eq!(reply.text("/state"), state, "{reason}");
    assert_eq!(reply.member("/terminal"), json!(true));
    assert_eq!(reply.text("/backend/reason"), reason);
}

#[tokio::test]
async fn both_sides_show_the_same_digits_and_are_paired_under_the_same_key() {
    let world = World::new(&[]);
    let (handle, invite) = world.asked(0b011).await;
    let digits = world.operator.digits(&invite);

    let waiting = world.step(&handle, "consent", &json!({})).await;
    let screen = world.screen(&invite.id).await;
    let decision = json!({"decision": "approve", "sas": digits});
    world.decide(&invite, decision).await;
    let approved = world.step(&handle, "consent", &json!({})).await;
    let key = world.operator.pairing_key(&invite);
    let proof = tag(&key, "operator-confirms", &uuid(&invite.id));
    let confirmation = json!({ "confirmation_base64": proof });
    let paired = world.step(&handle, "confirm", &confirmation).await;

    assert_eq!(waiting.text("/state"), "awaiting_consent");
    assert_eq!(screen["sas"], json!(digits));
    assert_eq!(screen["operator"], json!("Ada"));
    assert_eq!(approved.text("/state"), "approved");
    assert_eq!(paired.text("/state"), "paired");
    assert_eq!(paired.member("/permissions"), json!(0b011));
    assert_eq!(
        paired.text("/backend/confirmation_base64"),
        tag(&key, "host-confirms", &uuid(&invite.id)),
        "the host has the same key"
    );
}

#[tokio::test]
async fn the_secret_of_an_invite_never_passes_the_integrator() {
    let world = World::new(&[]);
    let (handle, invite) = world.approved(0b001, &[]).await;
    let secret = world.screen(&invite.id).await["secret_base64"].clone();
    let secret = secret.as_str().unwrap_or_default();
    assert_eq!(decode(secret), invite.secret);

    for path in ["status", "history", "steps/start/response"] {
        let path = format!("/v1/flows/{handle}/{path}");
        let shown = world.integrator.get(&path).await;
        let shown = String::from_utf8_lossy(&shown.body).into_owned();
        assert!(!shown.contains(secret), "{path} shows the secret");
    }
}

#[tokio::test]
async fn a_proof_that_does_not_hold_is_refused_and_spends_the_invite() {
    let world = World::new(&[]);
    let other = Operator::new();
    let changes: [fn(&mut Value, &Operator, &Invite); 6] = [
        |request, _, _| request["proof_base64"] = json!("AAAA"),
        |request, _, _| request["proof_base64"] = json!("not base64"),
        |request, _, _| request["permissions"] = json!(7),
        |request, _, _| request["operator"] = json!("Somebody else"),
        // The proof of another key, and another secret's proof.
        |request, other, invite| {
            request["operatorKey_base64"] =
                other.request(invite, 0b001)["operatorKey_base64"].clone();
        },
        |request, other, invite| {
            let guessed = Invite {
                id: invite.id.clone(),
                host_key: invite.host_key.clone(),
                secret: vec![0; 32],
            };
            *request = other.request(&guessed, 0b001);
        },
    ];
    for change in changes {
        let (handle, invite) = world.invited().await;
        let right = world.operator.request(&invite, 0b001);
        let mut request = right.clone();
        change(&mut request, &other, &invite);

        let refused = world.step(&handle, "request", &request).await;
        let path = format!("/pairing/invites/{}/request", invite.id);
        let late = ask(&world.host, None, Method::POST, &path, right).await;

        ended(&refused, "refused", "INVALID_PROOF");
        assert_eq!((late.0, &late.1["reason"]), (409, &json!("INVITE_USED")));
    }
}

#[tokio::test]
async fn a_key_that_is_none_and_permissions_that_are_not_given_are_refused() {
    let world = World::new(&["--limit", "3"]);
    let (handle, invite) = world.invited().await;
    let mut request = world.operator.request(&invite, 0b001);
    // The neutral point: whoever agrees with it agrees on nothing.
    request["operatorKey_base64"] = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let no_key = world.step(&handle, "request", &request).await;
    let (handle, invite) = world.invited().await;
    let request = world.operator.request(&invite, 0b100);
    let too_much = world.step(&handle, "request", &request).await;

    ended(&no_key, "refused", "INVALID_KEY");
    ended(&too_much, "refused", "PERMISSION_DENIED");
}

#[tokio::test]
async fn a_pairing_has_no_more_than_was_asked_for_the_host_gives_and_the_person_allows() {
    let world = World::new(&["--limit", "7"]);
    for (asked, allowed, granted) in [
        (u32::MAX, json!(null), 0b0111),
        (0b1110, json!(0b0011), 0b0010),
        (0b0001, json!(u32::MAX), 0b0001),
    ] {
        let (handle, _) = world.approved(asked, &[("permissions", allowed)]).await;
        let read = world
            .integrator
            .get(&format!("/v1/flows/{handle}/status"))
            .await;
        assert_eq!(read.member("/permissions"), json!(granted), "{asked:b}");
    }
}

#[tokio::test]
async fn an_expired_invite_is_expired_to_the_integrator_and_to_the_host() {
    let world = World::new(&["--invite-ttl-ms", "0"]);
    let (handle, invite) = world.invited().await;
    let request = world.operator.request(&invite, 0b001);

    let step = world.step(&handle, "request", &request).await;
    let path = format!("/pairing/invites/{}/request", invite.id);
    let (status, told) = ask(&world.host, None, Method::POST, &path, request).await;

    assert_eq!(world.integrator.state(&handle).await, "expired");
    assert_eq!(step.text("/code"), "expired");
    assert_eq!((status, &told["reason"]), (410, &json!("INVITE_EXPIRED")));
}

#[tokio::test]
async fn a_person_who_denies_ends_the_flow_as_denied() {
    let world = World::new(&[]);
    let (handle, invite) = world.asked(0b001).await;

    world.decide(&invite, json!({"decision": "deny"})).await;
    let denied = world.step(&handle, "consent", &json!({})).await;

    ended(&denied, "denied", "DENIED");
}

#[tokio::test]
async fn somebody_in_between_is_found_out_by_the_digits() {
    let world = World::new(&[]);
    let (handle, invite) = world.invited().await;
    // Whoever is in between has stolen the secret and asks with a key of their own.
    let thief = Operator::new();
    let request = thief.request(&invite, 0b111);
    let asked = world.step(&handle, "request", &request).await;
    assert_eq!(asked.text("/state"), "awaiting_consent");

    let digits = world.operator.digits(&invite);
    let decision = json!({"decision": "approve", "sas": digits});
    world.decide(&invite, decision).await;
    let denied = world.step(&handle, "consent", &json!({})).await;

    ended(&denied, "denied", "SAS_MISMATCH");
}

#[tokio::test]
async fn an_operator_without_the_key_is_not_paired() {
    let world = World::new(&[]);
    let (handle, invite) = world.approved(0b001, &[]).await;

    let guessed = tag(&[0; 32], "operator-confirms", &uuid(&invite.id));
    let confirmation = json!({ "confirmation_base64": guessed });
    let refused = world.step(&handle, "confirm", &confirmation).await;

    ended(&refused, "refused", "CONFIRMATION_MISMATCH");
}

#[tokio::test]
async fn an_invite_that_is_taken_back_leads_nowhere() {
    let world = World::new(&[]);
    let (early, invite) = world.invited().await;
    world.withdraw(&invite).await;
    let request = world.operator.request(&invite, 0b001);
    let used = world.step(&early, "request", &request).await;
    let (asked, invite) = world.asked(0b001).await;
    world.withdraw(&invite).await;
    let withdrawn = world.step(&asked, "consent", &json!({})).await;
    let (approved, invite) = world.approved(0b001, &[]).await;
    world.withdraw(&invite).await;
    let key = world.operator.pairing_key(&invite);
    let proof = tag(&key, "operator-confirms", &uuid(&invite.id));
    let confirmation = json!({ "confirmation_base64": proof });
    let late = world.step(&approved, "confirm", &confirmation).await;

    ended(&used, "refused", "INVITE_USED");
    ended(&withdrawn, "denied", "WITHDRAWN");
    ended(&late, "refused", "NOT_APPROVED");
}

#[tokio::test]
async fn a_request_that_cannot_be_read_spends_nothing() {
    let world = World::new(&[]);
    let (handle, invite) = world.invited().await;
    let right = world.operator.request(&invite, 0b001);
    let mut request = right.clone();
    request["permissions"] = json!("all");

    let unread = world.step(&handle, "request", &request).await;
    let asked = world.step(&handle, "request", &right).await;

    assert_eq!(unread.text("/code"), "backend_error");
    assert_eq!(unread.member("/backendStatus"), json!(400));
    assert_eq!(unread.text("/backend/error"), "MALFORMED");
    assert_eq!(asked.text("/state"), "awaiting_consent");
}

#[tokio::test]
async fn a_host_that_is_asked_too_often_says_so_through_the_integrator() {
    let world = World::new(&["--requests-per-minute", "1"]);
    world.invited().await;

    let limited = world.integrator.start(&json!({})).await;

    assert_eq!(limited.text("/code"), "backend_error");
    assert_eq!(limited.member("/backendStatus"), json!(429));
    assert_eq!(limited.member("/backend"), json!({"error": "RATE_LIMITED"}));
}

#[tokio::test]
async fn nobody_but_the_person_decides() {
    let world = World::new(&[]);
    let (handle, invite) = world.asked(0b001).await;
    let decision = json!({"decision": "approve", "sas": world.operator.digits(&invite)});
    let path = format!("/person/invites/{}", invite.id);

    for key in [None, Some("guessed")] {
        let (status, _) = ask(&world.host, key, Method::POST, &path, decision.clone()).await;
        assert_eq!(status, 401);
    }
    let waiting = world.step(&handle, "consent", &json!({})).await;
    assert_eq!(waiting.text("/state"), "awaiting_consent");
}

#[tokio::test]
async fn a_host_that_has_forgotten_its_invites_refuses() {
    let world = World::new(&[]);
    let (handle, invite) = world.invited().await;
    let request = world.operator.request(&invite, 0b001);
    let address = world.host.address.to_string();
    drop(world.host);
    let _restarted = host("pairing-host", &["--listen", &address]);

    let refused = world.integrator.step(&handle, "request", &request).await;

    ended(&refused, "refused", "UNKNOWN_INVITE");
}
