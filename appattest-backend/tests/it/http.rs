//! The process and its HTTP: refusals in JSON, flags that say what is wrong with them.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::Command,
};

use appattest_backend::{api::MAX_BODY, authority::Call, reason::Reason};
use serde_json::json;

use crate::{
    harness::{BINARY, Reply, Server},
    house::APP,
};

fn refused(reply: &Reply, status: u16, reason: Reason) {
    assert_eq!(reply.status, status, "{reply:?}");
    assert_eq!(reply.json()["reason"], reason.code());
    assert!(
        reply.head.contains("content-type: application/json"),
        "{reply:?}"
    );
}

#[test]
fn what_is_no_call_is_refused_in_json() {
    let server = Server::start(&["--app", APP]);
    refused(&server.get("/"), 404, Reason::NotFound);
    refused(&server.get("/app-attest/register/"), 404, Reason::NotFound);
    for call in Call::ALL {
        let reply = server.get(call.path());
        refused(&reply, 405, Reason::MethodNotAllowed);
        assert!(reply.head.contains("allow: post"));
        let unsaid = format!(
            "POST {} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n",
            call.path()
        );
        let form = format!("{unsaid}content-type: application/x-www-form-urlencoded\r\n");
        for head in [unsaid, form] {
            let request = format!("{head}content-length: 2\r\n\r\n{{}}");
            let reply = server.raw(request.as_bytes());
            refused(&reply, 415, Reason::UnsupportedMediaType);
        }
        let long = vec![b' '; MAX_BODY + 1];
        refused(
            &server.post_with(call.path(), "", &long),
            413,
            Reason::PayloadTooLarge,
        );
        let reply = server.post_with(call.path(), "", b"not json");
        refused(&reply, 400, Reason::MalformedJson);
    }
    refused(
        &server.post("/health", &json!({})),
        405,
        Reason::MethodNotAllowed,
    );
    for header in [
        "idempotency-key: a b\r\n",
        "idempotency-key: a\r\nidempotency-key: a\r\n",
    ] {
        let reply = server.post_with(Call::Challenge.path(), header, b"{}");
        refused(&reply, 400, Reason::InvalidIdempotencyKey);
    }
}

#[test]
fn a_body_as_large_as_allowed_is_read() {
    let server = Server::start(&["--app", APP]);
    let mut body = b"{}".to_vec();
    body.resize(MAX_BODY, b' ');
    assert_eq!(
        server.post_with(Call::Challenge.path(), "", &body).status,
        200
    );
}

#[test]
fn one_connection_serves_many_requests() {
    let server = Server::start(&["--app", APP]);
    let mut stream = TcpStream::connect(&server.address).unwrap();
    for _ in 0..3 {
        stream
            .write_all(b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n")
            .unwrap();
        let mut start = [0; 15];
        stream.read_exact(&mut start).unwrap();
        assert_eq!(&start, b"HTTP/1.1 200 OK");
        // The body ends with the one closing brace.
        let mut byte = [0];
        while byte != *b"}" {
            stream.read_exact(&mut byte).unwrap();
        }
    }
}

#[test]
fn health_tells_what_the_authority_was_told_to_be() {
    let server = Server::start(&[
        "--app",
        APP,
        "--app",
        "ABCDE12345.com.example.other",
        "--environment",
        "development",
        "--environment",
        "production",
        "--at",
        "2024-04-19T04:14:53Z",
    ]);
    let health = server.get("/health").json();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["trustAnchor"], "apple");
    assert_eq!(health["challengePolicy"], "required");
    assert_eq!(health["apps"], json!([APP, "ABCDE12345.com.example.other"]));
    assert_eq!(health["environments"], json!(["development", "production"]));
    assert_eq!(health["certificatesAt"], "2024-04-19T04:14:53Z");
    assert_eq!(health["keyCount"], 0);
}

#[test]
fn unusable_flags_are_named_with_what_is_allowed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("not.pem");
    std::fs::write(&file, "no certificate").unwrap();
    let file = file.to_str().unwrap();
    let cases: [(&[&str], &[&str]); 7] = [
        (&[], &["--app"]),
        (
            &["--app", "com.example"],
            &["--app", "com.example", "TEAMID.bundle.id"],
        ),
        (
            &["--app", APP, "--environment", "test"],
            &["production", "development"],
        ),
        (
            &["--app", APP, "--challenge-policy", "x"],
            &["required", "client-supplied"],
        ),
        (
            &["--app", APP, "--at", "yesterday"],
            &["--at", "yesterday", "RFC 3339"],
        ),
        (
            &["--app", APP, "--trust-anchor", "/nowhere"],
            &["--trust-anchor", "/nowhere"],
        ),
        (
            &["--app", APP, "--trust-anchor", file],
            &["--trust-anchor", "CERTIFICATE"],
        ),
    ];
    for (flags, said) in cases {
        let output = Command::new(BINARY)
            .args(["--listen", "127.0.0.1:0"])
            .args(flags)
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{message}");
        for words in said {
            assert!(message.contains(words), "{words} is not in {message}");
        }
    }
}

#[test]
fn every_flag_can_be_given_in_the_environment() {
    let output = Command::new(BINARY)
        .env("APPATTEST_BACKEND_APP", "ABCDE12345.a,com.example")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("com.example")
    );
}
