//! Which declared outcome an answer selects: looks, never rebuilds.

use super::step::Step;
use super::table::StateId;
use crate::json::{Decimal, Kind, Pointer, Resolved, Value};
use crate::rfc3339;

/// The greatest number of containers open at once in an answer that counts as
/// JSON.
pub const ANSWER_DEPTH_MAX: usize = 512;

/// One rule: which answers it matches, and the state that they lead to.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub(super) to: StateId,
    pub(super) status: StatusSet,
    /// What `when` and `expect` ask, and what `flow_id` implies.
    pub(super) conditions: Vec<(Pointer, Condition)>,
}

/// The HTTP statuses that a rule matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusSet {
    /// One status.
    Exactly(u16),
    /// All statuses with this first digit.
    Class(u8),
}

/// What a rule asks of the place that a pointer leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// This string, compared after unescaping.
    Text(String),
    /// This number, compared by exact value.
    Number(Decimal),
    /// This truth value.
    Boolean(bool),
    /// `null`.
    Null,
    /// Nothing.
    Absent,
    /// Any string of at least one character.
    NonEmptyString,
}

/// What an answer means to a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Classified<'a> {
    /// A rule matches.
    Taken {
        /// The state that the answer leads to.
        to: StateId,
        /// The backend's id of the flow, as JSON text: a non-empty string.
        flow_id: Option<Value<'a>>,
        /// The flow's new deadline: the backend's own text, and the instant.
        expires_at: Option<(Value<'a>, jiff::Timestamp)>,
    },
    /// The answer cannot be placed: the flow ends in `error`.
    Unclassified {
        /// Why, in the definition's words; nothing of the answer is repeated.
        reason: String,
    },
    /// No rule matches a status other than 2xx: the flow stays as it is.
    NotTaken,
}

/// A deadline that is there but cannot be read.
struct BadDeadline;

/// Says what an answer with this status and body means to a step.
///
/// Rules are tried in order. A rule with pointers (those that `flow_id` implies
/// included) matches only JSON, and no answer in which a pointer passes a
/// doubled name; one without pointers matches by status alone. Whatever the
/// status, an answer that a rule takes must not hold a deadline that cannot be
/// read.
#[must_use]
pub fn classify<'a>(step: &Step, status: u16, body: &'a [u8]) -> Classified<'a> {
    let json = Value::parse(body, ANSWER_DEPTH_MAX).ok();
    let Some((_, rule)) = first_match(step, status, json.as_ref()) else {
        return no_rule(step, status, json.is_some());
    };
    match deadline(step, json.as_ref()) {
        Ok(expires_at) => Classified::Taken {
            to: rule.to,
            flow_id: flow_id(step, json.as_ref()),
            expires_at,
        },
        Err(BadDeadline) => Classified::Unclassified {
            reason: bad_deadline_reason(step),
        },
    }
}

/// The place, among the step's outcomes, of the rule that an answer with this status and body
/// selects.
#[must_use]
pub fn selected(step: &Step, status: u16, body: &[u8]) -> Option<usize> {
    let json = Value::parse(body, ANSWER_DEPTH_MAX).ok();
    first_match(step, status, json.as_ref()).map(|(place, _)| place)
}

fn first_match<'s>(
    step: &'s Step,
    status: u16,
    json: Option<&Value<'_>>,
) -> Option<(usize, &'s Outcome)> {
    let mut rules = step.outcomes().iter().enumerate();
    rules.find(|(_, rule)| rule.matches(status, json))
}

impl Outcome {
    /// The state that a matching answer leads to.
    #[must_use]
    pub const fn to(&self) -> StateId {
        self.to
    }

    /// The statuses that it matches.
    #[must_use]
    pub const fn status(&self) -> StatusSet {
        self.status
    }

    /// What it asks of the answer: `when`, `expect`, and what `flow_id`
    /// implies.
    #[must_use]
    pub fn conditions(&self) -> &[(Pointer, Condition)] {
        &self.conditions
    }

    fn matches(&self, status: u16, json: Option<&Value<'_>>) -> bool {
        if !self.status.contains(status) {
            return false;
        }
        let holds = |(pointer, condition): &(Pointer, Condition)| {
            json.is_some_and(|json| condition.holds(json.resolve(pointer)))
        };
        self.conditions.iter().all(holds)
    }
}

impl StatusSet {
    /// Whether it holds this status.
    #[must_use]
    pub fn contains(self, status: u16) -> bool {
        match self {
            Self::Exactly(exact) => exact == status,
            Self::Class(digit) => status / 100 == u16::from(digit),
        }
    }

    /// Whether it holds every status of another set.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        match other {
            Self::Exactly(status) => self.contains(status),
            Self::Class(_) => self == other,
        }
    }

    /// Whether it holds a 2xx status.
    #[must_use]
    pub const fn can_succeed(self) -> bool {
        match self {
            Self::Exactly(status) => status / 100 == 2,
            Self::Class(digit) => digit == 2,
        }
    }
}

impl Condition {
    fn holds(&self, resolved: Resolved<'_>) -> bool {
        let value = match resolved {
            Resolved::Found(value) => value,
            Resolved::Absent => return *self == Self::Absent,
            Resolved::Doubled => return false,
        };
        match self {
            Self::Text(text) => value
                .decoded_string()
                .is_some_and(|string| *string == *text.as_bytes()),
            Self::Number(number) => Decimal::parse(value.raw()).as_ref() == Some(number),
            Self::Boolean(true) => value.kind() == Kind::True,
            Self::Boolean(false) => value.kind() == Kind::False,
            Self::Null => value.kind() == Kind::Null,
            Self::Absent => false,
            Self::NonEmptyString => value.is_nonempty_string(),
        }
    }
}

/// The backend's id of the flow, if the answer holds one. Where a rule needs
/// it, that has been asked already.
fn flow_id<'a>(step: &Step, json: Option<&Value<'a>>) -> Option<Value<'a>> {
    match json?.resolve(step.flow_id()?) {
        Resolved::Found(value) if value.is_nonempty_string() => Some(value),
        Resolved::Found(_) | Resolved::Absent | Resolved::Doubled => None,
    }
}

fn deadline<'a>(
    step: &Step,
    json: Option<&Value<'a>>,
) -> Result<Option<(Value<'a>, jiff::Timestamp)>, BadDeadline> {
    let (Some(json), Some(pointer)) = (json, step.expires_at()) else {
        return Ok(None);
    };
    let value = match json.resolve(pointer) {
        Resolved::Absent => return Ok(None),
        Resolved::Found(value) if value.kind() == Kind::Null => return Ok(None),
        Resolved::Found(value) => value,
        Resolved::Doubled => return Err(BadDeadline),
    };
    let decoded = value.decoded_string().ok_or(BadDeadline)?;
    let text = core::str::from_utf8(&decoded).map_err(|_| BadDeadline)?;
    let instant = rfc3339::parse(text).ok_or(BadDeadline)?;
    Ok(Some((value, instant)))
}

fn no_rule<'a>(step: &Step, status: u16, is_json: bool) -> Classified<'a> {
    if status / 100 != 2 {
        return Classified::NotTaken;
    }
    let name = step.name();
    let reason = if is_json {
        let asked = step.flow_id().map_or_else(String::new, |pointer| {
            format!(
                " (`flow_id` asks each for a non-empty string at {:?})",
                pointer.to_string()
            )
        });
        format!("no outcome of step '{name}' matches the backend's {status} answer{asked}")
    } else {
        format!(
            "the backend's {status} answer is not JSON, and no outcome of step '{name}' matches it by status alone"
        )
    };
    Classified::Unclassified { reason }
}

fn bad_deadline_reason(step: &Step) -> String {
    let name = step.name();
    let pointer = step.expires_at().map(ToString::to_string);
    let pointer = pointer.unwrap_or_default();
    format!(
        "expires_at of step '{name}' ({pointer}) is neither null nor one RFC 3339 date-time in the backend's answer"
    )
}
