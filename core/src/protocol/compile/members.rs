//! The members of requests and observations, and where their values come from.

use super::super::definition::{Pairs, StepDefinition, Text, Texts};
use super::super::limits::{MEMBER_BYTES_MAX, MEMBERS_MAX};
use super::super::name::{did_you_mean, is_member_name, listed, quoted};
use super::super::problem::Problems;
use super::super::source::{self, SourceText};
use super::super::step::Source;
use super::super::table::{START, StepId};
use super::scope::Scope;
use crate::json::Pointer;

/// The members that every observation has by itself.
const OBSERVATION_MEMBERS: &[&str] = &[
    "flowHandle",
    "flowID",
    "protocol",
    "state",
    "terminal",
    "issuedAt",
    "expiresAt",
    "correlationID",
    "lastBackendStatus",
    "backend",
    "backend_base64",
];

/// Where a source stands, which says what it may refer to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SourcePlace {
    Attach,
    Default,
    Reply,
    Path,
}

/// A list of member names without the bad ones, which are reported.
pub(super) fn names(texts: Option<&Texts>, problems: &mut Problems<'_>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let Some(texts) = texts else {
        return names;
    };
    if texts.value.len() > MEMBERS_MAX {
        let message = format!(
            "{} names; at most {MEMBERS_MAX} are allowed",
            texts.value.len()
        );
        problems.broken(&texts.place, message);
        return names;
    }
    for text in &texts.value {
        if names.contains(&text.value) {
            problems.wrong(
                &text.place,
                format!("{} is named twice; once is enough", quoted(&text.value)),
            );
        } else {
            check_member_name(text, problems);
            names.push(text.value.clone());
        }
    }
    names
}

/// A table of members and their sources without the bad ones.
pub(super) fn sources(
    pairs: &Pairs,
    place: SourcePlace,
    own: StepId,
    scope: &Scope<'_>,
    problems: &mut Problems<'_>,
) -> Vec<(String, Source)> {
    if let Some((name, _)) = pairs.get(MEMBERS_MAX) {
        let message = format!("too many members; at most {MEMBERS_MAX} are allowed in a table");
        problems.broken(&name.place, message);
        return Vec::new();
    }
    let mut sources = Vec::new();
    for (name, text) in pairs {
        check_member_name(name, problems);
        if place == SourcePlace::Reply && OBSERVATION_MEMBERS.contains(&name.value.as_str()) {
            let message = format!(
                "every observation has {:?} by itself; choose another name",
                name.value
            );
            problems.wrong(&name.place, message);
        }
        match source(&text.value, place, own, scope) {
            Ok(source) => sources.push((name.value.clone(), source)),
            Err(message) => problems.broken(&text.place, message),
        }
    }
    sources
}

/// What a path, `attach` and `default` cannot hold.
const NOT_OF_THIS_REQUEST: &str = "Members of the request itself are no source for its own call: they are sent in its body, or in the query of a GET";

/// What a source refers to; the error is the message for the author.
pub(super) fn source(
    text: &str,
    place: SourcePlace,
    own: StepId,
    scope: &Scope<'_>,
) -> Result<Source, String> {
    let parsed = source::parse(text).map_err(|message| match place {
        SourcePlace::Path => format!("{message}. {NOT_OF_THIS_REQUEST}"),
        SourcePlace::Attach | SourcePlace::Default | SourcePlace::Reply => message,
    });
    match parsed? {
        SourceText::FlowHandle => Ok(Source::FlowHandle),
        SourceText::CorrelationId => Ok(Source::CorrelationId),
        SourceText::FlowId if own == scope.start => Err(format!(
            "a flow has no flowID before step {START:?} is answered: \"flow:/flowID\" cannot stand in it"
        )),
        SourceText::FlowId => Ok(Source::FlowId),
        SourceText::ThisResponse(pointer) if place == SourcePlace::Reply => {
            Ok(Source::ThisResponse(pointer))
        }
        SourceText::ThisResponse(_) => Err(
            "this step's answer is not there when its request is made; \"response:\" stands only in flow_id, expires_at and reply".to_owned(),
        ),
        SourceText::Request { step, pointer } => {
            request(step, pointer, scope).map_err(|message| {
                let is_own = place != SourcePlace::Reply && scope.step(step) == Some(own);
                if is_own { NOT_OF_THIS_REQUEST.to_owned() } else { message }
            })
        }
        SourceText::Response { step, pointer } => {
            let step = known_step(step, scope)?;
            Ok(Source::Response { step, pointer })
        }
    }
}

fn request(name: &str, pointer: Pointer, scope: &Scope<'_>) -> Result<Source, String> {
    let step = known_step(name, scope)?;
    let remembered = scope.remembered(step);
    let Some(member) = pointer.tokens().first() else {
        return Err(format!(
            "only single members of a request are remembered: write \"{name}.request:/MEMBER\""
        ));
    };
    if remembered.contains(&member.as_str()) {
        return Ok(Source::Request { step, pointer });
    }
    let meant = did_you_mean(member, remembered.iter().copied());
    let known = listed(remembered.iter().copied());
    let member = quoted(member);
    Err(format!(
        "step {name:?} does not remember {member}.{meant} It remembers: {known}. Add {member} to its `remember`"
    ))
}

fn known_step(name: &str, scope: &Scope<'_>) -> Result<StepId, String> {
    scope.step(name).ok_or_else(|| {
        let meant = did_you_mean(name, scope.step_names());
        let steps = listed(scope.step_names());
        format!("there is no step {}.{meant} Steps: {steps}", quoted(name))
    })
}

/// One name stands in one of `require`, `attach` and `default` only.
pub(super) fn check_apart(definition: &StepDefinition, problems: &mut Problems<'_>) {
    let require: Vec<&Text> = definition
        .require
        .iter()
        .flat_map(|names| &names.value)
        .collect();
    let attach: Vec<&Text> = definition.attach.iter().map(|(name, _)| name).collect();
    let default: Vec<&Text> = definition.default.iter().map(|(name, _)| name).collect();
    let holds = |names: &[&Text], name: &Text| names.iter().any(|other| other.value == name.value);
    for name in &attach {
        if holds(&require, name) {
            let why = "callers must send what is required and may not send what is attached";
            problems.wrong(&name.place, in_two(name, "require", "attach", why));
        }
    }
    for name in &default {
        if holds(&require, name) {
            let why = "a required member is always sent, so nothing is ever added";
            problems.wrong(&name.place, in_two(name, "require", "default", why));
        }
        if holds(&attach, name) {
            let why = "an attached member is always added";
            problems.wrong(&name.place, in_two(name, "attach", "default", why));
        }
    }
}

fn in_two(name: &Text, one: &str, other: &str, why: &str) -> String {
    let name = quoted(&name.value);
    format!("{name} stands in `{one}` and in `{other}`: {why}. Keep it in one of them")
}

fn check_member_name(name: &Text, problems: &mut Problems<'_>) {
    if !is_member_name(&name.value) {
        let found = quoted(&name.value);
        let message = format!(
            "{found} is no member name; a name has 1 to {MEMBER_BYTES_MAX} bytes and no control characters"
        );
        problems.wrong(&name.place, message);
    }
}
