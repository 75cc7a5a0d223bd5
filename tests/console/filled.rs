//! A file with so many flows in it that nothing may depend on their number.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot arrange what it needs fails"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use appattest_integrator::catalog::Catalog;
use appattest_integrator::clock::SystemClock;
use appattest_integrator::store::{self, Bounds, Created, FlowStore, Options, Stored};
use integrator_core::flow::answer::WholeAnswer;
use integrator_core::flow::ids::{AttemptId, ClaimId, Draw, Fingerprint, FlowHandle};
use integrator_core::flow::machine::{Request, Settled, Terms, create, settle};
use integrator_core::flow::record::Origin;
use integrator_core::flow::time::Now;
use integrator_core::protocol::{Protocol, read_body};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

/// How many flows are on their way to the file at once.
const AT_ONCE: u32 = 512;

/// Makes the file at `path`, with `flows` registered flows in it.
pub(crate) fn fill(path: &Path, flows: u32) {
    let bounds = Bounds {
        max_flows: u64::from(flows),
        patience: Duration::from_secs(60),
    };
    let options = Options::Sqlite {
        path: path.to_owned(),
        bounds,
    };
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let opened = store::open(options, Arc::new(SystemClock::start()));
        let store = opened.expect("a store").way();
        store.prepare().await.expect("a file");
        let catalog = Catalog::load(None, "app-attest").expect("a catalog");
        let protocol = catalog.default();
        let mut tasks = JoinSet::new();
        for number in 0..flows {
            if number >= AT_ONCE {
                tasks.join_next().await.expect("a task").expect("stored");
            }
            tasks.spawn(put(store.clone(), protocol.clone(), number));
        }
        tasks.join_all().await;
    });
}

async fn put(store: Arc<dyn FlowStore>, protocol: Arc<Protocol>, number: u32) {
    let now = store.now().await.expect("a time");
    let stored = registered(protocol, number, &now);
    let created = store.create(stored, None).await;
    assert_eq!(created, Ok(Created::Created));
}

/// A flow as a start leaves it.
fn registered(protocol: Arc<Protocol>, number: u32, now: &Now) -> Stored {
    let origin = Origin {
        handle: FlowHandle::parse(&format!("{number:032}")).expect("a handle"),
        protocol: protocol.name().into(),
        digest: protocol.digest().into(),
        correlation_id: format!("order-{number}").into(),
        keyed: None,
        issued_at: now.wall,
    };
    let body = br#"{"keyID_base64":"a2V5","attestationObject_base64":"YXR0"}"#;
    let body = read_body(body).expect("a body");
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
        lease: Duration::from_secs(5),
    };
    let begun = create(origin, &protocol, request, terms, now).expect("a flow");
    let answer = WholeAnswer {
        status: 200,
        content_type: None,
        body: format!(r#"{{"flowID":"id-{number}","expiresAt":"2100-01-01T00:00:00Z"}}"#).into(),
    };
    match settle(&begun.flow, &protocol, &begun.call, answer, now) {
        Ok(Settled::Recorded(recorded)) => Stored::new(recorded.flow, protocol),
        other => panic!("an answered start is recorded, not {other:?}"),
    }
}
