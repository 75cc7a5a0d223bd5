//! Starting, or saying why not.

use std::net::TcpListener;

use super::{Launch, all_of};
use crate::harness::Backend;
use crate::harness::program::INTEGRATOR;

#[tokio::test]
async fn a_bad_configuration_is_told_whole_and_exits_2() {
    let backend = Backend::start().await;
    let launch = Launch::service(&backend)
        .with("INTEGRATOR__FLOWS__MAX", "0")
        .with("APP_ATTEST_BACKEND_TIMEOUT_MS", "soon")
        .with("INTEGRATOR__NO__SUCH", "1");

    let (code, told) = launch.run_to_its_end().await;

    assert_eq!(code, Some(2), "{told}");
    for name in [
        "flows.max",
        "APP_ATTEST_BACKEND_TIMEOUT_MS",
        "INTEGRATOR__NO__SUCH",
        "3 problems",
    ] {
        assert!(told.contains(name), "{name} in {told}");
    }
}

#[tokio::test]
async fn an_address_in_use_is_told_and_exits_1() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();

    let launch = Launch::of(INTEGRATOR).arguments(&["serve", "--listen", &address]);
    let (code, told) = launch.run_to_its_end().await;

    assert_eq!(code, Some(1), "{told}");
    assert!(
        told.contains(&format!("cannot listen on {address}")),
        "{told}"
    );
    assert!(told.contains("server.listen"), "{told}");
}

#[tokio::test]
async fn an_operators_address_in_use_is_told_by_its_own_name() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    let backend = Backend::start().await;

    let launch = Launch::service(&backend).with("INTEGRATOR__OPS__LISTEN", &address);
    let (code, told) = launch.run_to_its_end().await;

    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("ops.listen"), "{told}");
}

#[tokio::test]
async fn a_service_that_listens_has_said_nothing_on_standard_error() {
    let backend = Backend::start().await;
    let (mut process, lines) = Launch::service(&backend).listening().await;
    process.start_flow().await;
    process.signal(rustix::process::Signal::TERM);
    let stderr = process.child.stderr.take().expect("its errors are piped");
    // Its log is read to its end too, so that it never waits.
    let (told, _log) = tokio::join!(all_of(stderr), all_of(lines.into_inner()));
    assert_eq!(told, "");
    assert_eq!(process.ended().await, Some(0));
}
