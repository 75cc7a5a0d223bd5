//! Gates of the real program: turned on by either family of names, one for each backend, and left
//! alone by a hangup.

use rustix::process::Signal;

use super::backends::two_backends;
use super::{Launch, Process};
use crate::harness::service::START;
use crate::harness::{Answer, Backend, Reply, Request};

impl Launch {
    /// With gates that let one start pass and then none for a long time.
    fn with_gates(self) -> Self {
        self.with("APP_ATTEST_ADMISSION_CONTROL_ENABLED", "1")
            .with("APP_ATTEST_RATE_MIN_TPS", "0.01")
            .with("APP_ATTEST_RATE_MAX_TPS", "0.01")
            .with("INTEGRATOR__ADMISSION__BURST_MAX_TOKENS", "1")
            .with("INTEGRATOR__ADMISSION__TARGET_LATENCY_MS", "90")
    }
}

impl Process {
    async fn start_of(&self, protocol: &str) -> Reply {
        let path = format!("/v1/flows/start?protocol={protocol}");
        self.ask(Request::post(path, START)).await
    }
}

#[tokio::test]
async fn both_families_of_names_turn_the_gates_on() {
    let backend = Backend::start().await;
    let process = Launch::service(&backend).with_gates().start().await;

    let first = process.start_of("app-attest").await;
    let second = process.start_of("app-attest").await;

    first.is_answer();
    second.is_problem(429, "admission_limited");
    assert_eq!(second.member("/admission/target_ms"), Some(90.into()));
    assert_eq!(second.member("/admission/rate_tps"), Some(0.01.into()));
    let wait = second
        .header("retry-after")
        .and_then(|wait| wait.parse().ok());
    assert!(wait.is_some_and(|wait: u32| (1..=100).contains(&wait)));
}

#[tokio::test]
async fn both_families_saying_different_things_of_a_gate_stop_the_start() {
    let backend = Backend::start().await;
    let launch = Launch::service(&backend)
        .with_gates()
        .with("INTEGRATOR__ADMISSION__RATE_MAX_TPS", "0.02");

    let (code, told) = launch.run_to_its_end().await;

    assert_eq!(code, Some(2));
    assert!(told.contains("admission.rate_max_tps"), "{told}");
    assert!(told.contains("APP_ATTEST_RATE_MAX_TPS"), "{told}");
}

#[tokio::test]
async fn each_backend_has_a_gate_of_its_own() {
    let (default, shop) = (Backend::start().await, Backend::start().await);
    shop.always("/prefix/begin", Answer::json(r#"{"id":"order-1"}"#));
    let launch = two_backends(&default, &shop).with("SHOP_KEY", "Bearer s3cret");
    let process = launch.with_gates().start().await;
    process.start_of("app-attest").await.is_answer();
    let held = process.start_of("app-attest").await;
    held.is_problem(429, "admission_limited");

    let other = process.start_of("example").await;
    let other_held = process.start_of("example").await;

    other.is_answer();
    other_held.is_problem(429, "admission_limited");
    assert!(held.string("/detail").contains("'default'"));
    assert!(other_held.string("/detail").contains("'shop'"));
}

#[tokio::test]
async fn all_runtimes_share_a_gate() {
    let backend = Backend::start().await;
    let process = Launch::service(&backend).with_gates().start().await;

    let mut passed = 0;
    // Each asks on a connection of its own, and connections go to the runtimes in turn.
    for _ in 0..16 {
        passed += u32::from(process.start_of("app-attest").await.status == 200);
    }

    assert_eq!(passed, 1);
}

#[tokio::test]
async fn a_hangup_leaves_the_gates_alone() {
    let backend = Backend::start().await;
    let mut process = Launch::service(&backend).with_gates().start().await;
    process.start_of("app-attest").await.is_answer();

    process.signal(Signal::HUP);
    process.says("protocols reloaded").await;
    let held = process.start_of("app-attest").await;

    held.is_problem(429, "admission_limited");
}

#[tokio::test]
async fn the_line_that_says_where_it_listens_says_what_its_gates_do() {
    let backend = Backend::start().await;
    let launch = Launch::service(&backend).with_gates();
    let launch = launch.with("INTEGRATOR__ADMISSION__SCOPE", "all_steps");

    let (_process, first) = launch.started_with_its_first_words().await;

    let listening = first.last().expect("it has said so");
    let words = "enforce, all_steps, target 90 ms, 0.01 to 0.01 steps a second, per process";
    let field = format!(r#""admission":"{words}""#);
    assert!(listening.contains(&field), "{listening}");
}
