//! Problems: one schema for all, and one for each code.

use utoipa::openapi::schema::{AllOfBuilder, Type};

use super::super::codes::{CodeFacts, advice, occasion};
use super::super::shape::Presence::{Always, Sometimes};
use super::super::shape::{
    Member, Shape, base64, boolean, exactly, integer, number, object, one_of, schema, status, text,
    texts, time,
};
use super::flow::{answer, outcome};
use super::flow_handle;
use crate::orchestrator::code::Code;

/// The name of the schema of a code's problems.
pub(in super::super) fn reference(code: Code) -> String {
    let words = code.as_str().split('_').map(|word| {
        let (first, rest) = word.split_at(1);
        format!("{}{rest}", first.to_ascii_uppercase())
    });
    format!("{}Problem", words.collect::<String>())
}

pub(super) fn all() -> [(&'static str, Shape); 1] {
    let allowed = "The steps that the flow's state allows; `[]` once it has ended. A step that is \
                   held is left out.";
    let retryable = "Whether the same request may succeed later.";
    let mut members: Vec<Member> = vec![
        (
            "type",
            Always,
            text("`urn:appattest-integrator:problem:` and the code.").into(),
        ),
        ("title", Always, text("The code in words.").into()),
        (
            "status",
            Always,
            integer("The HTTP status.", 400)
                .maximum(Some(599_u32))
                .into(),
        ),
        (
            "detail",
            Always,
            text("What happened and what to do, for people.").into(),
        ),
        (
            "code",
            Always,
            one_of("What to branch on.", Code::ALL.map(Code::as_str)),
        ),
        flow_handle(Sometimes),
        ("step", Sometimes, schema("StepName")),
        (
            "state",
            Sometimes,
            text("The state that the flow is in.").into(),
        ),
        ("allowedSteps", Sometimes, texts(allowed)),
        ("retryable", Always, boolean(retryable)),
        ("admission", Sometimes, admission()),
        ("outcome", Sometimes, outcome()),
        (
            "backendStatus",
            Sometimes,
            status("The HTTP status of the backend's answer."),
        ),
    ];
    let [backend, _] = answer();
    let shown = "Instead of `backend`, where the answer is not JSON: its first 8 KiB.";
    members.extend([
        backend,
        ("backend_base64", Sometimes, base64(shown)),
        (
            "expiresAt",
            Sometimes,
            time("When the flow expires, where one is known."),
        ),
        (
            "correlationID",
            Always,
            text("Under which the log tells more.").into(),
        ),
        ("error", Always, envelope()),
    ]);
    let description = "The one body of every refusal and failure (RFC 9457). Branch on `code`; \
                       `detail` may change its words. Members that do not apply are left out.";
    [("Problem", object(description, members).into())]
}

fn admission() -> Shape {
    let member = |name, says| (name, Always, number(says).into());
    object(
        "Why admission control holds the request back.",
        [
            member(
                "ewma_ms",
                "The backend's smoothed latency; 0 before any call ended.",
            ),
            member("target_ms", "The latency that is aimed at."),
            member(
                "rate_tps",
                "Requests that may pass in a second, as it is now.",
            ),
            (
                "retry_after_ms",
                Always,
                integer(
                    "When one may pass at this rate, if no other comes first.",
                    1,
                )
                .into(),
            ),
        ],
    )
    .into()
}

fn envelope() -> Shape {
    object(
        "The same once more, for clients that read `error.code`.",
        [
            ("code", Always, text("The code.").into()),
            ("message", Always, text("The detail.").into()),
        ],
    )
    .into()
}

/// What is fixed in the problems of a code.
pub(in super::super) fn of_code(code: Code, facts: &CodeFacts) -> Shape {
    let urn = format!("urn:appattest-integrator:problem:{}", code.as_str());
    let mut members: Vec<Member> = vec![
        ("type", Always, exactly(Type::String, urn)),
        ("title", Always, exactly(Type::String, facts.title)),
        ("status", Always, exactly(Type::Integer, facts.status)),
        ("code", Always, exactly(Type::String, code.as_str())),
        ("retryable", Always, exactly(Type::Boolean, facts.retryable)),
    ];
    members.extend(always(code));
    let description = format!("{} {}", occasion(code), advice(code));
    AllOfBuilder::new()
        .item(schema("Problem"))
        .item(object("", members))
        .description(Some(description))
        .into()
}

/// Members that some codes always have.
fn always(code: Code) -> Vec<Member> {
    let flow = || {
        [
            flow_handle(Always),
            (
                "state",
                Always,
                text("The state that the flow is in.").into(),
            ),
            ("allowedSteps", Always, texts("The steps that it allows.")),
            ("expiresAt", Always, time("When the flow expires.")),
        ]
    };
    let step = || ("step", Always, schema("StepName"));
    let answered = || {
        (
            "backendStatus",
            Always,
            status("The HTTP status of the answer."),
        )
    };
    match code {
        Code::TerminalState => flow().into(),
        Code::SequenceViolation
        | Code::StepInProgress
        | Code::OutcomeUnknown
        | Code::IdempotencyKeyReused => flow().into_iter().chain([step()]).collect(),
        Code::AdmissionLimited => vec![step(), ("admission", Always, admission())],
        Code::BackendUnavailable | Code::BackendTimeout => {
            vec![step(), ("outcome", Always, outcome())]
        }
        Code::BackendError => vec![step(), ("outcome", Always, outcome()), answered()],
        Code::BackendUnclassified => flow().into_iter().chain([step(), answered()]).collect(),
        Code::InvalidInput
        | Code::Forbidden
        | Code::NotFound
        | Code::MethodNotAllowed
        | Code::RequestTimeout
        | Code::PayloadTooLarge
        | Code::UnsupportedMediaType
        | Code::Expired
        | Code::CapacityExhausted
        | Code::StoreUnavailable
        | Code::ShuttingDown
        | Code::Internal => Vec::new(),
    }
}
