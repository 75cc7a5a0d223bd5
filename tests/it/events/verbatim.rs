//! The backend's bytes come through a format that is made of lines.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::harness::service::ASSERT;
use crate::harness::{Answer, Service};

/// The transition that a stream tells of an assertion that is answered so.
async fn told(answer: &[u8]) -> (Service, String, String) {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let mut stream = service.follow(&handle).await;
    let answer = Answer::json(answer);
    service.backend.once("/app-attest/verify", answer);
    service.step(&handle, "assert", ASSERT).await;
    let (_, data) = stream.transition().await;
    assert_eq!(stream.next().await, None);
    (service, handle, data)
}

#[tokio::test]
async fn json_of_many_lines_arrives_byte_for_byte() {
    for answer in [
        "{\n  \"verified\": true\n}",
        "{\"verified\":true,\n\n\n \"z\":1.50,\"z\":\"\\u000a\\r\"}",
        "{\t\"verified\":true, \"data: x\"\n:\n\": y\"}",
        "{\"verified\":true,\"e\":\"\u{e9}\u{2028}\u{85}\u{feff}\\ud800\"}",
    ] {
        let (service, handle, data) = told(answer.as_bytes()).await;

        let end = format!(r#","backend":{answer}}}"#);
        assert!(data.ends_with(&end), "{data}");
        let history = service.history(&handle).await;
        assert!(history.text().contains(&data), "{data}");
    }
}

#[tokio::test]
async fn json_with_carriage_returns_is_told_in_base64_so_that_they_survive() {
    for answer in [
        "{\r\n  \"verified\": true\r\n}",
        "{\"verified\":true,\r\"z\":1}",
        "{\"verified\":true\n\r}",
    ] {
        let (_, _, data) = told(answer.as_bytes()).await;

        let data: Value = serde_json::from_str(&data).unwrap();
        assert_eq!(data.get("backend"), None);
        let bytes = data["backend_base64"].as_str().unwrap();
        assert_eq!(STANDARD.decode(bytes).unwrap(), answer.as_bytes());
    }
}

#[tokio::test]
async fn carriage_returns_around_the_json_are_no_part_of_it() {
    let (_, _, data) = told(b"\r\n{\"verified\":true}\r\n").await;

    assert!(data.ends_with(r#","backend":{"verified":true}}"#), "{data}");
}

#[tokio::test]
async fn an_answer_that_is_not_json_is_told_as_the_history_tells_it() {
    let (service, handle, data) = told(b"<h1>hello</h1>\r\n").await;

    let data: Value = serde_json::from_str(&data).unwrap();
    let history = service.history(&handle).await;
    assert_eq!(Some(data), history.member("/transitions/2"));
}

#[tokio::test]
async fn a_member_of_many_lines_is_a_line_feed_for_each_in_the_observation() {
    use crate::harness::Setup;

    let definition = crate::harness::protocols::EXAMPLE.replace(
        "expires_at = \"response:/until\"\n\n[steps.poll]",
        "expires_at = \"response:/until\"\nreply = { shape = \"start.response:/shape\" }\n\n[steps.poll]",
    );
    let service = Setup::protocol(definition).start().await;
    let begun = Answer::json("{\"id\":\"1\",\"shape\":{\r\n \"a\":\n1}}");
    service.backend.once("/begin", begun);
    let handle = service.started("").await;

    let mut stream = service.open_events(&handle, None).await;
    let (_, _, data) = stream.next().await.unwrap().event();

    let status = service.status(&handle).await;
    assert!(status.text().contains("{\r\n \"a\":\n1}"));
    assert_eq!(data, status.text().replace("\r\n", "\n"));
}

#[tokio::test]
async fn a_mebibyte_is_told_whole() {
    let answer = format!(r#"{{"verified":true,"z":"{}"}}"#, "x\\n".repeat(300_000));

    let (_, _, data) = told(answer.as_bytes()).await;

    assert!(data.contains(&answer));
}
