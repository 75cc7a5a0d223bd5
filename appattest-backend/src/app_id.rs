//! The identity of an application: `TEAMID.bundle.id`.

use std::{fmt, str::FromStr};

use sha2::{Digest as _, Sha256};

const TEAM_ID_LENGTH: usize = 10;
const MAX_LENGTH: usize = 255;

/// An application id whose shape has been checked, with its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppId {
    text: String,
    rp_id_hash: [u8; 32],
}

impl AppId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the text: what authenticator data begins with.
    #[must_use]
    pub fn rp_id_hash(&self) -> [u8; 32] {
        self.rp_id_hash
    }
}

impl FromStr for AppId {
    type Err = String;

    /// # Errors
    ///
    /// A sentence that says what is allowed.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > MAX_LENGTH || !has_shape(text) {
            return Err(String::from(
                "expected TEAMID.bundle.id: ten capital letters or digits, a dot, and a bundle \
                 id of letters, digits, '-', '_' and single dots, 255 characters at most",
            ));
        }
        Ok(Self {
            text: text.to_owned(),
            rp_id_hash: Sha256::digest(text).into(),
        })
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

fn has_shape(text: &str) -> bool {
    let Some((team, bundle)) = text.split_once('.') else {
        return false;
    };
    let in_bundle = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    team.len() == TEAM_ID_LENGTH
        && team
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        && bundle
            .split('.')
            .all(|label| !label.is_empty() && label.chars().all(in_bundle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_apple_gives_out_are_accepted() {
        for text in [
            "0352187391.com.apple.example_app_attest",
            "6MURL8TA57.de.vincent-haupert.apple-appattest-poc",
            "2F53L9ZR3N.a",
        ] {
            assert_eq!(text.parse::<AppId>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in [
            "",
            "com.example.app",
            "0352187391",
            "0352187391.",
            "0352187391.com..app",
            "035218739a.com.app",
            "0352187391.com.a pp",
            "0352187391.com.*",
        ] {
            assert!(text.parse::<AppId>().is_err(), "{text}");
        }
    }
}
