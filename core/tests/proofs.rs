//! The proofs against brute force: random small definitions, judged by the
//! compiler and by running every run there is.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends at the first thing that is not as it must be"
)]

use std::collections::BTreeSet;
use std::fmt::Write;

use integrator_core::protocol::{Classified, classify, compile};
use proptest::prelude::*;

const MEMBERS: [&str; 2] = ["m", "n"];
const POINTERS: [&str; 3] = ["/a", "/a/b", "/c"];

#[derive(Clone, Debug)]
struct Rule {
    to: usize,
    expect: Option<usize>,
}

#[derive(Clone, Debug)]
struct Step {
    from: Vec<usize>,
    rules: Vec<Rule>,
    requires: [bool; 2],
    names_flow: bool,
    attach: Vec<Source>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    FlowId,
    Request(usize, usize),
    Response(usize, usize),
}

/// Steps over states 0 (initial) to 3, and 4 (terminal). The odds are such that
/// most definitions hold together and every law is broken by many.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let rule = (
        prop::sample::select(vec![1, 1, 1, 2, 2, 2, 3, 4, 4_usize]),
        prop::option::weighted(0.8, 0..3_usize),
    )
        .prop_map(|(to, expect)| Rule { to, expect });
    let source = prop_oneof![
        1 => Just(Source::FlowId),
        2 => (0..4_usize, 0..2_usize).prop_map(|(step, member)| Source::Request(step, member)),
        6 => (0..4_usize, prop::sample::select(vec![0, 0, 2_usize])).prop_map(|(step, pointer)| Source::Response(step, pointer)),
    ];
    let step = (
        prop::collection::btree_set(prop::sample::select(vec![1, 1, 1, 2, 2, 2, 3_usize]), 1..3),
        prop::collection::vec(rule, 1..3),
        any::<[bool; 2]>(),
        prop::bool::weighted(0.3),
        prop::collection::vec(source, 1..4),
    );
    let step = step.prop_map(|(from, rules, requires, names_flow, attach)| Step {
        from: from.into_iter().collect(),
        rules,
        requires,
        names_flow,
        attach,
    });
    prop::collection::vec(step, 4).prop_map(|mut steps| {
        steps[0].from = vec![0];
        steps[0].attach.clear();
        steps
    })
}

fn step_name(step: usize) -> &'static str {
    ["start", "one", "two", "three"][step]
}

fn state_name(state: usize) -> &'static str {
    ["created", "s-one", "s-two", "s-three", "ended"][state]
}

fn source_text(source: &Source) -> String {
    match source {
        Source::FlowId => "flow:/flowID".to_owned(),
        Source::Request(step, member) => {
            format!("{}.request:/{}", step_name(*step), MEMBERS[*member])
        }
        Source::Response(step, pointer) => {
            format!("{}.response:{}", step_name(*step), POINTERS[*pointer])
        }
    }
}

fn definition(steps: &[Step]) -> String {
    let mut text = "protocol = \"random\"\ntitle = \"Random\"\nbackend = \"default\"\nttl = \"1m\"\ninitial = \"created\"\nterminal = [\"ended\"]\n".to_owned();
    for (number, step) in steps.iter().enumerate() {
        let from: Vec<String> = step
            .from
            .iter()
            .map(|state| format!("{:?}", state_name(*state)))
            .collect();
        let required: Vec<String> = (0..2)
            .filter(|member| step.requires[*member])
            .map(|member| format!("{:?}", MEMBERS[member]))
            .collect();
        let attach: Vec<String> = step
            .attach
            .iter()
            .enumerate()
            .map(|(index, source)| format!("x{index} = {:?}", source_text(source)))
            .collect();
        // The path of a call needs what `attach` needs.
        let path = step
            .attach
            .iter()
            .map(|source| format!("/{{{}}}", source_text(source)));
        let path: String = path.collect();
        let rules: Vec<String> = step
            .rules
            .iter()
            .enumerate()
            .map(|(index, rule)| {
                let expect: Vec<String> = rule
                    .expect
                    .iter()
                    .map(|pointer| format!("{:?}", POINTERS[*pointer]))
                    .collect();
                format!(
                    "{{ to = {:?}, status = {}, expect = [{}] }}",
                    state_name(rule.to),
                    200 + index,
                    expect.join(", ")
                )
            })
            .collect();
        writeln!(text, "[steps.{}]\nfrom = [{}]\ncall = \"POST /x{}\"\nremember = [\"m\", \"n\"]\nrequire = [{}]\nattach = {{ {} }}\noutcomes = [{}]", step_name(number), from.join(", "), path, required.join(", "), attach.join(", "), rules.join(", ")).unwrap();
        if step.names_flow {
            writeln!(text, "flow_id = \"response:/id\"").unwrap();
        }
    }
    text
}

/// Everything that is certain in a state after some run.
type Facts = BTreeSet<Source>;

fn after(steps: &[Step], taken: usize, rule: &Rule, facts: &Facts) -> Facts {
    let step = &steps[taken];
    let mut facts = facts.clone();
    facts.retain(
        |fact| !matches!(fact, Source::Response(of, _) | Source::Request(of, _) if *of == taken),
    );
    facts.extend(
        (0..2)
            .filter(|member| step.requires[*member])
            .map(|member| Source::Request(taken, member)),
    );
    if let Some(expected) = rule.expect {
        let holds = |pointer: &usize| POINTERS[expected].starts_with(POINTERS[*pointer]);
        facts.extend(
            (0..3)
                .filter(holds)
                .map(|pointer| Source::Response(taken, pointer)),
        );
    }
    if step.names_flow {
        facts.insert(Source::FlowId);
    }
    facts
}

/// Every state of every run, with what is certain in it.
fn runs(steps: &[Step]) -> BTreeSet<(usize, Facts)> {
    let mut seen = BTreeSet::from([(0, Facts::new())]);
    let mut open: Vec<_> = seen.iter().cloned().collect();
    while let Some((state, facts)) = open.pop() {
        for (number, step) in steps
            .iter()
            .enumerate()
            .filter(|(_, step)| step.from.contains(&state))
        {
            for rule in &step.rules {
                let next = (rule.to, after(steps, number, rule, &facts));
                if seen.insert(next.clone()) {
                    open.push(next);
                }
            }
        }
    }
    seen
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_compiler_and_every_run_agree(steps in steps()) {
        let text = definition(&steps);
        let told: Vec<String> = match compile("random.toml", &text, "digest") {
            Ok(_) => Vec::new(),
            Err(problems) => problems.iter().map(ToString::to_string).collect(),
        };
        let runs = runs(&steps);
        let named = |state: usize| steps.iter().any(|step| step.from.contains(&state) || step.rules.iter().any(|rule| rule.to == state));
        let unreachable = (1..5).filter(|state| (named(*state) || *state == 4) && !runs.iter().any(|(at, _)| at == state));
        let unreachable: Vec<usize> = unreachable.collect();
        for state in 1..5 {
            let name = format!("state {:?} is unreachable", state_name(state));
            prop_assert_eq!(told.iter().any(|line| line.contains(&name)), unreachable.contains(&state), "{}\n{:?}", text, told);
        }
        for state in 1..4 {
            let dead = named(state) && !steps.iter().any(|step| step.from.contains(&state));
            let name = format!("state {:?} is a dead end", state_name(state));
            prop_assert_eq!(told.iter().any(|line| line.contains(&name)), dead, "{}\n{:?}", text, told);
        }
        for (number, step) in steps.iter().enumerate() {
            for (index, source) in step.attach.iter().enumerate() {
                let missing = runs.iter().any(|(state, facts)| step.from.contains(state) && !facts.contains(source));
                let key = format!(": steps.{}.attach.x{index}: ", step_name(number));
                prop_assert_eq!(told.iter().any(|line| line.contains(&key)), missing, "{}\n{:?}", text, told);
                let key = format!(": steps.{}.call: {:?} ", step_name(number), source_text(source));
                prop_assert_eq!(told.iter().any(|line| line.contains(&key)), missing, "{}\n{:?}", text, told);
            }
        }
        let proved = told.iter().all(|line| ["unreachable", "dead end", "may be missing", "an earlier run"].iter().any(|law| line.contains(law)));
        prop_assert!(proved, "{}\n{:?}", text, told);
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = compile("any.toml", &text, "digest");
    }

    #[test]
    fn no_mutation_of_a_definition_panics(at in any::<prop::sample::Index>(), cut in 0..40_usize, put in "[\\[\\]\\{\\}\"=.,a-z0-9:/\n]{0,12}", steps in steps()) {
        let mut text = definition(&steps);
        let start = at.index(text.len());
        let end = (start + cut).min(text.len());
        text.replace_range(start..end, &put);
        if let Err(problems) = compile("any.toml", &text, "digest") {
            prop_assert!(!problems.is_empty());
        }
    }
}

/// What a rule may ask of `/a` and of `/a/b`.
fn conditions() -> impl Strategy<Value = String> {
    let asked = [
        "1",
        "1.0",
        "2",
        "\"\"",
        "\"x\"",
        "true",
        "{ null = true }",
        "{ absent = true }",
    ];
    let asked = || prop::option::of(prop::sample::select(asked.to_vec()));
    let expect = prop::sample::subsequence(vec!["\"/a\"", "\"/a/b\""], 0..=1);
    let status = prop::sample::select(vec!["200", "201", "\"2xx\""]);
    (asked(), asked(), expect, status).prop_map(|(a, b, expect, status)| {
        let a = a.map(|value| format!("\"/a\" = {value}"));
        let b = b.map(|value| format!("\"/a/b\" = {value}"));
        let when: Vec<String> = a.into_iter().chain(b).collect();
        let (when, expect) = (when.join(", "), expect.join(", "));
        format!("{{ to = \"ended\", status = {status}, when = {{ {when} }}, expect = [{expect}] }}")
    })
}

fn with_rules(rules: &[String]) -> String {
    let rules = rules.join(", ");
    format!(
        "protocol = \"random\"\ntitle = \"Random\"\nbackend = \"default\"\nttl = \"1m\"\ninitial = \"created\"\nterminal = [\"ended\"]\n[steps.start]\nfrom = [\"created\"]\ncall = \"POST /x\"\noutcomes = [{rules}]\n"
    )
}

/// The answers, of a pool that holds every kind of each, that a rule matches;
/// nothing if it is refused by itself.
fn matched(rule: &String) -> Option<BTreeSet<(u16, String)>> {
    let compiled = compile(
        "one.toml",
        &with_rules(std::slice::from_ref(rule)),
        "digest",
    )
    .ok()?;
    let scalars = [
        "1", "2", "\"\"", "\"x\"", "\"y\"", "true", "false", "null", "[]", "[1]",
    ];
    let mut bodies = vec!["{}".to_owned(), "[]".to_owned(), "no".to_owned()];
    for scalar in scalars {
        bodies.push(format!("{{\"a\":{scalar}}}"));
        bodies.push(format!("{{\"a\":{scalar},\"a\":1}}"));
        bodies.push(format!("{{\"a\":{{\"b\":{scalar}}}}}"));
        bodies.push(format!("{{\"a\":{{\"b\":{scalar},\"b\":1}}}}"));
    }
    bodies.push("{\"a\":{}}".to_owned());
    let answers = bodies
        .into_iter()
        .flat_map(|body| [200, 201].map(|status| (status, body.clone())));
    let taken = |(status, body): &(u16, String)| {
        matches!(
            classify(compiled.protocol.start(), *status, body.as_bytes()),
            Classified::Taken { .. }
        )
    };
    Some(answers.filter(taken).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_rule_is_refused_exactly_when_nothing_is_left_to_it(one in conditions(), other in conditions()) {
        let (Some(first), Some(second)) = (matched(&one), matched(&other)) else {
            return Ok(());
        };
        prop_assert!(!first.is_empty(), "{}", one);
        let refused = compile("two.toml", &with_rules(&[one.clone(), other.clone()]), "digest").is_err();
        prop_assert_eq!(refused, second.is_subset(&first), "{}\n{}", one, other);
    }
}

#[test]
fn a_definition_is_bounded_and_deep_toml_is_refused() {
    let long = format!("# {}\n", "x".repeat(256 * 1024));
    let told = compile("long.toml", &long, "digest").unwrap_err();
    assert_eq!(
        told[0].to_string(),
        "long.toml:1:1: a definition is at most 262144 bytes long"
    );
    for deep in [
        "a.".repeat(100_000) + "a = 1",
        "a = ".to_owned() + &"[".repeat(200_000),
    ] {
        assert!(
            !compile("deep.toml", &deep, "digest")
                .unwrap_err()
                .is_empty()
        );
    }
}
