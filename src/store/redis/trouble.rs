//! What the driver says, put so that whoever is on call knows what happened and what to do. A URL
//! is never part of it.

use redis::{ErrorKind, ParsingError, RedisError, ServerErrorKind};

use crate::store::operations::StoreError;

/// A command that was not answered as it should be.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    /// What happened and what to do.
    pub(super) cause: String,
    /// Whether the server refused it, having read it.
    pub(super) refused: bool,
    /// Whether a key holds something of another kind than this store keeps there.
    pub(super) wrong_kind: bool,
    /// Whether the server does not know the script that was called by its digest.
    pub(super) unknown_script: bool,
}

/// What the server's codes mean. The first that a message holds is taken: a code of a script's
/// command may stand behind others.
const CODES: [(&str, &str); 15] = [
    (
        "OOM",
        "Redis is out of memory and takes no writes; give it more (maxmemory) or free some",
    ),
    (
        "MISCONF",
        "Redis takes no writes because it could not save to disk; look at its log and its disk",
    ),
    (
        "READONLY",
        "this Redis is a replica and takes no writes; name the primary",
    ),
    ("LOADING", "Redis is still reading its data from disk; wait"),
    (
        "NOREPLICAS",
        "Redis takes no writes because too few replicas follow it (min-replicas-to-write)",
    ),
    (
        "MASTERDOWN",
        "this Redis is a replica that has lost its primary",
    ),
    (
        "WRONGPASS",
        "Redis does not take the name and password of the URL",
    ),
    ("NOAUTH", "Redis wants a password; put it into the URL"),
    (
        "NOPERM",
        "the account in the URL may not do this; extend its ACL",
    ),
    (
        "CLUSTERDOWN",
        "the Redis cluster is down; look at CLUSTER INFO",
    ),
    ("MOVED", "the Redis cluster is moving its slots; try again"),
    (
        "TRYAGAIN",
        "the Redis cluster is moving this slot; it is served when that is done",
    ),
    (
        "ASK",
        "the Redis cluster is moving this slot; it is served when that is done",
    ),
    (
        "BUSY",
        "Redis is busy with a script that does not end (SCRIPT KILL)",
    ),
    (
        "WRONGTYPE",
        "a key of this store holds something of another kind",
    ),
];

impl Trouble {
    /// With a cause that is no driver's.
    pub(super) fn new(cause: impl Into<String>) -> Self {
        Self {
            cause: cause.into(),
            refused: false,
            wrong_kind: false,
            unknown_script: false,
        }
    }

    /// A reply that is none of those that a command has.
    pub(super) fn reply(what: &str) -> Self {
        Self::new(format!("Redis gave a reply that is not understood: {what}"))
    }

    /// As the error of an operation that is not about one flow's content.
    pub(super) fn unavailable(self) -> StoreError {
        StoreError::Unavailable { cause: self.cause }
    }
}

impl From<RedisError> for Trouble {
    fn from(error: RedisError) -> Self {
        let said = error.to_string();
        let refused = matches!(
            error.kind(),
            ErrorKind::Server(_) | ErrorKind::Extension | ErrorKind::AuthenticationFailed
        );
        if refused {
            let code = error.code().unwrap_or_default();
            let known = CODES.iter().find(|(known, _)| {
                *known == code
                    || said
                        .split(|c: char| !c.is_ascii_uppercase())
                        .any(|word| word == *known)
            });
            let known = match known {
                // The driver keeps to itself what the server said.
                None if error.kind() == ErrorKind::AuthenticationFailed => {
                    CODES.iter().find(|(known, _)| *known == "WRONGPASS")
                }
                known => known,
            };
            let cause = match known {
                Some((code, meaning)) => format!("{meaning} ({code}: {})", detail(&error, &said)),
                None => format!("Redis refused: {said}"),
            };
            let wrong_kind = known.is_some_and(|(code, _)| *code == "WRONGTYPE");
            return Self {
                cause,
                refused,
                wrong_kind,
                unknown_script: error.kind() == ErrorKind::Server(ServerErrorKind::NoScript),
            };
        }
        if error.is_timeout() {
            return Self::new(format!(
                "Redis did not answer in time; see whether it runs and is not overloaded ({said})"
            ));
        }
        if error.is_connection_refusal() {
            return Self::new(format!(
                "nobody takes connections where Redis should be; see whether it runs ({said})"
            ));
        }
        if error.is_connection_dropped() {
            return Self::new(format!("the connection to Redis broke ({said})"));
        }
        Self::new(format!("Redis cannot be asked: {said}"))
    }
}

impl From<ParsingError> for Trouble {
    fn from(error: ParsingError) -> Self {
        Self::reply(&error.to_string())
    }
}

fn detail<'a>(error: &'a RedisError, said: &'a str) -> &'a str {
    error.detail().unwrap_or(said)
}
