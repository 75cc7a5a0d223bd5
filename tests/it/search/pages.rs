//! Pages and the cursors between them.

use std::time::Duration;

use super::told;
use crate::harness::Service;

/// All flows that a query takes, page by page, with what happens between two pages.
async fn paged(service: &Service, query: &str, between: impl AsyncFn(usize)) -> Vec<String> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    for page in 0.. {
        let reply = service.search(&format!("{query}{cursor}")).await;
        all.extend(told(&reply, "/correlationID"));
        let Some(next) = reply.member("/nextCursor") else {
            break;
        };
        cursor = format!("&cursor={}", next.as_str().unwrap());
        between(page).await;
    }
    all
}

#[tokio::test]
async fn pages_hold_together_within_one_millisecond() {
    let service = Service::start().await;
    for number in 0..7 {
        service.named(&format!("c{number}"), "id", "run").await;
    }
    let whole = service.found("").await;
    assert_eq!(whole.len(), 7);

    for limit in 1..=8 {
        for part in [
            "",
            "&state=registered",
            "&protocol=app-attest",
            "&flowID=id",
        ] {
            let query = format!("limit={limit}{part}");
            let all = paged(&service, &query, async |_| {}).await;
            assert_eq!(all, whole, "{query}");
        }
    }
}

#[tokio::test]
async fn a_page_that_holds_all_that_is_left_is_the_last() {
    let service = Service::start().await;
    for number in 0..4 {
        service.named(&format!("c{number}"), "id", "run").await;
    }

    let full = service.search("limit=4").await;
    assert_eq!(full.member("/nextCursor"), None);
    let first = service.search("limit=2").await;
    let next = first.string("/nextCursor");
    let second = service.search(&format!("limit=2&cursor={next}")).await;
    assert_eq!(told(&second, "/flowHandle").len(), 2);
    assert_eq!(second.member("/nextCursor"), None);
}

#[tokio::test]
async fn flows_that_come_go_and_move_between_pages_cost_no_other_its_place() {
    let service = Service::start().await;
    let mut handles = Vec::new();
    for number in 0..6 {
        handles.push(service.named(&format!("old-{number}"), "id", "run").await);
        service.clock.advance(Duration::from_millis(1));
    }

    let all = paged(&service, "limit=2&protocol=app-attest", async |page| {
        // One that was told already, one that is still to come, and a new one.
        service.step(&handles[page], "client-data-hash", "").await;
        service.step(&handles[5], "client-data-hash", "").await;
        service.named(&format!("new-{page}"), "id", "run").await;
        service.clock.advance(Duration::from_millis(1));
    })
    .await;

    let old: Vec<_> = all.iter().filter(|name| name.starts_with("old")).collect();
    assert_eq!(old, ["old-0", "old-1", "old-2", "old-3", "old-4", "old-5"]);
    let mut distinct = all.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), all.len(), "{all:?}");
}

#[tokio::test]
async fn a_cursor_of_a_flow_that_is_gone_leads_on() {
    let service = Service::start().await;
    for number in 0..3 {
        service.named(&format!("c{number}"), "id", "run").await;
        service.clock.advance(Duration::from_secs(1));
    }
    let next = service.search("limit=1").await.string("/nextCursor");
    service.clock.advance(Duration::from_secs(20 * 60));
    service.sweep().await;
    service.clock.advance(Duration::from_secs(20 * 60));
    service.named("new", "id", "run").await;
    service.sweep().await;

    let found = service.found(&format!("cursor={next}")).await;

    assert_eq!(found, ["new"]);
}

#[tokio::test]
async fn a_page_has_a_hundred_flows_unless_told_otherwise() {
    let service = Service::start().await;
    for number in 0..101 {
        service.named(&format!("c{number}"), "id", "run").await;
    }

    let first = service.search("").await;

    assert_eq!(told(&first, "/flowHandle").len(), 100);
    let next = first.string("/nextCursor");
    let rest = service.search(&format!("cursor={next}")).await;
    assert_eq!(told(&rest, "/flowHandle").len(), 1);
    assert_eq!(service.found("limit=1000").await.len(), 101);
}
