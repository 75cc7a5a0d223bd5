//! `provisioning` in front of the provisioner.

use integrator_testbed::program::Program;
use integrator_testbed::proxy::{Action, Proxy};
use serde_json::{Value, json};

use crate::direct;
use crate::harness::{Integrator, Reply, authority};

/// The integrator before a provisioner.
struct Site {
    provisioner: Program,
    integrator: Integrator,
}

impl Site {
    fn with(pools: &[&str]) -> Self {
        let provisioner = authority("provisioner", pools);
        let integrator = Integrator::of("provisioning", &provisioner.url());
        Site {
            provisioner,
            integrator,
        }
    }

    /// A flow over a machine: its handle and the provisioner's id.
    async fn preparing(&self, image: &str) -> (String, String) {
        let reply = self.integrator.start(&json!({"image": image})).await;
        assert_eq!(reply.text("/state"), "preparing");
        (reply.handle(), reply.text("/flowID"))
    }

    /// The same, with network and volume.
    async fn prepared(&self, image: &str) -> (String, String) {
        let (handle, machine) = self.preparing(image).await;
        self.ticks(2).await;
        let reply = self.step(&handle, "poll-resources").await;
        assert_eq!(reply.text("/state"), "prepared");
        (handle, machine)
    }

    async fn step(&self, handle: &str, step: &str) -> Reply {
        self.integrator.step(handle, step, &json!({})).await
    }

    /// Time passes at the provisioner.
    async fn ticks(&self, count: usize) {
        for _ in 0..count {
            direct::post(&self.provisioner, "/tick", &json!({})).await;
        }
    }

    /// What the provisioner has left: machines, networks, gigabytes.
    async fn left(&self) -> [Value; 3] {
        let pools = direct::get(&self.provisioner, "/pools").await;
        ["machines", "networks", "volumeGB"]
            .map(|name| pools.get(name).cloned().unwrap_or_default())
    }
}

#[tokio::test]
async fn a_machine_boots_when_its_network_and_its_volume_are_ready() {
    let site = Site::with(&[]);
    let (handle, _) = site.preparing("debian-13").await;
    let nothing_yet = site.step(&handle, "poll-resources").await;
    site.ticks(1).await;
    let network_only = site.step(&handle, "poll-resources").await;
    site.ticks(1).await;
    let both = site.step(&handle, "poll-resources").await;

    let booting = site.step(&handle, "boot").await;
    let not_yet = site.step(&handle, "poll-boot").await;
    site.ticks(1).await;
    let running = site.step(&handle, "poll-boot").await;

    assert_eq!(nothing_yet.text("/state"), "preparing");
    assert_eq!(nothing_yet.member("/networkID"), Value::Null);
    assert_eq!(network_only.text("/state"), "preparing");
    assert_eq!(
        network_only.text("/networkID"),
        network_only.text("/backend/networkID")
    );
    assert_eq!(both.text("/state"), "prepared");
    assert_eq!(both.text("/volumeID"), both.text("/backend/volumeID"));
    assert_eq!(booting.text("/state"), "booting");
    assert_eq!(not_yet.text("/state"), "booting");
    assert_eq!(running.text("/state"), "running");
    assert_eq!(running.member("/terminal"), true);
}

#[tokio::test]
async fn a_machine_does_not_boot_before_both_are_ready() {
    let site = Site::with(&[]);
    let (handle, machine) = site.preparing("debian-13").await;
    site.ticks(1).await;
    site.step(&handle, "poll-resources").await;

    let by_flow = site.step(&handle, "boot").await;
    let path = format!("/machines/{machine}/boot");
    let asked = json!({"networkID": "net_x", "volumeID": "vol_x"});
    let by_hand = direct::post(&site.provisioner, &path, &asked).await;

    assert_eq!(by_flow.text("/code"), "sequence_violation");
    assert_eq!(by_hand.status, 409);
    assert_eq!(by_hand.text("/error"), "NOT_PREPARED");
}

#[tokio::test]
async fn a_machine_boots_with_what_was_prepared_for_it_alone() {
    let site = Site::with(&[]);
    let (handle, machine) = site.prepared("debian-13").await;
    let others = json!({"networkID": "net_x", "volumeID": "vol_x"});

    let by_flow = site.integrator.step(&handle, "boot", &others).await;
    let path = format!("/machines/{machine}/boot");
    let by_hand = direct::post(&site.provisioner, &path, &others).await;

    assert_eq!(by_flow.text("/code"), "invalid_input");
    assert_eq!(by_hand.status, 422);
    assert_eq!(by_hand.text("/error"), "NOT_ITS_OWN");
    assert_eq!(site.step(&handle, "boot").await.text("/state"), "booting");
}

#[tokio::test]
async fn a_site_that_is_full_refuses_and_the_flow_ends() {
    let site = Site::with(&["--machines", "0"]);

    let refused = site.integrator.start(&json!({"image": "debian-13"})).await;

    assert_eq!(refused.status, 200);
    assert_eq!(refused.text("/state"), "refused");
    assert_eq!(refused.text("/backend/error"), "NO_MACHINE_LEFT");
    assert_eq!(refused.member("/flowID"), Value::Null);
}

#[tokio::test]
async fn a_volume_that_does_not_fit_fails_and_its_network_is_given_back() {
    let site = Site::with(&["--volume-gb", "9"]);
    let (handle, _) = site.preparing("debian-13").await;
    site.ticks(2).await;

    let failed = site.step(&handle, "poll-resources").await;
    let rolling_back = site.step(&handle, "rollback").await;
    site.ticks(1).await;
    let not_yet = site.step(&handle, "poll-rollback").await;
    let left_between = site.left().await;
    site.ticks(1).await;
    let rolled_back = site.step(&handle, "poll-rollback").await;

    assert_eq!(failed.text("/state"), "failed");
    assert_eq!(failed.text("/failure"), "NO_SPACE_LEFT");
    assert_eq!(rolling_back.text("/state"), "rolling_back");
    assert_eq!(not_yet.text("/state"), "rolling_back");
    assert_eq!(left_between, [7, 8, 9].map(Value::from));
    assert_eq!(rolled_back.text("/state"), "rolled_back");
    assert_eq!(site.left().await, [8, 8, 9].map(Value::from));
}

#[tokio::test]
async fn a_site_without_a_network_left_fails() {
    let site = Site::with(&["--networks", "0"]);
    let (handle, _) = site.preparing("debian-13").await;
    site.ticks(1).await;

    let failed = site.step(&handle, "poll-resources").await;

    assert_eq!(failed.text("/state"), "failed");
    assert_eq!(failed.text("/failure"), "NO_NETWORK_LEFT");
    assert_eq!(failed.member("/terminal"), false);
}

#[tokio::test]
async fn an_image_that_does_not_boot_fails_and_everything_is_given_back() {
    let site = Site::with(&[]);
    let (handle, _) = site.prepared("windows-95").await;
    site.step(&handle, "boot").await;
    site.ticks(1).await;

    let failed = site.step(&handle, "poll-boot").await;
    site.step(&handle, "rollback").await;
    site.ticks(3).await;
    let rolled_back = site.step(&handle, "poll-rollback").await;

    assert_eq!(failed.text("/state"), "failed");
    assert_eq!(failed.text("/failure"), "IMAGE_UNKNOWN");
    assert_eq!(rolled_back.text("/state"), "rolled_back");
    assert_eq!(site.left().await, [8, 8, 100].map(Value::from));
}

#[tokio::test]
async fn who_no_longer_wants_the_machine_rolls_back_before_the_boot() {
    let site = Site::with(&[]);
    let (handle, _) = site.prepared("debian-13").await;

    let rolling_back = site.step(&handle, "rollback").await;
    let boot = site.step(&handle, "boot").await;

    assert_eq!(rolling_back.text("/state"), "rolling_back");
    assert_eq!(boot.text("/code"), "sequence_violation");
}

#[tokio::test]
async fn a_running_machine_is_not_rolled_back() {
    let site = Site::with(&[]);
    let (handle, machine) = site.prepared("alpine-3").await;
    site.step(&handle, "boot").await;
    site.ticks(1).await;
    site.step(&handle, "poll-boot").await;

    let by_flow = site.step(&handle, "rollback").await;
    let path = format!("/machines/{machine}/rollback");
    let by_hand = direct::post(&site.provisioner, &path, &json!({})).await;

    assert_eq!(by_flow.text("/code"), "terminal_state");
    assert_eq!(by_hand.status, 409);
    assert_eq!(by_hand.text("/error"), "NOTHING_TO_ROLL_BACK");
}

#[tokio::test]
async fn a_machine_that_was_rolled_back_by_hand_is_not_booted() {
    let site = Site::with(&[]);
    let (handle, machine) = site.prepared("debian-13").await;
    let path = format!("/machines/{machine}/rollback");
    direct::post(&site.provisioner, &path, &json!({})).await;

    let refused = site.step(&handle, "boot").await;

    assert_eq!(refused.text("/code"), "backend_error");
    assert_eq!(refused.text("/backend/error"), "NOT_PREPARED");
    assert_eq!(site.integrator.state(&handle).await, "prepared");
}

#[tokio::test]
async fn a_start_whose_answer_is_lost_makes_one_machine() {
    let provisioner = authority("provisioner", &[]);
    let proxy = Proxy::start(provisioner.address);
    let integrator = Integrator::of("provisioning", &proxy.url(&provisioner.url()));
    let site = Site {
        provisioner,
        integrator,
    };
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", "order-17"),
    ];
    let body = json!({"image": "debian-13"}).to_string();
    proxy.when_sent(b"POST /machines", Action::LoseReply);

    let lost = site
        .integrator
        .send("/v1/flows/start", &headers, body.as_str())
        .await;
    let again = site
        .integrator
        .send("/v1/flows/start", &headers, body.as_str())
        .await;

    assert_eq!(lost.text("/code"), "backend_unavailable");
    assert_eq!(again.text("/state"), "preparing");
    assert_eq!(site.left().await, [7, 8, 100].map(Value::from));
}
