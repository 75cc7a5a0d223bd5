//! Any bytes as an attestation object: no panic, and nothing accepted but the recorded key.
//!
//! The setting is that of a recorded attestation, so that the seed passes every check and its
//! mutants die at each of them.
#![no_main]

use std::sync::LazyLock;

use appattest_backend::{
    decoder::{AttestationObject, AttestedData, decode_base64},
    environment::Environment,
    validator::{Acceptance, TrustRoot, verify_attestation},
};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

struct Setting {
    root: TrustRoot,
    acceptance: Acceptance,
    key_id: [u8; 32],
    at: Timestamp,
}

static SETTING: LazyLock<Setting> = LazyLock::new(|| Setting {
    root: TrustRoot::apple().expect("compiled in"),
    acceptance: Acceptance {
        apps: vec!["0352187391.com.apple.example_app_attest".parse().expect("an app id")],
        environments: vec![Environment::Production],
    },
    key_id: decode_base64("bSrEhF8TIzIvWSPwvZ0i2+UOBre4ASH84rK15m6emNY=")
        .and_then(|bytes| bytes.try_into().ok())
        .expect("a key id"),
    at: "2024-04-19T04:14:53Z".parse().expect("a moment"),
});

fuzz_target!(|bytes: &[u8]| {
    if let Ok(object) = AttestationObject::decode(bytes) {
        drop(AttestedData::decode(object.authenticator_data));
    }
    let setting = &*SETTING;
    let verdict = verify_attestation(
        bytes,
        &setting.key_id,
        b"test_server_challenge",
        &setting.acceptance,
        &setting.root,
        setting.at,
    );
    if let Ok(attested) = verdict {
        assert_eq!(attested.environment, Environment::Production);
        assert_eq!(attested.public_key[..4], [0x04, 0x8c, 0x2e, 0x0c]);
    }
});
