//! A rehearsal for people: each request, what it sent, what came back, and where the flow went.

use integrator_core::protocol::duration::spelled;
use integrator_core::protocol::{Protocol, words};

use super::scene::{Called, Scene, Told};
use super::{PlayedRun, Rehearsal};

/// Longer bodies are cut.
const SHOWN_CHARS: usize = 400;

/// All that was played, then what was not as expected, then the rules that no run took.
#[must_use]
pub fn report(rehearsal: &Rehearsal, protocol: &Protocol) -> String {
    let mut lines = Vec::new();
    for run in &rehearsal.runs {
        lines.push(run.title.clone());
        for scene in &run.scenes {
            lines.extend(
                scene_lines(scene)
                    .into_iter()
                    .map(|line| format!("  {line}")),
            );
        }
        lines.push(String::new());
    }
    lines.extend(differences(rehearsal));
    lines.extend(rules(rehearsal, protocol));
    lines.push(summary(rehearsal));
    lines.join("\n") + "\n"
}

/// What of a rule that no run took is told: its step, its number and what it asks.
#[must_use]
pub fn rules(rehearsal: &Rehearsal, protocol: &Protocol) -> Vec<String> {
    let missing = rehearsal.rules_not_taken(protocol).into_iter();
    let told = missing.filter_map(|(step, place)| {
        let step = protocol.step_by_id(step);
        let rule = step.outcomes().get(place)?;
        let to = protocol.state_name(rule.to());
        let asked = words::asks(rule).join(", ");
        Some(format!(
            "no run takes {}, rule {} ({asked} → {to})",
            step.name(),
            place + 1
        ))
    });
    told.collect()
}

fn scene_lines(scene: &Scene) -> Vec<String> {
    let mut lines = Vec::new();
    if !scene.after.is_zero() {
        lines.push(format!("{} later", spelled(scene.after)));
    }
    lines.extend(scene.elapsed.iter().map(|elapsed| format!("  {elapsed}")));
    lines.push(match &scene.asked {
        Some((step, body)) => format!("{step} {}", shown(body)).trim_end().to_owned(),
        None => "a look at the flow".to_owned(),
    });
    lines.extend(scene.called.iter().flat_map(call_lines));
    lines.extend(
        scene
            .answered
            .iter()
            .map(|answer| format!("  < {}", shown(answer))),
    );
    lines.extend(told(scene));
    lines.extend(scene.differences.iter().map(|what| format!("  ! {what}")));
    lines
}

fn call_lines(called: &Called) -> Vec<String> {
    let mut lines = vec![
        format!("  > {} {}", called.line(), shown(&called.body))
            .trim_end()
            .to_owned(),
    ];
    for (name, value) in &called.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        lines.push(format!("  > {name}: {}", shown(&value)));
    }
    lines
}

fn told(scene: &Scene) -> Vec<String> {
    let mut lines = Vec::new();
    if let Told::Problem { code, detail, .. } = &scene.told {
        lines.push(format!("  {}: {detail}", code.as_str()));
    }
    let moved = match &scene.states {
        (Some(from), Some(to)) if from == to => from.clone(),
        (Some(from), Some(to)) => format!("{from} → {to}"),
        (None, Some(to)) => format!("new → {to}"),
        (_, None) => "no flow".to_owned(),
    };
    let replayed = if scene.told.is_replayed() {
        " (replayed)"
    } else {
        ""
    };
    lines.push(format!("  {moved}{replayed}"));
    lines
}

fn differences(rehearsal: &Rehearsal) -> Vec<String> {
    let mut lines = Vec::new();
    for PlayedRun { title, scenes } in &rehearsal.runs {
        for (number, scene) in (1..).zip(scenes) {
            for what in &scene.differences {
                lines.push(format!(
                    "{}: {title:?}, request {number}: {what}",
                    scene.place
                ));
            }
        }
    }
    lines
}

fn summary(rehearsal: &Rehearsal) -> String {
    let runs = counted(rehearsal.runs.len(), "run");
    let requests = counted(rehearsal.scenes().count(), "request");
    let differences = rehearsal.scenes().map(|scene| scene.differences.len());
    let came_out = match differences.sum() {
        0 => "all as expected".to_owned(),
        count => counted(count, "difference"),
    };
    format!("{runs}, {requests}: {came_out}")
}

fn counted(count: usize, of: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {of}{end}")
}

/// A text on one line, not too long.
fn shown(text: &str) -> String {
    let line = text.replace('\n', "\\n").replace('\r', "\\r");
    if line.chars().count() <= SHOWN_CHARS {
        return line;
    }
    let mut cut: String = line.chars().take(SHOWN_CHARS - 1).collect();
    cut.push('…');
    cut
}
