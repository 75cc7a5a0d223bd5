//! Whom a server runs as: PostgreSQL refuses to run as root.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use rustix::process::geteuid;

/// Accounts that may run a server for root, the first that is there.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

/// Another account than that of the test, where it has to be another.
#[derive(Clone, Copy)]
pub(super) struct Account(Option<(u32, u32)>);

impl Account {
    pub(super) fn for_servers() -> Self {
        if !geteuid().is_root() {
            return Self(None);
        }
        let accounts = std::fs::read_to_string("/etc/passwd").expect("/etc/passwd is read");
        let found = CANDIDATES.iter().find_map(|name| ids(&accounts, name));
        assert!(
            found.is_some(),
            "postgres does not run as root, and /etc/passwd has none of {CANDIDATES:?}: add one"
        );
        Self(found)
    }

    /// Hands over a folder.
    pub(super) fn own(self, folder: &Path) {
        if let Some((user, group)) = self.0 {
            chown(folder, Some(user), Some(group)).expect("root hands over a folder");
        }
    }

    /// Lets a command run as this account.
    pub(super) fn runs(self, command: &mut Command) {
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
    }
}

/// The numbers of the user and of the group, the third and fourth fields of its line.
fn ids(accounts: &str, name: &str) -> Option<(u32, u32)> {
    let line = accounts
        .lines()
        .find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[test]
fn an_account_is_found_by_its_whole_name() {
    let accounts = "postgresql:x:1:2::/:\npostgres:x:101:104:a:/b:/c\n";

    assert_eq!(ids(accounts, "postgres"), Some((101, 104)));
    assert_eq!(ids(accounts, "nobody"), None);
}
