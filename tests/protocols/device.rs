//! A simulated device under a test root: the reference backend's own program makes what a device
//! would send. Nothing of it is linked in here.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot arrange what it needs fails"
)]

use std::path::PathBuf;
use std::process::Command;

use integrator_testbed::program::{Program, beside};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::INTEGRATOR;

/// The application that the device's key is made in.
pub(crate) const APP: &str = "ABCDE12345.com.example.app";

/// The program that is the reference backend, and the simulated device.
pub(crate) fn reference_backend() -> PathBuf {
    beside(INTEGRATOR, "appattest-backend", "appattest-backend")
}

/// The reference backend as a process, trusting that device's root, at an address.
pub(crate) fn backend_at(address: &str, device: &Device) -> Program {
    let mut command = Command::new(reference_backend());
    command
        .args(["--listen", address, "--app", APP])
        .args(["--challenge-policy", "required"])
        .args(["--trust-anchor", &device.root()]);
    Program::start(command)
}

/// One device with one key, and the root that its certificates lead to.
pub(crate) struct Device(TempDir);

impl Device {
    pub(crate) fn new() -> Self {
        let device = Self(tempfile::tempdir().expect("a folder"));
        device.run(&["new-root", "--out", &device.path("pki")]);
        device
    }

    /// The file that `--trust-anchor` takes.
    pub(crate) fn root(&self) -> String {
        self.path("pki/root.pem")
    }

    /// What `attestKey` returns for a challenge: `keyID_base64` and `attestationObject_base64`,
    /// with `clientDataHash_base64`, which they are for; `more` are further flags.
    pub(crate) fn attest(&self, challenge: &str, more: &[&str]) -> Value {
        let (pki, key) = (self.path("pki"), self.path("key.json"));
        let challenge = format!("--challenge={challenge}");
        let mut arguments = vec!["attest", "--pki", &pki, "--key-file", &key, "--app", APP];
        arguments.push(&challenge);
        arguments.extend(more);
        self.run(&arguments)
    }

    /// What `generateAssertion` returns for a hash: `assertionObject_base64`; `more` are further
    /// flags.
    pub(crate) fn assert(&self, hash: &str, more: &[&str]) -> Value {
        let key = self.path("key.json");
        let hash = format!("--client-data-hash={hash}");
        let mut arguments = vec!["assert", "--key-file", &key, &hash];
        arguments.extend(more);
        json!({ "assertionObject_base64": self.run(&arguments)["assertionObject_base64"] })
    }

    /// Every way in which this device can be bad at `what` (`attestation` or `assertion`), with
    /// the reason that it must meet; `null` for the harmless ones.
    pub(crate) fn defects(&self, what: &str) -> Vec<(String, Value)> {
        let known = self.run(&["defects"]);
        let list = known[what].as_array().expect("a list of defects");
        let named = |defect: &Value| {
            let name = defect["name"].as_str().expect("a name");
            (name.to_owned(), defect["reason"].clone())
        };
        list.iter().map(named).collect()
    }

    /// Takes another key from here on, as after a reinstall.
    pub(crate) fn forget_key(&self) {
        let key = self.0.path().join("key.json");
        if key.exists() {
            std::fs::remove_file(key).expect("the key's file is the device's own");
        }
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_string_lossy().into_owned()
    }

    fn run(&self, arguments: &[&str]) -> Value {
        let output = Command::new(reference_backend())
            .arg("device")
            .args(arguments)
            .output()
            .expect("the device runs");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "device {arguments:?}: {told}");
        serde_json::from_slice(&output.stdout).expect("the device prints JSON")
    }
}
