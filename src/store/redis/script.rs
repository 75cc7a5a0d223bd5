//! The scripts that run in the server, each on the keys of one slot, which it is given by name.

use std::fmt::Display;
use std::sync::LazyLock;

use redis::{Cmd, Script, cmd};

/// A script with its digest.
pub(super) struct Source {
    text: &'static str,
    script: LazyLock<String>,
}

macro_rules! scripts {
    ($($name:ident $file:literal)*) => {$(
        pub(super) static $name: Source = Source {
            text: concat!(include_str!("scripts/prelude.lua"), include_str!($file)),
            script: LazyLock::new(|| digest(concat!(
                include_str!("scripts/prelude.lua"),
                include_str!($file)
            ))),
        };
    )*};
}

scripts! {
    BEAT "scripts/beat.lua"
    CENSUS "scripts/census.lua"
    CONFIRM "scripts/confirm.lua"
    DROP "scripts/drop.lua"
    DUE "scripts/due.lua"
    ENTRY "scripts/entry.lua"
    INSERT "scripts/insert.lua"
    LOAD "scripts/load.lua"
    NAME "scripts/name.lua"
    NOW "scripts/now.lua"
    PUT "scripts/put.lua"
    RANGE "scripts/range.lua"
    RELEASE "scripts/release.lua"
    REPLACE "scripts/replace.lua"
    SCHEMA "scripts/schema.lua"
}

fn digest(text: &str) -> String {
    Script::new(text).get_hash().to_owned()
}

/// One call of a script.
pub(super) struct Call {
    source: &'static Source,
    keys: Vec<Vec<u8>>,
    arguments: Vec<Vec<u8>>,
}

impl Call {
    /// Of this script, with nothing yet.
    pub(super) fn of(source: &'static Source) -> Self {
        Self {
            source,
            keys: Vec::new(),
            arguments: Vec::new(),
        }
    }

    /// With one more key.
    pub(super) fn key(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.keys.push(key.into());
        self
    }

    /// With more keys.
    pub(super) fn keys<K: Into<Vec<u8>>>(mut self, keys: impl IntoIterator<Item = K>) -> Self {
        self.keys.extend(keys.into_iter().map(Into::into));
        self
    }

    /// With one more argument.
    pub(super) fn argument(mut self, argument: impl Into<Vec<u8>>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// With a number as one more argument.
    pub(super) fn number(self, number: impl Display) -> Self {
        self.argument(format!("{number}"))
    }

    /// The call by the script's digest, which a server may have forgotten.
    pub(super) fn by_digest(&self) -> Cmd {
        self.command("EVALSHA", &self.source.script)
    }

    /// The call that brings the script along.
    pub(super) fn by_text(&self) -> Cmd {
        self.command("EVAL", self.source.text)
    }

    fn command(&self, name: &str, script: &str) -> Cmd {
        let mut command = cmd(name);
        command.arg(script).arg(self.keys.len());
        for part in self.keys.iter().chain(&self.arguments) {
            command.arg(part);
        }
        command
    }
}
