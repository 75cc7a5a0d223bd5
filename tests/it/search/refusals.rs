//! What a search does not take.

use crate::harness::{Request, Service};

#[tokio::test]
async fn parameters_that_cannot_be_taken_are_named() {
    let service = Service::start().await;
    let long = "a".repeat(41);
    let malformed = [
        ("state=", "state"),
        ("state=1st", "state"),
        ("state=a%20b", "state"),
        (&format!("state={long}"), "state"),
        ("state=%ff", "state"),
        ("protocol=App", "protocol"),
        ("protocol=", "protocol"),
        ("flowID=", "flowID"),
        ("verifyRunID", "verifyRunID"),
        ("correlationID=", "correlationID"),
        ("correlationID=a+b", "correlationID"),
        (
            &format!("correlationID={}", "c".repeat(129)),
            "correlationID",
        ),
        ("olderThan=5", "olderThan"),
        ("olderThan=0s", "olderThan"),
        ("olderThan=-5m", "olderThan"),
        ("olderThan=5M", "olderThan"),
        ("olderThan=3651d", "olderThan"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=+5", "limit"),
        ("limit=%2B5", "limit"),
        ("limit=ten", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("state=a&state=a", "state"),
        ("limit=1&%6Cimit=1", "limit"),
    ];
    for (query, name) in malformed {
        let reply = service.get(format!("/v1/flows?{query}")).await;
        reply.is_problem(400, "invalid_input");
        let detail = reply.string("/detail");
        assert!(
            detail.starts_with(&format!("query parameter {name} ")),
            "{query}: {detail}"
        );
    }
}

#[tokio::test]
async fn an_unknown_parameter_is_named_with_those_that_are_known() {
    let service = Service::start().await;
    for (query, name) in [
        ("State=a", "\"State\""),
        ("state=a&from=b", "\"from\""),
        ("=a", "\"\""),
        ("%00=a", "\"\\0\""),
        (
            &format!("{}=1", "x".repeat(5000)),
            &format!("{:?}", "x".repeat(40)),
        ),
    ] {
        let reply = service.get(format!("/v1/flows?{query}")).await;
        reply.is_problem(400, "invalid_input");
        assert_eq!(
            reply.string("/detail"),
            format!(
                "unknown query parameter {name}; known here: state, protocol, flowID, correlationID, verifyRunID, olderThan, limit, cursor"
            )
        );
    }
}

#[tokio::test]
async fn a_cursor_that_is_not_one_of_ours_is_refused() {
    let service = Service::start().await;
    service.named("a", "id", "run").await;
    service.named("b", "id", "run").await;
    let cursor = service.get("/v1/flows?limit=1").await.string("/nextCursor");
    let cut = &cursor[..cursor.len() - 2];
    for bad in [
        "",
        "x",
        cut,
        &format!("{cursor}A"),
        &format!("{cursor}="),
        &cursor.to_lowercase(),
        // "1.AAAA", "x.A…A", "9223372036854775807.A…A"
        "MS5BQUFB",
        "eC5BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQQ",
        "OTIyMzM3MjAzNjg1NDc3NTgwNy5BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQQ",
    ] {
        let reply = service.get(format!("/v1/flows?cursor={bad}")).await;
        reply.is_problem(400, "invalid_input");
        assert_eq!(
            reply.string("/detail"),
            "query parameter cursor cannot be read: send the nextCursor of a page, unchanged, or none"
        );
    }
}

#[tokio::test]
async fn only_reading_is_done_there() {
    let service = Service::start().await;
    let reply = service.ask(Request::post("/v1/flows", "{}")).await;
    reply.is_problem(405, "method_not_allowed");
    assert_eq!(reply.header("allow"), Some("GET,HEAD"));
    service.get("/v1/flows/").await.is_problem(404, "not_found");
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_told() {
    let service = Service::start().await;
    service.named("a", "id", "run").await;
    for read in 0..2 {
        service.faults.fail_one_read_after(read);
        let reply = service.get("/v1/flows").await;
        reply.is_problem(503, "store_unavailable");
    }
    service.get("/v1/flows").await.is_answer();
}
