//! Any bytes as authenticator data: no panic, and lengths that decide.
#![no_main]

use appattest_backend::decoder::{AssertionData, AttestedData};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(data) = AttestedData::decode(bytes) {
        assert!(bytes.len() >= 164);
        assert_eq!(bytes[..32], data.rp_id_hash);
        assert_eq!(bytes[55..87], data.credential_id);
    }
    if let Ok(data) = AssertionData::decode(bytes) {
        assert!(bytes.len() >= 37);
        assert_eq!(bytes[33..37], data.counter.to_be_bytes());
    }
});
