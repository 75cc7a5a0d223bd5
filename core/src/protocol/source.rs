//! Sources as a definition spells them.

use super::limits::POINTER_BYTES_MAX;
use super::name::{did_you_mean, quoted};
use crate::json::Pointer;

/// The members of `flow:/…`.
const FLOW_MEMBERS: &[&str] = &["flowHandle", "flowID", "correlationID"];
const FORMS: &str = "a source is \"flow:/flowHandle\", \"flow:/flowID\", \"flow:/correlationID\", \
                     \"STEP.request:/MEMBER\", \"STEP.response:/POINTER\" or \"response:/POINTER\"";

/// A source whose form is good; its step and member may not exist.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SourceText<'d> {
    FlowHandle,
    FlowId,
    CorrelationId,
    Request { step: &'d str, pointer: Pointer },
    Response { step: &'d str, pointer: Pointer },
    ThisResponse(Pointer),
}

/// Parses a source; the error is the message for the definition's author.
pub(super) fn parse(text: &str) -> Result<SourceText<'_>, String> {
    let Some((origin, way)) = text.split_once(':') else {
        return Err(format!("{} is no source; {FORMS}", quoted(text)));
    };
    match (origin, origin.rsplit_once('.')) {
        ("flow", _) => flow_member(way),
        ("response", _) => Ok(SourceText::ThisResponse(pointer(way)?)),
        (_, Some((step, "request"))) => {
            let pointer = pointer(way)?;
            Ok(SourceText::Request { step, pointer })
        }
        (_, Some((step, "response"))) => {
            let pointer = pointer(way)?;
            Ok(SourceText::Response { step, pointer })
        }
        _ => Err(format!("{} is no source; {FORMS}", quoted(text))),
    }
}

/// Parses a pointer; the error is the message for the definition's author.
pub(super) fn pointer(text: &str) -> Result<Pointer, String> {
    if text.len() > POINTER_BYTES_MAX {
        return Err(format!(
            "a pointer is at most {POINTER_BYTES_MAX} bytes long"
        ));
    }
    Pointer::parse(text).map_err(|error| format!("{} is no pointer: {error}", quoted(text)))
}

fn flow_member(way: &str) -> Result<SourceText<'static>, String> {
    match way {
        "/flowHandle" => Ok(SourceText::FlowHandle),
        "/flowID" => Ok(SourceText::FlowId),
        "/correlationID" => Ok(SourceText::CorrelationId),
        other => {
            let name = other.strip_prefix('/').unwrap_or(other);
            let meant = did_you_mean(name, FLOW_MEMBERS.iter().copied());
            let found = quoted(other);
            Err(format!(
                "a flow has no member {found}.{meant} Allowed: \"flow:/flowHandle\", \"flow:/flowID\" and \"flow:/correlationID\""
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Pointer {
        Pointer::parse(text).unwrap()
    }

    #[test]
    fn every_form_is_read() {
        assert_eq!(parse("flow:/flowHandle"), Ok(SourceText::FlowHandle));
        assert_eq!(parse("flow:/flowID"), Ok(SourceText::FlowId));
        assert_eq!(parse("flow:/correlationID"), Ok(SourceText::CorrelationId));
        let (step, pointer) = ("start", at("/keyID_base64"));
        let request = SourceText::Request { step, pointer };
        assert_eq!(parse("start.request:/keyID_base64"), Ok(request));
        let (step, pointer) = ("client-data-hash", at("/a/b:c"));
        let response = SourceText::Response { step, pointer };
        assert_eq!(parse("client-data-hash.response:/a/b:c"), Ok(response));
        assert_eq!(parse("response:"), Ok(SourceText::ThisResponse(at(""))));
    }

    #[test]
    fn other_forms_are_refused_with_the_allowed_ones() {
        for text in ["", "flow", "start:/a", "start.body:/a", "request:/a"] {
            assert!(parse(text).unwrap_err().contains(FORMS), "{text:?}");
        }
        let error = parse("flow:/flowId").unwrap_err();
        assert!(error.contains("Did you mean \"flowID\"?"), "{error}");
    }
}
