//! Whatever the bytes: no panic, and no verdict in favour of what was not signed.

use std::sync::LazyLock;

use appattest_backend::{
    authority::{Call, ChallengePolicy},
    decoder::{AssertionData, AssertionObject, AttestationObject, AttestedData, decode_base64},
    device::{AssertionOrder, AttestationOrder, Device, Form},
    environment::Environment,
    idempotency::IdempotencyKey,
    reason::Reason,
    validator::{
        RegisteredKey, TrustRoot, VerifiedAssertion, VerifiedAttestation, verify_assertion,
        verify_attestation,
    },
};
use proptest::prelude::*;

use crate::house::{Counted, House, PKI, acceptance, profile, start};

const HASH: [u8; 32] = [9; 32];

/// A good attestation and a good assertion by one key.
struct Sample {
    key_id: [u8; 32],
    key: RegisteredKey,
    attestation: Vec<u8>,
    assertion: Vec<u8>,
    root: TrustRoot,
}

static SAMPLE: LazyLock<Sample> = LazyLock::new(|| {
    let entropy = Counted::default();
    let mut device = Device::generate(&entropy, &profile(Form::Ios27)).unwrap();
    let order = AttestationOrder {
        pki: &PKI,
        client_data_hash: &HASH,
        at: start(),
        defect: None,
    };
    let attestation = device.attest(&order, &entropy).unwrap().object;
    let order = AssertionOrder {
        client_data_hash: &HASH,
        ..AssertionOrder::default()
    };
    Sample {
        key_id: device.key_id(),
        key: RegisteredKey {
            public_key: device.point(),
            rp_id_hash: device.profile().app.rp_id_hash(),
            environment: Environment::Production,
        },
        attestation,
        assertion: device.assert(&order, &entropy).unwrap(),
        root: TrustRoot::test(PKI.root_pem().as_bytes()).unwrap(),
    }
});

fn attested(object: &[u8]) -> Result<VerifiedAttestation, Reason> {
    let sample = &*SAMPLE;
    verify_attestation(
        object,
        &sample.key_id,
        &HASH,
        &acceptance(),
        &sample.root,
        start(),
    )
}

fn asserted(object: &[u8]) -> Result<VerifiedAssertion, Reason> {
    verify_assertion(object, &HASH, &SAMPLE.key, &acceptance())
}

/// Where the receipt's bytes lie: nothing binds them.
fn receipt() -> std::ops::Range<usize> {
    let whole = &SAMPLE.attestation;
    let receipt = AttestationObject::decode(whole).unwrap().receipt;
    let from = receipt.as_ptr() as usize - whole.as_ptr() as usize;
    from..from + receipt.len()
}

#[test]
fn the_samples_are_good() {
    assert!(attested(&SAMPLE.attestation).is_ok());
    assert_eq!(asserted(&SAMPLE.assertion).unwrap().counter, 1);
}

#[test]
fn an_assertion_with_a_bit_flipped_is_refused() {
    for index in 0..SAMPLE.assertion.len() {
        // Two bits of each byte: signatures are slow to verify without optimisation.
        for bit in [index % 8, (index + 4) % 8] {
            let mut object = SAMPLE.assertion.clone();
            object[index] ^= 1 << bit;
            assert!(asserted(&object).is_err(), "byte {index}, bit {bit}");
        }
    }
}

#[test]
fn an_attestation_with_a_bit_flipped_outside_the_receipt_is_refused() {
    let receipt = receipt();
    let bound = (0..SAMPLE.attestation.len()).filter(|index| !receipt.contains(index));
    for index in bound {
        let mut object = SAMPLE.attestation.clone();
        object[index] ^= 1 << (index % 8);
        assert!(attested(&object).is_err(), "byte {index}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_taken_apart_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        drop(AttestationObject::decode(&bytes));
        drop(AssertionObject::decode(&bytes));
        drop(AttestedData::decode(&bytes));
        drop(AssertionData::decode(&bytes));
        prop_assert!(attested(&bytes).is_err());
        prop_assert!(asserted(&bytes).is_err());
    }

    #[test]
    fn arbitrary_text_is_base64_or_not(text in ".{0,80}") {
        drop(decode_base64(&text));
    }

    #[test]
    fn spliced_objects_are_never_good(
        from in any::<prop::sample::Index>(),
        length in 0_usize..40,
        patch in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        for (whole, judge) in [
            (&SAMPLE.attestation, (|bytes| attested(bytes).is_ok()) as fn(&[u8]) -> bool),
            (&SAMPLE.assertion, |bytes| asserted(bytes).is_ok()),
        ] {
            let mut object = whole.clone();
            let from = from.index(object.len());
            let to = (from + length).min(object.len());
            object.splice(from..to, patch.iter().copied());
            let receipt = receipt();
            let in_receipt = *whole == SAMPLE.attestation
                && patch.len() == to - from
                && receipt.contains(&from)
                && to <= receipt.end;
            if object != *whole && !in_receipt {
                prop_assert!(!judge(&object));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bodies_are_answered(
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            r#"\{"keyID_base64":"[A-Za-z0-9+/]{43}=","flowID":"[0-9a-f-]{36}"(,"assertionObject_base64":"[A-Za-z_-]{0,80}")?\}"#
                .prop_map(String::into_bytes),
        ],
        key in prop::option::of("[!-~]{1,20}"),
    ) {
        let house = House::open(ChallengePolicy::ClientSupplied);
        for call in Call::ALL {
            let key = key.as_ref().map(|key| IdempotencyKey::parse(key.as_bytes())).and_then(Result::ok);
            let answer = house.authority.answer(call, key, &body);
            prop_assert!((200..500).contains(&answer.status()));
        }
    }
}
