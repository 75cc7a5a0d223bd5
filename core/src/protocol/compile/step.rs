//! One step: names, references and bounds.

use super::super::definition::{StepDefinition, Text, Texts};
use super::super::name::{NAME_PATTERN, is_name, quoted};
use super::super::problem::Problems;
use super::super::source::{self, SourceText};
use super::super::step::{Step, Unknown};
use super::super::table::{START, StateId, StepId};
use super::scope::Scope;
use super::{call, members, rules};
use crate::json::Pointer;

/// Names that URLs use beside the steps.
const RESERVED: &[&str] = &["status", "history", "events", "steps", "expire"];

pub(super) fn step(
    id: StepId,
    definition: &StepDefinition,
    scope: &Scope<'_>,
    problems: &mut Problems<'_>,
) -> Step {
    check_name(&definition.name, problems);
    members::check_apart(definition, problems);
    let is_start = id == scope.start;
    let flow_id = this_response(definition.flow_id.as_ref(), problems);
    let mut sources = |pairs, place| members::sources(pairs, place, id, scope, problems);
    let attach = sources(&definition.attach, members::SourcePlace::Attach);
    let default = sources(&definition.default, members::SourcePlace::Default);
    let reply = sources(&definition.reply, members::SourcePlace::Reply);
    Step {
        id,
        name: definition.name.value.clone(),
        from: from(definition.from.as_ref(), is_start, scope, problems),
        path: call::path(definition, id, scope, problems),
        sends: call::sends(definition, problems),
        headers: call::headers(definition, problems),
        callback: call::callback(definition, is_start, problems),
        require: members::names(definition.require.as_ref(), problems),
        remember: members::names(definition.remember.as_ref(), problems),
        attach,
        default,
        reply,
        outcomes: rules::outcomes(definition, flow_id.as_ref(), scope, problems),
        flow_id,
        expires_at: this_response(definition.expires_at.as_ref(), problems),
        repeatable: definition
            .repeatable
            .as_ref()
            .is_some_and(|flag| flag.value),
        unknown: unknown(definition.unknown.as_ref(), problems),
        keep: Vec::new(),
    }
}

fn check_name(name: &Text, problems: &mut Problems<'_>) {
    let found = quoted(&name.value);
    if RESERVED.contains(&name.value.as_str()) {
        let message = format!("{found} is a path of every flow; choose another step name");
        problems.wrong(&name.place, message);
    } else if !is_name(&name.value) {
        let message = format!("{found} is no step name; a name is {NAME_PATTERN}");
        problems.wrong(&name.place, message);
    }
}

fn from(
    names: Option<&Texts>,
    is_start: bool,
    scope: &Scope<'_>,
    problems: &mut Problems<'_>,
) -> Vec<StateId> {
    let mut from = Vec::new();
    let Some(names) = names else {
        return from;
    };
    let initial = scope.state_name(scope.initial);
    for name in &names.value {
        let Some(state) = scope.state(&name.value) else {
            continue;
        };
        if from.contains(&state) {
            problems.wrong(
                &name.place,
                format!("{:?} is named twice; once is enough", name.value),
            );
            continue;
        }
        if state == scope.initial && !is_start {
            let message = format!(
                "only step {START:?} leaves the initial state {initial:?}: take it out, and name the states that lead here"
            );
            problems.broken(&name.place, message);
        }
        from.push(state);
    }
    if names.value.is_empty() {
        problems.broken(&names.place, "name at least one state");
    } else if is_start && from != [scope.initial] {
        let message = format!("step {START:?} makes new flows: write from = [{initial:?}]");
        problems.broken(&names.place, message);
    }
    from
}

/// A place in this step's own answer.
fn this_response(text: Option<&Text>, problems: &mut Problems<'_>) -> Option<Pointer> {
    let text = text?;
    let problem = match source::parse(&text.value) {
        Ok(SourceText::ThisResponse(pointer)) => return Some(pointer),
        Ok(_) => "only this step's own answer can give it: write \"response:/POINTER\"".to_owned(),
        Err(_) if text.value.starts_with('/') => format!(
            "write \"response:{}\": a place in this step's own answer",
            text.value
        ),
        Err(message) => message,
    };
    problems.broken(&text.place, problem);
    None
}

fn unknown(text: Option<&Text>, problems: &mut Problems<'_>) -> Unknown {
    match text.map(|text| (text, text.value.as_str())) {
        None | Some((_, "retry")) => Unknown::Retry,
        Some((_, "hold")) => Unknown::Hold,
        Some((text, found)) => {
            let found = quoted(found);
            let message = format!("found {found}; allowed: \"retry\" (the default) and \"hold\"");
            problems.wrong(&text.place, message);
            Unknown::Retry
        }
    }
}
