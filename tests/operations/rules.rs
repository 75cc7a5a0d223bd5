//! Rules: what promtool says of them, and whether each alert is told of as operators need it.

use std::net::{Ipv4Addr, SocketAddr};

use integrator_testbed::prometheus::{Server, promtool};

use crate::page::{blocks, operations, queries, repository, section, text};
use crate::scaled::scaled;
use crate::scene::over;

const FOLDER: &str = "config/prometheus";
const CASES: [&str; 6] = [
    "tests/admission.yml",
    "tests/backend.yml",
    "tests/clients.yml",
    "tests/flows.yml",
    "tests/integrator.yml",
    "tests/store.yml",
];

#[test]
fn promtool_finds_nothing_wrong_with_the_rules() {
    let folder = repository().join(FOLDER);

    let told = promtool(&folder, &["check", "rules", "recording.yml", "alerts.yml"]);

    assert!(told.is_ok(), "{told:?}");
}

#[test]
fn every_alert_fires_when_it_should_and_is_silent_when_it_should_be() {
    let folder = repository().join(FOLDER);
    let mut arguments = vec!["test", "rules"];
    arguments.extend(CASES);

    let told = promtool(&folder, &arguments);

    assert!(told.is_ok(), "{}", told.unwrap_or_else(|told| told));
}

#[test]
fn rules_whose_durations_are_divided_are_rules() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["recording.yml", "alerts.yml"] {
        let faster = scaled(&text(&format!("{FOLDER}/{name}")), 60);
        std::fs::write(folder.path().join(name), faster).expect("written");
    }

    let told = promtool(
        folder.path(),
        &["check", "rules", "recording.yml", "alerts.yml"],
    );

    assert!(told.is_ok(), "{told:?}");
}

/// The block of YAML on the page that begins so.
fn block_of(key: &str) -> String {
    let shown = blocks(&operations(), "yaml");
    let found = shown.into_iter().find(|(_, text)| text.starts_with(key));
    found.unwrap_or_else(|| panic!("no block {key}")).1
}

#[test]
fn the_scrape_configuration_of_the_page_is_one() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["recording.yml", "alerts.yml"] {
        let rules = text(&format!("{FOLDER}/{name}"));
        std::fs::write(folder.path().join(name), rules).expect("written");
    }
    let configuration = block_of("scrape_configs:");
    let file = folder.path().join("prometheus.yml");
    std::fs::write(file, configuration).expect("written");

    let told = promtool(folder.path(), &["check", "config", "prometheus.yml"]);

    assert!(told.is_ok(), "{told:?}");
}

/// Prometheus reads no rules of Alertmanager's, but parses them before it says so.
#[test]
fn the_inhibition_rules_of_the_page_are_yaml_about_alerts_that_there_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = block_of("inhibit_rules:");
    std::fs::write(folder.path().join("inhibit.yml"), &rules).expect("written");

    let told = promtool(folder.path(), &["check", "config", "inhibit.yml"]);

    let told = told.expect_err("no configuration of Prometheus");
    let complaints: Vec<_> = told.lines().filter(|line| line.contains("line ")).collect();
    let [only] = complaints.as_slice() else {
        panic!("{told}");
    };
    assert!(only.contains("field inhibit_rules not found"), "{told}");
    let alerts = text(&format!("{FOLDER}/alerts.yml"));
    let words = rules.split(|c: char| !c.is_ascii_alphanumeric());
    let named: Vec<_> = words
        .filter(|word| word.starts_with("Integrator"))
        .collect();
    assert!(named.len() > 5, "{named:?}");
    for name in named {
        let is_whole = alerts.contains(&format!("- alert: {name}\n"));
        let is_beginning = rules.contains(&format!("{name}.*"));
        assert!(is_whole || is_beginning, "no alert {name}");
    }
}

#[test]
fn every_alert_says_who_is_at_fault_and_has_its_section_and_its_cases() {
    let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
    let prometheus = Server::start(&over(nobody, 1));
    let page = operations();
    let cases = CASES.map(|name| text(&format!("{FOLDER}/{name}"))).concat();
    let asked = queries(&page);

    let alerts = prometheus.alerting_rules();

    assert!(alerts.len() > 20, "{alerts:#?}");
    for alert in &alerts {
        let name = &alert.name;
        let told = |label: &str| alert.labels.get(label).and_then(|value| value.as_str());
        let severity = told("severity").unwrap_or_default();
        let at_fault = told("at_fault").unwrap_or_default();
        assert!(["page", "ticket"].contains(&severity), "{name}: {severity}");
        let parties = ["client", "integrator", "backend"];
        assert!(parties.contains(&at_fault), "{name}: {at_fault}");
        let annotation = |key: &str| {
            let value = alert.annotations.get(key).and_then(|value| value.as_str());
            value.unwrap_or_default().to_owned()
        };
        assert!(!annotation("summary").is_empty(), "{name}");
        let description = annotation("description").to_lowercase();
        let named = format!("{at_fault} is at fault");
        let several = format!("{at_fault}s are at fault");
        let says_who = description.contains(&named) || description.contains(&several);
        assert!(says_who, "{name}: {description}");
        let runbook = format!("docs/OPERATIONS.md#{}", name.to_lowercase());
        assert_eq!(annotation("runbook"), runbook);
        let row = format!(
            "| [{name}](#{}) | {severity} | {at_fault} |",
            name.to_lowercase()
        );
        assert!(page.contains(&row), "{row}");
        let section = section(&page, name).unwrap_or_else(|| panic!("a section {name}"));
        for word in ["**Means:**", "**At fault:**", "do:**", "**Ends:**"] {
            assert!(
                section.to_lowercase().contains(&word.to_lowercase()),
                "{name} tells no {word}"
            );
        }
        assert!(
            asked.iter().any(|query| query.section == *name),
            "{name} asks nothing"
        );
        let fires = format!("alertname=\"{name}\"");
        assert!(cases.contains(&fires), "no case in which {name} fires");
        // One request among few must wake nobody.
        let waits = alert.duration_s > 0.0 || severity == "ticket" || name.contains("Lost");
        assert!(waits, "{name} pages at once");
    }
    let sections = page
        .lines()
        .filter_map(|line| line.strip_prefix("### Integrator"));
    assert_eq!(
        sections.count(),
        alerts.len(),
        "every section has its alert"
    );
}
