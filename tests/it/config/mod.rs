//! Configuration: what the layers say, and everything that is wrong with them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot arrange what it needs fails"
)]

mod admission;
mod contradictions;
mod documents;
mod environment;
mod file;
mod layers;
mod protocols;
mod ranges;
mod secrets;
mod stores;

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use appattest_integrator::config::{self, Config, Flags, Sources};
use appattest_integrator::problems::Problems;
use tempfile::TempDir;

/// Layers in a folder of their own.
struct Layers {
    directory: TempDir,
    sources: Sources,
}

impl Layers {
    /// No file, no environment, no flags.
    fn none() -> Layers {
        let directory = tempfile::tempdir().unwrap();
        let sources = Sources {
            directory: directory.path().to_owned(),
            ..Sources::default()
        };
        Layers { directory, sources }
    }

    /// With a file `a.toml`, named by `--config`.
    fn file(self, text: impl AsRef<[u8]>) -> Layers {
        let layers = self.beside("a.toml", text);
        Layers {
            sources: Sources {
                file: Some(PathBuf::from("a.toml")),
                ..layers.sources
            },
            ..layers
        }
    }

    /// With a file that nobody names.
    fn beside(self, path: &str, text: impl AsRef<[u8]>) -> Layers {
        let path = self.directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn variable(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Layers {
        self.sources.environment.push((name.into(), value.into()));
        self
    }

    fn flags(mut self, flags: Flags) -> Layers {
        self.sources.flags = flags;
        self
    }

    fn listen(self, address: &str) -> Layers {
        self.flags(Flags {
            listen: Some(address.to_owned()),
            protocols: None,
        })
    }

    fn load(&self) -> Result<Config, Problems> {
        config::load(self.sources.clone())
    }

    /// The configuration of layers with which nothing is wrong.
    fn config(&self) -> Config {
        self.load().unwrap_or_else(|problems| panic!("{problems}"))
    }

    /// What is wrong, the folder's own name taken out.
    fn problems(&self) -> String {
        let problems = self
            .load()
            .err()
            .map(|problems| problems.to_string())
            .unwrap_or_default();
        self.without_directory(&problems)
    }

    fn without_directory(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.directory.path().display()), "")
    }
}

/// What is wrong with a file.
fn problems_of(text: &str) -> String {
    Layers::none().file(text).problems()
}
