//! Any bytes as the body of any call: one JSON answer, never a 5xx.
//!
//! The first byte selects the call. The store is new for each input, so that a finding repeats.
#![no_main]

use std::sync::Arc;

use appattest_backend::{
    authority::{Authority, Call, ChallengePolicy, Options},
    clock::Clock,
    entropy::{Entropy, NoEntropy},
    environment::Environment,
    idempotency::IdempotencyKey,
    store::{Binding, Bounds, Store},
    validator::{Acceptance, TrustRoot},
};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

#[derive(Debug)]
struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

impl Entropy for Fixed {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        bytes.fill(7);
        Ok(())
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((selector, body)) = input.split_first() else {
        return;
    };
    let root = TrustRoot::apple().expect("compiled in");
    let challenge_policy = match selector & 4 {
        0 => ChallengePolicy::Required,
        _ => ChallengePolicy::ClientSupplied,
    };
    let binding = Binding {
        trust_anchor: root.fingerprint(),
        challenge_policy: challenge_policy.as_str(),
    };
    let store = Store::open(None, binding, Bounds::default()).expect("memory");
    let options = Options {
        acceptance: Acceptance {
            apps: vec!["0352187391.com.apple.example_app_attest".parse().expect("an app id")],
            environments: vec![Environment::Production],
        },
        challenge_policy,
        root,
        certificates_at: None,
    };
    let authority = Authority::new(options, store, Arc::new(Fixed), Arc::new(Fixed));
    let call = Call::ALL[usize::from(selector & 3)];
    let key = || IdempotencyKey::parse(b"fuzz").ok();
    let first = authority.answer(call, key(), body);
    assert!((200..500).contains(&first.status()));
    assert!(serde_json::from_slice::<serde_json::Value>(first.body()).is_ok());
    let second = authority.answer(call, key(), body);
    assert!(second.is_replayed());
    assert_eq!(first.body(), second.body());
});
