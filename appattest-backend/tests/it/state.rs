//! What outlives the process, and what only one process may hold.

use std::{os::unix::fs::PermissionsExt as _, process::Command, thread};

use appattest_backend::{
    authority::{Call, ChallengePolicy},
    decoder::encode_base64,
    device::{AssertionOrder, Form},
    reason::Reason,
};
use serde_json::{Value, json};

use crate::{
    harness::{BINARY, Server},
    house::{APP, House},
};

/// Runs a device command; the line that it printed.
fn device(arguments: &[&str]) -> Value {
    let output = Command::new(BINARY)
        .arg("device")
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_root_that_is_there_is_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let pki = directory.path().join("pki");
    let out = pki.to_str().unwrap();
    device(&["new-root", "--out", out]);

    for (kept, gone) in [("pki.json", "root.pem"), ("root.pem", "pki.json")] {
        let bytes = std::fs::read(pki.join(kept)).unwrap();
        let aside = std::fs::read(pki.join(gone)).unwrap();
        std::fs::remove_file(pki.join(gone)).unwrap();
        let output = Command::new(BINARY)
            .args(["device", "new-root", "--out", out])
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains(kept), "{message}");
        assert!(message.contains("another directory"), "{message}");
        assert_eq!(std::fs::read(pki.join(kept)).unwrap(), bytes);
        assert!(!pki.join(gone).exists());
        std::fs::write(pki.join(gone), aside).unwrap();
    }
}

/// Makes a key in a file and registers it, by the two processes' commands and calls alone.
fn register(server: &Server, pki: &str, key: &str) -> Value {
    let issued = server.post("/app-attest/challenge", &json!({})).json();
    let challenge = format!(
        "--challenge={}",
        issued["challenge_base64"].as_str().unwrap()
    );
    let mut registration = device(&[
        "attest",
        "--pki",
        pki,
        "--key-file",
        key,
        "--app",
        APP,
        "--form",
        "macos27",
        &challenge,
    ]);
    registration["challengeID"] = issued["challengeID"].clone();
    registration["clientDataHash_base64"] = Value::Null;
    let registered = server.post("/app-attest/register", &registration).json();
    assert_eq!(registered["status"], "registered", "{registered}");
    registered
}

#[test]
fn a_restart_keeps_keys_counters_flows_and_recorded_answers() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (pki, root, key, state) = (
        path("pki"),
        path("pki/root.pem"),
        path("key"),
        path("state"),
    );
    device(&["new-root", "--out", &pki]);
    let flags = ["--app", APP, "--trust-anchor", &root, "--state", &state];

    let server = Server::start(&flags);
    assert_eq!(server.log[0]["level"], "WARN", "{:?}", server.log);
    let registered = register(&server, &pki, &key);

    let verify = |server: &Server, counter: &str, header: &str| {
        let mut body = json!({
            "keyID_base64": registered["keyID_base64"], "flowID": registered["flowID"]
        });
        let hash = server.post("/app-attest/client-data-hash", &body).json();
        let hash = &hash["clientDataHash_base64"];
        let argument = format!("--client-data-hash={}", hash.as_str().unwrap());
        let made = device(&[
            "assert",
            "--key-file",
            &key,
            "--counter",
            counter,
            &argument,
        ]);
        body["clientDataHash_base64"] = hash.clone();
        body["assertionObject_base64"] = made["assertionObject_base64"].clone();
        let bytes = body.to_string().into_bytes();
        (
            server.post_with("/app-attest/verify", header, &bytes),
            bytes,
        )
    };
    let header = "idempotency-key: k\r\n";
    let (verdict, body) = verify(&server, "5", header);
    assert_eq!(verdict.json()["signCount"], 5);
    let mode = std::fs::metadata(&state).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(server.stop("-TERM"), Some(0));

    let server = Server::start(&flags);
    assert_eq!(server.get("/health").json()["keyCount"], 1);
    assert_eq!(server.get("/health").json()["trustAnchor"], "test");
    let again = server.post_with("/app-attest/verify", header, &body);
    assert_eq!(again.body, verdict.body);
    let (replay, _) = verify(&server, "5", "");
    assert_eq!(replay.json()["reason"], Reason::CounterNotGreater.code());
    let (next, _) = verify(&server, "6", "");
    assert_eq!(next.json()["verified"], true);
    assert_eq!(server.stop("-INT"), Some(0));
}

#[test]
fn a_state_file_is_tied_to_its_root_and_policy_and_to_one_process() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    let state = state.to_str().unwrap();
    let server = Server::start(&["--app", APP, "--state", state]);
    let run = |flags: &[&str]| {
        let output = Command::new(BINARY)
            .args(["--listen", "127.0.0.1:0", "--app", APP, "--state", state])
            .args(flags)
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, message) = run(&[]);
    assert_eq!(code, Some(1), "{message}");
    assert!(message.contains("--state"), "{message}");
    drop(server);
    let (code, message) = run(&["--challenge-policy", "client-supplied"]);
    assert_eq!(code, Some(2), "{message}");
    assert!(message.contains("challenge-policy"), "{message}");
}

#[test]
fn of_many_simultaneous_assertions_with_one_counter_one_is_verified() {
    let house = House::open(ChallengePolicy::ClientSupplied);
    let mut device = house.device(Form::Classic);
    let mut bodies = Vec::new();
    for index in 0..32_u8 {
        let hash = [index; 32];
        let mut registration = house.attestation(&device, &hash, None);
        registration["clientDataHash_base64"] = json!(encode_base64(&hash));
        let flow = house.call(Call::Register, &registration).1["flowID"].clone();
        let order = AssertionOrder {
            client_data_hash: &hash,
            counter: Some(7),
            defect: None,
        };
        let object = device.assert(&order, &*house.entropy).unwrap();
        let body = json!({
            "keyID_base64": encode_base64(&device.key_id()),
            "flowID": flow,
            "clientDataHash_base64": encode_base64(&hash),
            "assertionObject_base64": encode_base64(&object),
        });
        assert_eq!(house.call(Call::ClientDataHash, &body).0, 200);
        bodies.push(body);
    }
    let verdicts: Vec<Value> = thread::scope(|scope| {
        let threads: Vec<_> = bodies
            .iter()
            .map(|body| scope.spawn(|| house.call(Call::Verify, body).1))
            .collect();
        threads.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let (verified, refused): (Vec<_>, Vec<_>) = verdicts
        .iter()
        .partition(|verdict| verdict["verified"] == true);
    assert_eq!(verified.len(), 1);
    for verdict in refused {
        assert_eq!(verdict["reason"], Reason::CounterNotGreater.code());
    }
}
