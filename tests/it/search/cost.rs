//! What a search costs: so many operations of the store, whatever is stored.

use std::collections::BTreeMap;

use appattest_integrator::store::{Created, Stored};
use integrator_core::flow::answer::WholeAnswer;
use integrator_core::flow::ids::{AttemptId, ClaimId, Draw, Fingerprint, FlowHandle};
use integrator_core::flow::machine::{Request, Settled, Terms, create, settle};
use integrator_core::flow::record::Origin;
use integrator_core::protocol::read_body;

use super::told;
use crate::harness::{Reply, Service, Setup};

/// How many flows the lookup is among.
fn most(service: &Service) -> u32 {
    match service.store.kind() {
        "memory" => 100_000,
        _ => 500,
    }
}

/// A registered flow with ids of its own, stored as a start stores it in the end.
async fn store(service: &Service, number: u32) {
    let catalog = service.shared.catalogs.current();
    let protocol = catalog.default().clone();
    let now = service.store.now().await.unwrap();
    let origin = Origin {
        handle: FlowHandle::parse(&format!("{number:032}")).unwrap(),
        protocol: protocol.name().into(),
        digest: protocol.digest().into(),
        correlation_id: format!("c-{number}").into(),
        keyed: None,
        issued_at: now.wall,
    };
    let text = format!(
        r#"{{"keyID_base64":"a2V5","attestationObject_base64":"YXR0","verifyRunID":"run-{number}"}}"#
    );
    let body = read_body(text.as_bytes()).unwrap();
    let request = Request {
        step: protocol.start(),
        body: &body,
        fingerprint: Fingerprint([0; 32]),
    };
    let terms = Terms {
        draw: Draw {
            claim: ClaimId(u128::from(number)),
            attempt: AttemptId::new(&format!("attempt-{number}")),
        },
        lease: std::time::Duration::from_secs(5),
    };
    let begun = create(origin, &protocol, request, terms, &now).unwrap();
    let answer = WholeAnswer {
        status: 200,
        content_type: None,
        body: format!(r#"{{"flowID":"id-{number}"}}"#).into(),
    };
    let settled = settle(&begun.flow, &protocol, &begun.call, answer, &now);
    let Ok(Settled::Recorded(recorded)) = settled else {
        panic!("a start that is answered is recorded");
    };
    let stored = Stored::new(recorded.flow, protocol);
    let created = service.store.create(stored, None).await;
    assert_eq!(created, Ok(Created::Created));
}

/// Operations of the store so far, by name, those of the scrape aside.
async fn operations(service: &Service) -> BTreeMap<String, f64> {
    let scraped = service.get("/metrics").await;
    let name = "integrator_store_operation_duration_seconds_count{operation=\"";
    let lines = scraped.text().lines();
    let counted = lines.filter_map(|line| {
        let (operation, rest) = line.strip_prefix(name)?.split_once('"')?;
        let count = rest.rsplit_once(' ')?.1.parse().ok()?;
        (operation != "census").then(|| (operation.to_owned(), count))
    });
    counted.collect()
}

/// The page that a query brings, and the operations of the store that it took.
async fn asked(service: &Service, query: &str) -> (Reply, String) {
    let before = operations(service).await;
    let page = service.search(query).await;
    let after = operations(service).await;
    let grown = after.iter().filter_map(|(operation, count)| {
        let more = count - before.get(operation).unwrap_or(&0.0);
        (more > 0.0).then(|| format!("{operation} {more}"))
    });
    (page, grown.collect::<Vec<_>>().join(", "))
}

#[tokio::test]
async fn a_lookup_among_all_flows_takes_two_operations() {
    let service = Setup {
        max_flows: 200_000,
        ..Setup::default()
    };
    let service = service.start().await;
    let most = most(&service);
    for number in 0..most {
        store(&service, number).await;
    }
    let one = most - 7;

    for query in [
        format!("flowID=id-{one}"),
        format!("correlationID=c-{one}"),
        format!("verifyRunID=run-{one}"),
        format!("flowID=id-{one}&state=registered&protocol=app-attest"),
    ] {
        let (page, operations) = asked(&service, &query).await;
        let expected = [format!("{one:032}")];
        assert_eq!(told(&page, "/flowHandle"), expected, "{query}");
        assert_eq!(operations, "find 1, load_all 1", "{query}");
    }
    for query in [
        "limit=1",
        "state=registered&limit=200",
        "protocol=app-attest&limit=1000",
    ] {
        let (_, operations) = asked(&service, query).await;
        assert_eq!(operations, "find 1, load_all 1", "{query}");
    }
    let (_, operations) = asked(&service, "flowID=none").await;
    assert_eq!(operations, "find 1");
    let (_, operations) = asked(&service, "olderThan=1d").await;
    assert_eq!(operations, "find 1, now 1");
}

#[tokio::test]
async fn a_page_whose_hints_do_not_hold_ends_after_a_few_rounds() {
    let service = Service::start().await;
    for number in 0..20 {
        store(&service, number).await;
    }
    service.clock.advance(std::time::Duration::from_secs(300));

    let (page, operations) = asked(&service, "state=registered&limit=2").await;

    assert!(told(&page, "/flowHandle").is_empty());
    assert!(page.member("/nextCursor").is_some());
    assert_eq!(operations, "find 4, load_all 4");
}
