//! What the index says is looked at again under each record, at its time.

use std::time::Duration;

use crate::harness::log::Log;
use crate::harness::stores::Kind;
use crate::harness::{Service, Setup};

#[tokio::test]
async fn a_flow_past_its_deadline_is_not_listed_under_the_state_that_it_is_stored_in() {
    let service = Service::start().await;
    service.named("a", "id", "run").await;
    service.clock.advance(Duration::from_secs(300));

    assert!(service.found("state=registered").await.is_empty());
    let any = service.search("").await;
    assert_eq!(super::told(&any, "/state"), ["expired"]);
    assert_eq!(service.found("flowID=id&state=expired").await, ["a"]);

    service.sweep().await;
    assert_eq!(service.found("state=expired").await, ["a"]);
}

#[tokio::test]
async fn hints_that_no_longer_hold_make_a_page_short_and_lose_nothing() {
    let service = Service::start().await;
    for number in 0..12 {
        service.named(&format!("old-{number}"), "id", "run").await;
    }
    service.clock.advance(Duration::from_secs(300));
    service.named("new", "id", "run").await;

    let mut found = Vec::new();
    let mut pages = 0;
    let mut cursor = String::new();
    loop {
        let query = format!("state=registered&limit=1{cursor}");
        let page = service.search(&query).await;
        found.extend(super::told(&page, "/correlationID"));
        pages += 1;
        let Some(next) = page.member("/nextCursor") else {
            break;
        };
        cursor = format!("&cursor={}", next.as_str().unwrap());
    }

    assert_eq!(found, ["new"]);
    assert!((2..=13).contains(&pages), "{pages} pages");
}

#[tokio::test]
async fn records_that_cannot_be_read_are_passed_over_and_told_to_the_log() {
    use crate::contract::damage::{Damage, plant_in};

    let service = Setup {
        store: Some(Kind::Postgres),
        ..Setup::default()
    };
    let service = service.start().await;
    service.named("a", "id", "run").await;
    let damaged = service.named("correlation-1", "id", "run").await;
    service.named("c", "id", "run").await;
    plant_in(&service.place, &damaged, &Damage::Head);
    let log = Log::start();

    let found = service.found("flowID=id").await;

    assert_eq!(found, ["a", "c"]);
    let mut told = log.lines();
    told.retain(|line| line.contains("a search passed over records that cannot be read"));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(&damaged), "{told:?}");
}
