//! Every kind of bad device meets its reason; the harmless oddities meet none.

use appattest_backend::{
    authority::{Call, ChallengePolicy},
    decoder::{AssertionObject, AttestationObject},
    device::{AssertionDefect, AttestationDefect, Form, Profile},
    reason::Reason,
    validator::{TrustRoot, verify_attestation},
};
use clap::ValueEnum as _;
use serde_json::{Value, json};

use crate::house::{House, acceptance, bytes, profile, start};

const FORMS: [Form; 3] = [Form::Classic, Form::Ios27, Form::Macos27];

#[test]
fn every_form_of_device_registers_and_asserts() {
    let house = House::open(ChallengePolicy::Required);
    for form in FORMS {
        let mut device = house.device(form);
        let flow = house.registered(&device);
        for counter in 1..=3 {
            let hash = house.hash(&device, &flow);
            let body = house.assertion(&mut device, &flow, &hash, None);
            let (status, verdict) = house.call(Call::Verify, &body);
            assert_eq!(status, 200);
            assert_eq!(verdict["verified"], true, "{form:?} {verdict}");
            assert_eq!(verdict["signCount"], counter);
            assert_eq!(verdict.get("bundleVersion").is_some(), form == Form::Ios27);
        }
    }
}

#[test]
fn authenticator_data_is_as_long_as_that_of_real_devices() {
    let house = House::open(ChallengePolicy::Required);
    for (form, bundle_version, asserted, attested) in [
        (Form::Classic, "1", 37, 164),
        (Form::Ios27, "1", 99, 226),
        (Form::Ios27, "1314", 102, 229),
        (Form::Macos27, "1", 153, 280),
    ] {
        let mut device = house.device(form).in_profile(Profile {
            bundle_version: bundle_version.to_owned(),
            ..profile(form)
        });
        let body = house.attestation(&device, &[], None);
        let object = bytes(&body["attestationObject_base64"]);
        let data = AttestationObject::decode(&object)
            .unwrap()
            .authenticator_data;
        assert_eq!(data.len(), attested, "{form:?}");
        let body = house.assertion(&mut device, "", &[], None);
        let object = bytes(&body["assertionObject_base64"]);
        let data = AssertionObject::decode(&object).unwrap().authenticator_data;
        assert_eq!(data.len(), asserted, "{form:?}");
        // The flag that announces a credential is set, and none follows.
        assert_eq!(data[32] & 0x40, 0x40);
    }
}

#[test]
fn nothing_simulated_is_accepted_under_apples_root() {
    let house = House::open(ChallengePolicy::Required);
    let device = house.device(Form::Classic);
    let body = house.attestation(&device, &[], None);
    let verdict = verify_attestation(
        &bytes(&body["attestationObject_base64"]),
        &device.key_id(),
        &[],
        &acceptance(),
        &TrustRoot::apple().unwrap(),
        start(),
    );
    assert_eq!(verdict, Err(Reason::ChainUntrusted));
}

#[test]
fn every_attestation_defect_meets_its_reason() {
    let house = House::open(ChallengePolicy::Required);
    for defect in AttestationDefect::value_variants() {
        let device = house.device(Form::Ios27);
        let body = house.challenged(&device, Some(*defect));
        let (status, answer) = house.call(Call::Register, &body);
        match defect.expected() {
            Some(reason) => {
                assert_eq!(answer["reason"], reason.code(), "{defect:?}");
                assert_eq!((status, &answer["status"]), (422, &json!("rejected")));
            }
            None => assert_eq!(status, 200, "{defect:?} {answer}"),
        }
    }
}

#[test]
fn every_assertion_defect_meets_its_reason() {
    let house = House::open(ChallengePolicy::ClientSupplied);
    let hash = b"a hash that the laboratory repeats";
    for defect in AssertionDefect::value_variants() {
        let mut device = house.device(Form::Ios27);
        let mut registration = house.attestation(&device, hash, None);
        registration["clientDataHash_base64"] = json!(encode(hash));
        let (_, answer) = house.call(Call::Register, &registration);
        let flow = answer["flowID"].as_str().unwrap();
        let mut verify = |defect: Option<AssertionDefect>| -> Value {
            let body = house.assertion(&mut device, flow, hash, defect);
            assert_eq!(house.call(Call::ClientDataHash, &body).0, 200);
            let (status, verdict) = house.call(Call::Verify, &body);
            assert_eq!(status, 200);
            verdict
        };
        assert_eq!(verify(None)["signCount"], 1);
        assert_eq!(verify(None)["signCount"], 2);
        let verdict = verify(Some(*defect));
        match defect.expected() {
            Some(reason) => {
                assert_eq!(verdict["reason"], reason.code(), "{defect:?}");
                assert_eq!(verdict["verified"], false);
            }
            None => assert_eq!(verdict["verified"], true, "{defect:?} {verdict}"),
        }
    }
}

fn encode(bytes: &[u8]) -> String {
    appattest_backend::decoder::encode_base64(bytes)
}
