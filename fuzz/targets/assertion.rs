//! Any bytes as an assertion object: no panic, and nothing accepted but what the key signed.
#![no_main]

use std::sync::LazyLock;

use appattest_backend::{
    app_id::AppId,
    decoder::decode_base64,
    environment::Environment,
    validator::{Acceptance, RegisteredKey, verify_assertion},
};
use libfuzzer_sys::fuzz_target;

const POINT: &str = "BIOvbdmM4HD0y1MfGYLvq23IpHmhC/D6W/hxtEEyLpc/GFAfbYL9aQ0a7lpPO52Qt6Lq+eqcyFmqlxG2lsmpncw=";
const HASH: &str = "POWXJx3BO/8ORI1dUnbOz69f1PruPwBxhBa9iyc+lMI=";

static SETTING: LazyLock<(RegisteredKey, Acceptance, Vec<u8>)> = LazyLock::new(|| {
    let app: AppId = "V8H6LQ9448.io.uebelacker.AppAttestExample".parse().expect("an app id");
    let key = RegisteredKey {
        public_key: decode_base64(POINT)
            .and_then(|bytes| bytes.try_into().ok())
            .expect("a point"),
        rp_id_hash: app.rp_id_hash(),
        environment: Environment::Production,
    };
    let acceptance = Acceptance {
        apps: vec![app],
        environments: vec![Environment::Production],
    };
    (key, acceptance, decode_base64(HASH).expect("a hash"))
});

fuzz_target!(|bytes: &[u8]| {
    let (key, acceptance, hash) = &*SETTING;
    if let Ok(verified) = verify_assertion(bytes, hash, key, acceptance) {
        assert_eq!(verified.counter, 1);
    }
});
