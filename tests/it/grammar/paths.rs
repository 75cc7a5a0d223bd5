//! Values of a flow in the path of a call.

use super::service;
use crate::harness::Answer;

#[tokio::test]
async fn a_value_is_one_segment_whatever_it_holds() {
    for (value, segment) in [
        ("a/b", "a%2Fb"),
        ("%2e%2e", "%252e%252e"),
        ("...", "..."),
        ("?x=1#y", "%3Fx%3D1%23y"),
        ("~-._", "~-._"),
        ("ü 漢", "%C3%BC%20%E6%BC%A2"),
        ("\\", "%5C"),
        (";,@:!$&'()*+=", "%3B%2C%40%3A%21%24%26%27%28%29%2A%2B%3D"),
    ] {
        let service = service("i", value).await;
        let path = format!("/things/{segment}/of/i");
        service.backend.always(&path, Answer::json("{}"));
        let handle = service.started("{}").await;

        let reply = service.step(&handle, "look", "").await;

        assert_eq!(reply.status, 200, "{value}: {:?}", service.backend.last());
    }
}

#[tokio::test]
async fn a_value_that_would_change_the_path_is_refused_and_costs_no_call() {
    for value in [".", ".."] {
        let service = service("i", value).await;
        let handle = service.started("{}").await;
        let calls = service.backend.calls();

        let reply = service.step(&handle, "look", "").await;

        assert_eq!(reply.code().as_deref(), Some("invalid_input"), "{value}");
        assert_eq!(service.backend.calls(), calls);
        assert_eq!(service.state(&handle).await, "begun");
    }
}
