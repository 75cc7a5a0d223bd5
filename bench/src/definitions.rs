//! What a step costs beside other definitions, and within a large one.

use std::fs;
use std::net::SocketAddr;

use tempfile::TempDir;

use crate::beside::{self, Candidate};
use crate::service::Service;
use crate::{Settings, backend, large};

/// Definitions beside App Attest: as many as a folder may hold, but for one.
const OTHERS: usize = 255;

/// The folders of definitions.
struct Ground {
    empty: TempDir,
    many: TempDir,
    large: TempDir,
}

impl Ground {
    fn new() -> Self {
        let folder = || TempDir::new().expect("a folder");
        let ground = Self {
            empty: folder(),
            many: folder(),
            large: folder(),
        };
        for number in 0..OTHERS {
            let file = ground.many.path().join(format!("{number}.toml"));
            fs::write(file, large::other(number)).expect("written");
        }
        let file = ground.large.path().join("app-attest.toml");
        fs::write(file, large::app_attest()).expect("written");
        ground
    }

    /// The first one is what the others are compared with; the second tells what the comparison
    /// is worth.
    fn candidates(&self, settings: &Settings, backend: SocketAddr) -> Vec<Candidate> {
        let folders = [
            ("App Attest alone", &self.empty),
            ("the same again", &self.empty),
            ("255 large ones beside it", &self.many),
            ("App Attest itself large", &self.large),
        ];
        let candidate = |(name, folder): (&'static str, &TempDir)| {
            let folder = folder.path().display().to_string();
            let variables = [("INTEGRATOR__PROTOCOLS__DIR", folder)];
            Candidate::new(name, Service::start(&settings.program, backend, &variables))
        };
        folders.into_iter().map(candidate).collect()
    }
}

/// Measures all of them and prints the table.
pub(crate) async fn measure(settings: &Settings) {
    let ground = Ground::new();
    let backend = backend::start().await;
    let candidates = ground.candidates(settings, backend);
    beside::measure(settings, "definitions", candidates).await;
}
