//! What the driver and the server say, in words for whoever is on call: what happened, and what
//! to do about it. None of them tells the URL, which may hold a password.

use sqlx::Error;
use sqlx::error::DatabaseError;

use crate::store::operations::PrepareError;

/// The cause of a failure at `server`.
pub(super) fn cause(error: &Error, server: &str) -> String {
    match error {
        Error::Database(refusal) => {
            let (what, advice) = of_code(&code(refusal.as_ref()));
            let said = refusal.message();
            let code = code(refusal.as_ref());
            format!("PostgreSQL at {server} {what}: {said} (SQLSTATE {code}){advice}")
        }
        Error::Io(error) => format!(
            "PostgreSQL at {server} cannot be reached: {error}; check that it runs and that the way to it is open"
        ),
        Error::Tls(error) => format!(
            "no TLS connection with PostgreSQL at {server}: {error}; check sslmode and sslrootcert in the URL, and the server's certificate"
        ),
        error => format!("PostgreSQL at {server} was not understood: {error}"),
    }
}

/// The same while the store is made ready: whether waiting may help.
pub(super) fn not_ready(error: &Error, server: &str) -> PrepareError {
    let cause = cause(error, server);
    let is_refused = match error {
        Error::Database(refusal) => {
            let code = code(refusal.as_ref());
            ["28", "3D", "3F", "42", "0A"]
                .iter()
                .any(|class| code.starts_with(class))
        }
        Error::Tls(_) | Error::Configuration(_) => true,
        _ => false,
    };
    if is_refused {
        PrepareError::Unsuitable(cause)
    } else {
        PrepareError::Unreachable(cause)
    }
}

/// The SQLSTATE of a refusal.
pub(super) fn code(refusal: &dyn DatabaseError) -> String {
    refusal.code().unwrap_or_default().into_owned()
}

/// Whether the server took the statement back for the sake of another, so that it is to be asked
/// once more.
pub(super) fn is_to_be_repeated(error: &Error) -> bool {
    matches!(error, Error::Database(refusal) if ["40001", "40P01"].contains(&&*code(refusal.as_ref())))
}

/// Whether the connection that a statement failed on can serve others. It cannot where it broke,
/// where the server is ending or became a standby (another one may stand at its address by now),
/// or where a statement that was prepared on it is not there any more.
pub(super) fn leaves_connection_whole(error: &Error) -> bool {
    let Error::Database(refusal) = error else {
        return false;
    };
    let code = code(refusal.as_ref());
    let classes = ["22", "23", "40", "42", "53", "55"];
    code == "57014" || classes.iter().any(|class| code.starts_with(class))
}

/// What a SQLSTATE means here, and what to do.
fn of_code(code: &str) -> (&'static str, &'static str) {
    match code {
        "25006" => (
            "takes no writes",
            "; it is a standby, or default_transaction_read_only is on: point the URL to the primary, or turn that setting off",
        ),
        "3D000" => (
            "has no such database",
            "; create it, or correct the URL's path",
        ),
        "42501" => (
            "does not grant the role what it needs",
            "; grant it SELECT, INSERT, UPDATE and DELETE on the integrator's tables, and CREATE on their schema while it is to make them",
        ),
        "42P01" => (
            "does not show the integrator's tables",
            "; they were dropped, or search_path leads elsewhere",
        ),
        "53100" => (
            "has no room left on its disk",
            "; make room where its data or its write-ahead log lie",
        ),
        "53300" => (
            "takes no more connections",
            "; raise max_connections, or run fewer processes",
        ),
        "55P03" => (
            "did not grant a lock in time",
            "; look into pg_locks for who holds the integrator's tables",
        ),
        "57014" => (
            "took too long and was stopped",
            "; it is overloaded, its disk is slow, or its tables need VACUUM and ANALYZE",
        ),
        "57P01" | "57P02" => ("is being shut down", "; start it again"),
        "57P03" => ("is not up yet", "; wait, or see its log"),
        code if code.starts_with("28") => (
            "refuses the login",
            "; check user and password in the URL, and the server's pg_hba.conf",
        ),
        code if code.starts_with("08") => (
            "broke the connection off",
            "; see its log, and that of the proxy before it",
        ),
        code if code.starts_with("53") => ("has run out of a resource", "; see its log"),
        _ => ("refuses", "; see its log"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_is_refused_is_told_with_the_words_of_the_system() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let error = Error::Io(refused);

        let told = cause(&error, "db:5432");

        assert!(
            told.contains("db:5432") && told.contains("refused"),
            "{told}"
        );
        assert!(matches!(
            not_ready(&error, "db:5432"),
            PrepareError::Unreachable(_)
        ));
        assert!(!leaves_connection_whole(&error));
        assert!(!is_to_be_repeated(&error));
    }

    #[test]
    fn waiting_does_not_help_a_certificate_that_is_not_trusted() {
        let error = Error::Tls("invalid peer certificate: UnknownIssuer".into());

        assert!(matches!(
            not_ready(&error, "db:5432"),
            PrepareError::Unsuitable(told) if told.contains("UnknownIssuer")
        ));
    }
}
