//! Whether a server may be used, and what its acknowledged writes survive.

use std::collections::BTreeMap;

use sqlx::{PgConnection, Row as _};

use super::words;
use crate::store::operations::{Durability, PrepareError, Prepared};

/// Versions before this one are not maintained any more.
const OLDEST: u32 = 130_000;

/// What the class of durability follows from.
const SETTINGS: [&str; 4] = [
    "fsync",
    "full_page_writes",
    "synchronous_commit",
    "synchronous_standby_names",
];

/// What is asked beside them.
const FURTHER: [&str; 3] = [
    "server_version_num",
    "server_encoding",
    "transaction_read_only",
];

/// Settings by name, as the server's session with us has them. One that the server does not have
/// is left out.
struct Settings(BTreeMap<String, String>);

impl Settings {
    /// A server that speaks PostgreSQL's protocol and does not know the question has none.
    async fn read(connection: &mut PgConnection) -> Self {
        let names: Vec<&str> = SETTINGS.into_iter().chain(FURTHER).collect();
        let asked = sqlx::query(
            "SELECT name, current_setting(name, true) AS value FROM unnest($1::text[]) AS name",
        );
        let rows = asked.bind(names).fetch_all(connection).await;
        let known = rows.unwrap_or_default().into_iter().filter_map(|row| {
            let value: Option<String> = row.try_get("value").ok()?;
            Some((row.try_get("name").ok()?, value?))
        });
        Self(known.collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.get(name) == Some(value)
    }
}

/// Looks at the server before anything is written to it.
pub(super) async fn judge(
    connection: &mut PgConnection,
    server: &str,
) -> Result<Prepared, PrepareError> {
    let told = sqlx::query_scalar("SELECT version()")
        .fetch_one(&mut *connection)
        .await;
    let told: String = told.map_err(|error| words::not_ready(&error, server))?;
    let recovery = sqlx::query_scalar("SELECT pg_is_in_recovery()")
        .fetch_one(&mut *connection)
        .await;
    let settings = Settings::read(connection).await;
    if let Some(reason) = unfit(&told, recovery.unwrap_or(false), &settings) {
        let reason = format!("PostgreSQL at {server} {reason}");
        return Err(PrepareError::Unsuitable(reason));
    }
    let (durability, warnings) = durability(&settings);
    let named = SETTINGS.iter().filter_map(|name| {
        let value = settings.get(name)?;
        Some(((*name).to_owned(), value.to_owned()))
    });
    Ok(Prepared {
        durability,
        version: short(&told).to_owned(),
        settings: named.collect(),
        warnings,
    })
}

/// Without the compiler and the machine that it was built for.
fn short(version: &str) -> &str {
    let product = version
        .split_once(" on ")
        .map_or(version, |(short, _)| short);
    product.split_once(" (").map_or(product, |(short, _)| short)
}

fn unfit(version: &str, is_standby: bool, settings: &Settings) -> Option<String> {
    let number = settings.get("server_version_num").unwrap_or_default();
    if number.parse::<u32>().is_ok_and(|number| number < OLDEST) {
        let (version, oldest) = (short(version), OLDEST / 10_000);
        return Some(format!(
            "is too old ({version}): upgrade it to {oldest} or later"
        ));
    }
    if is_standby {
        return Some("is a standby and takes no writes: point the URL to the primary".to_owned());
    }
    if settings.is("transaction_read_only", "on") {
        return Some(
            "takes no writes: turn default_transaction_read_only off for the server, the database and the role"
                .to_owned(),
        );
    }
    let encoding = settings.get("server_encoding").unwrap_or("UTF8");
    if !["UTF8", "SQL_ASCII"].contains(&encoding) {
        return Some(format!(
            "keeps this database in {encoding}, which does not have every character: use one with ENCODING 'UTF8'"
        ));
    }
    None
}

fn durability(settings: &Settings) -> (Durability, Vec<String>) {
    let (Some(fsync), Some(commit)) = (settings.get("fsync"), settings.get("synchronous_commit"))
    else {
        return (Durability::Unknown, Vec::new());
    };
    if fsync == "off" {
        let warning =
            "fsync is off: a loss of power may leave the whole database damaged; turn it on";
        return (Durability::StoreProcess, vec![warning.to_owned()]);
    }
    let mut warnings = Vec::new();
    if settings.is("full_page_writes", "off") {
        warnings.push(
            "full_page_writes is off: unless the file system never tears a page, a loss of power may leave the database damaged; turn it on"
                .to_owned(),
        );
    }
    let standbys = settings.get("synchronous_standby_names").unwrap_or("");
    let durability = match commit {
        "off" => {
            warnings.push(
                "synchronous_commit is off although the integrator asked for it: a proxy in between drops what a session asks for; set it for the role"
                    .to_owned(),
            );
            Durability::Second
        }
        "on" | "remote_apply" if !standbys.is_empty() => Durability::Failover,
        _ => Durability::PowerLoss,
    };
    (durability, warnings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(given: &[(&str, &str)]) -> Settings {
        let given = given.iter();
        Settings(
            given
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn what_a_write_survives_follows_from_the_settings() {
        let cases = [
            (vec![], Durability::Unknown, 0),
            (
                vec![("fsync", "on"), ("synchronous_commit", "on")],
                Durability::PowerLoss,
                0,
            ),
            (
                vec![("fsync", "off"), ("synchronous_commit", "on")],
                Durability::StoreProcess,
                1,
            ),
            (
                vec![
                    ("fsync", "on"),
                    ("synchronous_commit", "on"),
                    ("synchronous_standby_names", "b"),
                ],
                Durability::Failover,
                0,
            ),
            (
                vec![("fsync", "on"), ("synchronous_commit", "off")],
                Durability::Second,
                1,
            ),
            (
                vec![
                    ("fsync", "on"),
                    ("synchronous_commit", "local"),
                    ("synchronous_standby_names", "b"),
                    ("full_page_writes", "off"),
                ],
                Durability::PowerLoss,
                1,
            ),
        ];
        for (given, class, warnings) in cases {
            let (judged, told) = durability(&settings(&given));
            assert_eq!((judged, told.len()), (class, warnings), "{given:?}");
        }
    }

    #[test]
    fn a_server_that_cannot_serve_is_told_what_to_change() {
        let version = "PostgreSQL 12.1 (Debian 12.1-1) on x86_64, compiled by gcc";
        let old = settings(&[("server_version_num", "120001")]);
        let told = unfit(version, false, &old).unwrap();
        assert!(
            told.contains("PostgreSQL 12.1") && told.contains("13"),
            "{told}"
        );

        let fit = settings(&[
            ("server_version_num", "150001"),
            ("server_encoding", "UTF8"),
        ]);
        assert_eq!(unfit(version, false, &fit), None);
        assert!(unfit(version, true, &fit).unwrap().contains("standby"));

        let latin = settings(&[
            ("server_version_num", "150001"),
            ("server_encoding", "LATIN1"),
        ]);
        assert!(unfit(version, false, &latin).unwrap().contains("LATIN1"));
    }
}
