//! A Prometheus comes up, evaluates what it is told to, answers queries, and ends with its owner.

use std::net::TcpStream;
use std::time::Duration;

use integrator_testbed::prometheus::{Alert, Options, Server};

const RULES: &str = r#"
groups:
  - name: one
    rules:
      - alert: Nobody
        expr: up == 0
        labels: {severity: page}
        annotations: {summary: 'nobody at {{ $labels.job }}', runbook: none}
"#;

/// A server that scrapes an address where nobody listens.
fn server() -> Server {
    Server::start(&Options {
        configuration: "global: {scrape_interval: 200ms, scrape_timeout: 200ms, \
                        evaluation_interval: 200ms}\n\
                        rule_files: [rules.yml]\n\
                        scrape_configs: [{job_name: nobody, static_configs: \
                        [{targets: ['127.0.0.1:9']}]}]\n"
            .to_owned(),
        files: vec![("rules.yml".to_owned(), RULES.to_owned())],
        lookback: "5m".to_owned(),
    })
}

#[test]
fn queries_are_answered_and_wrong_ones_refused_in_its_own_words() {
    let server = server();

    let two = server.query("1 + 1").expect("an expression");
    let vector = server.query("label_replace(vector(3), \"a\", \"b c\", \"\", \"\")");
    let wrong = server.query("sum(");

    assert_eq!(two.iter().map(|one| one.value).collect::<Vec<_>>(), [2.0]);
    let vector = vector.expect("an expression");
    let told: Vec<_> = vector
        .iter()
        .map(|one| (one.label("a"), one.value))
        .collect();
    assert_eq!(told, [("b c", 3.0)]);
    let wrong = wrong.expect_err("no expression");
    assert!(wrong.contains("parse error"), "{wrong}");
}

#[test]
fn alerts_are_told_with_their_rules() {
    let server = server();

    let alerts = server.wait_for("an alert", Duration::from_secs(60), |server| {
        let alerts = server.alerts();
        (!alerts.is_empty()).then_some(alerts)
    });

    let expected = Alert {
        name: "Nobody".to_owned(),
        state: "firing".to_owned(),
        summary: "nobody at nobody".to_owned(),
    };
    assert_eq!(alerts, [expected]);
    let rules = server.alerting_rules();
    let told: Vec<_> = rules
        .iter()
        .map(|rule| (rule.name.as_str(), rule.duration_s))
        .collect();
    assert_eq!(told, [("Nobody", 0.0)]);
}

#[test]
fn a_server_ends_with_its_owner() {
    let server = server();
    let address = server.address();

    drop(server);

    assert!(TcpStream::connect(address).is_err());
}
