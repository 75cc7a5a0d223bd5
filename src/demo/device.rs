//! The simulated device: a command of the backend's program, asked for bytes.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::process::Command;

use super::DemoError;

/// A place with a test root, where devices can be made.
pub(super) struct Laboratory {
    program: PathBuf,
    folder: PathBuf,
    app: String,
}

impl Laboratory {
    pub(super) async fn new(program: &Path, folder: &Path, app: &str) -> Result<Self, DemoError> {
        let laboratory = Self {
            program: program.to_owned(),
            folder: folder.to_owned(),
            app: app.to_owned(),
        };
        let pki = laboratory.pki();
        laboratory
            .ask(
                Command::new(program)
                    .args(["device", "new-root", "--out"])
                    .arg(pki),
            )
            .await?;
        Ok(laboratory)
    }

    /// The test root, for the backend to trust.
    pub(super) fn root(&self) -> PathBuf {
        self.pki().join("root.pem")
    }

    /// A new key, attested over the challenge: `keyID_base64` and `attestationObject_base64`.
    pub(super) async fn attest(&self, device: &str, challenge: &str) -> Result<Value, DemoError> {
        let mut command = Command::new(&self.program);
        command.args(["device", "attest", "--form", "ios27", "--app", &self.app]);
        command
            .args(["--challenge", challenge, "--pki"])
            .arg(self.pki());
        command.arg("--key-file").arg(self.key(device));
        self.ask(&mut command).await
    }

    /// An assertion over the hash: `assertionObject_base64`. `defect` says what is to be wrong.
    pub(super) async fn assert(
        &self,
        device: &str,
        hash: &str,
        defect: Option<&str>,
    ) -> Result<Value, DemoError> {
        let mut command = Command::new(&self.program);
        command.args(["device", "assert", "--client-data-hash", hash]);
        command.arg("--key-file").arg(self.key(device));
        if let Some(defect) = defect {
            command.args(["--defect", defect]);
        }
        self.ask(&mut command).await
    }

    fn pki(&self) -> PathBuf {
        self.folder.join("pki")
    }

    fn key(&self, device: &str) -> PathBuf {
        self.folder.join(format!("{device}.key"))
    }

    async fn ask(&self, command: &mut Command) -> Result<Value, DemoError> {
        let output = command
            .output()
            .await
            .map_err(DemoError::io("the device cannot be asked"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(DemoError::Failed(format!("the device refused: {said}")));
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|error| DemoError::Failed(format!("the device said no JSON: {error}")))
    }
}
