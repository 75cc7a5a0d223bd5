//! Query parameters.

use super::problem::Problem;
use crate::orchestrator::code::Code;

/// The `protocol` parameter of a start; no other is known and none may be repeated.
pub(super) fn protocol(raw: Option<&str>) -> Result<Option<String>, Problem> {
    let mut protocol = None;
    for (name, value) in form_urlencoded::parse(raw.unwrap_or_default().as_bytes()) {
        if name != "protocol" {
            let detail = "unknown query parameter; start knows: protocol";
            return Err(Problem::new(Code::InvalidInput, detail));
        }
        if protocol.replace(value.into_owned()).is_some() {
            let detail = "query parameter protocol was given more than once";
            return Err(Problem::new(Code::InvalidInput, detail));
        }
    }
    Ok(protocol)
}
