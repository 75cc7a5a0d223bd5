//! The two environments of App Attest. Keys of one mean nothing in the other.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// Which of Apple's environments attested a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// App Store, TestFlight and enterprise distribution.
    Production,
    /// Development-signed builds.
    Development,
}

impl Environment {
    /// Both, for the parsing of stored and received names.
    pub const ALL: [Environment; 2] = [Environment::Production, Environment::Development];

    /// What authenticator data names the environment by.
    #[must_use]
    pub fn aaguid(self) -> &'static [u8; 16] {
        match self {
            Environment::Production => b"appattest\0\0\0\0\0\0\0",
            Environment::Development => b"appattestdevelop",
        }
    }

    /// The environment's name in flags and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Environment::Production => "production",
            Environment::Development => "development",
        }
    }

    /// The environment that an aaguid names, if it names one.
    #[must_use]
    pub fn from_aaguid(aaguid: &[u8; 16]) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.aaguid() == aaguid)
    }

    /// The environment of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
