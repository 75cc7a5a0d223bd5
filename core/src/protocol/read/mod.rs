//! From TOML to the shape of a definition, with every mistyped, missing or
//! unknown key on the way reported.

mod reader;

use toml::de::{DeTable, DeValue};

use super::definition::{
    CallbackDefinition, Definition, Expected, Located, OutcomeDefinition, Place, Scalar,
    StepDefinition, Text,
};
use super::limits::{DEFINITION_BYTES_MAX, STEPS_MAX};
use super::problem::Problems;
use reader::{Entries, Item};

const TOP_KEYS: &[&str] = &[
    "protocol",
    "title",
    "backend",
    "ttl",
    "retention",
    "initial",
    "terminal",
    "steps",
];
const STEP_KEYS: &[&str] = &[
    "from",
    "call",
    "require",
    "remember",
    "attach",
    "default",
    "reply",
    "outcomes",
    "flow_id",
    "expires_at",
    "repeatable",
    "unknown",
    "body",
    "headers",
    "callback",
];
const OUTCOME_KEYS: &[&str] = &["to", "status", "when", "expect"];

/// Reads what can be read of a definition.
pub(super) fn definition(text: &str, problems: &mut Problems<'_>) -> Definition {
    if text.len() > DEFINITION_BYTES_MAX {
        let message = format!("a definition is at most {DEFINITION_BYTES_MAX} bytes long");
        problems.syntax(0, message);
        return Definition::default();
    }
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut mistakes: Vec<_> = errors
        .iter()
        .map(|error| (error.span().map_or(0, |span| span.start), error.message()))
        .collect();
    mistakes.sort_unstable();
    for (at, message) in mistakes {
        problems.syntax(at, format!("not TOML: {message}"));
    }
    top(root.get_ref(), problems)
}

fn top(root: &DeTable<'_>, problems: &mut Problems<'_>) -> Definition {
    let entries = Entries::of(Place::default(), root);
    entries.refuse_unknown(TOP_KEYS, problems);
    let mut required = |key, example| entries.required(key, example, problems);
    let protocol = required("protocol", "protocol = \"app-attest\"");
    let title = required("title", "title = \"Apple App Attest\"");
    let backend = required("backend", "backend = \"default\"");
    let ttl = required("ttl", "ttl = \"5m\"");
    let initial = required("initial", "initial = \"created\"");
    let terminal = required("terminal", "terminal = [\"verified\", \"rejected\"]");
    let steps = required(
        "steps",
        "a table [steps.start], and one for each other step",
    );
    Definition {
        protocol: protocol.and_then(|value| value.text(problems)),
        title: title.and_then(|value| value.text(problems)),
        backend: backend.and_then(|value| value.text(problems)),
        ttl: ttl.and_then(|value| value.text(problems)),
        retention: entries
            .get("retention")
            .and_then(|value| value.text(problems)),
        initial: initial.and_then(|value| value.text(problems)),
        terminal: terminal.and_then(|value| value.texts(problems)),
        steps_place: steps.map(|value| value.place.clone()).unwrap_or_default(),
        steps: steps
            .and_then(|value| value.table(problems))
            .map(|table| steps_of(&table, problems))
            .unwrap_or_default(),
    }
}

fn steps_of(table: &Entries<'_>, problems: &mut Problems<'_>) -> Vec<StepDefinition> {
    if table.len() > STEPS_MAX {
        let message = format!("{} steps; at most {STEPS_MAX} are allowed", table.len());
        problems.broken(table.place(), message);
        return Vec::new();
    }
    let mut steps = Vec::new();
    for (name, value) in table.iter() {
        if let Some(entries) = value.table(problems) {
            steps.push(step(name, &entries, problems));
        }
    }
    steps
}

fn step(name: Text, entries: &Entries<'_>, problems: &mut Problems<'_>) -> StepDefinition {
    entries.refuse_unknown(STEP_KEYS, problems);
    let from = entries.required("from", "from = [\"created\"]", problems);
    let call = entries.required("call", "call = \"POST /path\"", problems);
    let outcomes = entries.required("outcomes", "outcomes = [{ to = \"registered\" }]", problems);
    let repeatable = entries.get("repeatable");
    let callback = entries.get("callback");
    StepDefinition {
        name,
        from: from.and_then(|value| value.texts(problems)),
        call: call.and_then(|value| value.text(problems)),
        require: entries.texts("require", problems),
        remember: entries.texts("remember", problems),
        attach: entries.pairs("attach", problems),
        default: entries.pairs("default", problems),
        reply: entries.pairs("reply", problems),
        outcomes: outcomes.and_then(|value| outcomes_of(value, problems)),
        flow_id: entries.text("flow_id", problems),
        expires_at: entries.text("expires_at", problems),
        repeatable: repeatable.and_then(|value| value.boolean(problems)),
        unknown: entries.text("unknown", problems),
        body: entries.text("body", problems),
        headers: entries.texts("headers", problems),
        callback: callback.and_then(|value| callback_of(value, problems)),
    }
}

fn callback_of(value: &Item<'_>, problems: &mut Problems<'_>) -> Option<CallbackDefinition> {
    let entries = value.table(problems)?;
    entries.refuse_unknown(&["match"], problems);
    let example = "match = \"/data/object/metadata/flowID\"";
    let matches = entries.required("match", example, problems);
    Some(CallbackDefinition {
        place: value.place.clone(),
        matches: matches.and_then(|value| value.text(problems)),
    })
}

fn outcomes_of(
    value: &Item<'_>,
    problems: &mut Problems<'_>,
) -> Option<Located<Vec<OutcomeDefinition>>> {
    let items = value.array(problems)?;
    let mut outcomes = Vec::new();
    for item in items {
        if let Some(entries) = item.table(problems) {
            outcomes.push(outcome(&entries, problems));
        }
    }
    Some(Located {
        place: value.place.clone(),
        value: outcomes,
    })
}

fn outcome(entries: &Entries<'_>, problems: &mut Problems<'_>) -> OutcomeDefinition {
    entries.refuse_unknown(OUTCOME_KEYS, problems);
    let to = entries.required("to", "to = \"registered\"", problems);
    let status = entries.get("status");
    let when = entries.get("when");
    OutcomeDefinition {
        place: entries.place().clone(),
        to: to.and_then(|value| value.text(problems)),
        status: status
            .and_then(|value| scalar(value, "an integer or a class such as \"4xx\"", problems)),
        when: when.map_or_else(Vec::new, |value| when_of(value, problems)),
        expect: entries.texts("expect", problems),
    }
}

fn when_of(value: &Item<'_>, problems: &mut Problems<'_>) -> Vec<(Text, Located<Expected>)> {
    let mut when = Vec::new();
    let Some(entries) = value.table(problems) else {
        return when;
    };
    for (pointer, value) in entries.iter() {
        if let Some(expected) = expected(value, problems) {
            when.push((pointer, expected));
        }
    }
    when
}

const EXPECTED_ALLOWED: &str =
    "a string, a number, true, false, { null = true } or { absent = true }";

fn expected(value: &Item<'_>, problems: &mut Problems<'_>) -> Option<Located<Expected>> {
    let DeValue::Table(table) = value.value else {
        let scalar = scalar(value, EXPECTED_ALLOWED, problems)?;
        return Some(Located {
            place: scalar.place,
            value: Expected::Is(scalar.value),
        });
    };
    let entries: Vec<_> = table.iter().collect();
    let expected = match entries.as_slice() {
        [(key, value)] if value.get_ref().as_bool() == Some(true) => match key.get_ref().as_ref() {
            "null" => Some(Expected::Null),
            "absent" => Some(Expected::Absent),
            _ => None,
        },
        _ => None,
    };
    let Some(expected) = expected else {
        problems.broken(
            &value.place,
            format!("found another table; allowed: {EXPECTED_ALLOWED}"),
        );
        return None;
    };
    Some(Located {
        place: value.place.clone(),
        value: expected,
    })
}

fn scalar(value: &Item<'_>, allowed: &str, problems: &mut Problems<'_>) -> Option<Located<Scalar>> {
    let scalar = match value.value {
        DeValue::String(text) => Scalar::Text(text.to_string()),
        DeValue::Boolean(boolean) => Scalar::Boolean(*boolean),
        DeValue::Integer(integer) if integer.radix() == 10 => {
            Scalar::Number(integer.as_str().to_owned())
        }
        DeValue::Integer(integer) => {
            // TOML promises 64 bits; beyond 128, one in another base is refused.
            let number = u128::from_str_radix(integer.as_str(), integer.radix()).ok();
            match number {
                Some(number) => Scalar::Number(number.to_string()),
                None => return value.mistyped(allowed, problems),
            }
        }
        DeValue::Float(float) => Scalar::Number(float.as_str().to_owned()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
            return value.mistyped(allowed, problems);
        }
    };
    Some(Located {
        place: value.place.clone(),
        value: scalar,
    })
}
