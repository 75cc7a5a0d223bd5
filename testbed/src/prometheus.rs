//! A Prometheus server of one's own: it scrapes what a test runs, evaluates rules, and answers
//! queries over its HTTP API.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::http;
use crate::port;
use crate::process::Process;

/// How often a port may turn out to be taken before something else is wrong.
const ATTEMPTS: usize = 10;
/// The pause between two looks at something that is waited for.
const PACE: Duration = Duration::from_millis(100);

/// How a server is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its configuration, as the file says it.
    pub configuration: String,
    /// Files that lie beside the configuration, by name: rules.
    pub files: Vec<(String, String)>,
    /// How old a sample may be to count, as a Prometheus duration.
    pub lookback: String,
}

/// A server on a port and in a folder of its own; both are its own until it is dropped.
pub struct Server {
    address: SocketAddr,
    process: Option<Process>,
    _folder: TempDir,
}

/// One series of a query's result.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its labels, the name included, as JSON.
    pub labels: Value,
    /// Its value.
    pub value: f64,
}

/// An alert that is pending or firing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alert {
    /// Its name.
    pub name: String,
    /// `pending` or `firing`.
    pub state: String,
    /// What it says, filled in.
    pub summary: String,
}

/// A rule that makes an alert.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertingRule {
    /// Its name.
    pub name: String,
    /// How long it waits before it fires, in seconds.
    pub duration_s: f64,
    /// Its labels, as JSON.
    pub labels: Value,
    /// Its annotations as they are written, as JSON.
    pub annotations: Value,
}

impl Sample {
    /// A label's value; empty where there is none, as Prometheus has it.
    #[must_use]
    pub fn label(&self, name: &str) -> &str {
        text(&self.labels, &format!("/{name}"))
    }
}

impl Server {
    /// Starts a server and waits until it is ready.
    ///
    /// # Panics
    ///
    /// If it does not come up. So do all methods whose work cannot be done.
    #[must_use]
    pub fn start(options: &Options) -> Self {
        let mut told = String::new();
        for _ in 0..ATTEMPTS {
            let folder = tempfile::tempdir().expect("a temporary folder is made");
            let port = port::free();
            match options.launch(port, folder.path()) {
                Ok(process) => {
                    return Self {
                        address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
                        process: Some(process),
                        _folder: folder,
                    };
                }
                Err(log) if port::was_taken(&log) => told = log,
                Err(log) => panic!("prometheus does not come up: {log}"),
            }
        }
        panic!("prometheus found {ATTEMPTS} ports taken; the last time {told}");
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The instant value of an expression: one sample for each series, a scalar as one without
    /// labels.
    ///
    /// # Errors
    ///
    /// What Prometheus has against the expression.
    pub fn query(&self, expression: &str) -> Result<Vec<Sample>, String> {
        let data = self.ask(&format!("/api/v1/query?query={}", encoded(expression)))?;
        let result = data.pointer("/result").cloned().unwrap_or_default();
        if text(&data, "/resultType") == "scalar" {
            return Ok(vec![sample(&Value::default(), &result)]);
        }
        let series = result.as_array().cloned().unwrap_or_default();
        let metric = |series: &Value| series.get("metric").cloned().unwrap_or_default();
        let value = |series: &Value| series.get("value").cloned().unwrap_or_default();
        Ok(Vec::from_iter(
            series.iter().map(|one| sample(&metric(one), &value(one))),
        ))
    }

    /// Every alert that is pending or firing.
    #[must_use]
    pub fn alerts(&self) -> Vec<Alert> {
        let data = self.ask("/api/v1/alerts").expect("alerts are told");
        let alerts = data.pointer("/alerts").and_then(Value::as_array).cloned();
        let alert = |alert: &Value| Alert {
            name: text(alert, "/labels/alertname").to_owned(),
            state: text(alert, "/state").to_owned(),
            summary: text(alert, "/annotations/summary").to_owned(),
        };
        Vec::from_iter(alerts.unwrap_or_default().iter().map(alert))
    }

    /// The rules that make alerts.
    #[must_use]
    pub fn alerting_rules(&self) -> Vec<AlertingRule> {
        let data = self
            .ask("/api/v1/rules?type=alert")
            .expect("rules are told");
        let of = |value: &Value, name: &str| value.get(name).cloned().unwrap_or_default();
        let groups = of(&data, "groups").as_array().cloned().unwrap_or_default();
        let rules = groups
            .iter()
            .filter_map(|group| of(group, "rules").as_array().cloned());
        let rule = |rule: &Value| AlertingRule {
            name: text(rule, "/name").to_owned(),
            duration_s: of(rule, "duration").as_f64().unwrap_or_default(),
            labels: of(rule, "labels"),
            annotations: of(rule, "annotations"),
        };
        Vec::from_iter(rules.flatten().map(|one| rule(&one)))
    }

    /// Asks again and again until `found` finds something.
    ///
    /// # Panics
    ///
    /// Where it has found nothing for as long as `patience`; `what` says what was waited for.
    pub fn wait_for<T>(
        &self,
        what: &str,
        patience: Duration,
        mut found: impl FnMut(&Self) -> Option<T>,
    ) -> T {
        for _ in 0..=patience.as_millis() / PACE.as_millis() {
            if let Some(found) = found(self) {
                return found;
            }
            std::thread::park_timeout(PACE);
        }
        let alerts = self.alerts();
        panic!("{what} has not come within {patience:?}; alerts: {alerts:#?}");
    }

    /// The `data` of a successful answer.
    fn ask(&self, target: &str) -> Result<Value, String> {
        let reply = http::get(self.address, target)?;
        let answer: Value = serde_json::from_str(&reply.body)
            .map_err(|error| format!("{error} in {} {}", reply.status, reply.body))?;
        if text(&answer, "/status") == "success" {
            return Ok(answer.get("data").cloned().unwrap_or_default());
        }
        Err(text(&answer, "/error").to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
    }
}

impl Options {
    /// One run of the server, which is ready; or its log.
    fn launch(&self, port: u16, folder: &Path) -> Result<Process, String> {
        let configuration = ("prometheus.yml".to_owned(), self.configuration.clone());
        for (name, text) in self.files.iter().chain([&configuration]) {
            fs::write(folder.join(name), text).expect("a temporary folder can be written");
        }
        let mut command = Command::new("prometheus");
        command.args([
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            "--log.level=info",
            &format!("--query.lookback-delta={}", self.lookback),
            &format!("--web.listen-address=127.0.0.1:{port}"),
        ]);
        let process = Process::start(command, folder);
        match process.wait_for("Server is ready to receive web requests") {
            Ok(()) => Ok(process),
            Err(log) => {
                process.kill();
                Err(log)
            }
        }
    }
}

/// What `promtool` has to say, as the error if it finds anything wrong.
///
/// # Errors
///
/// Its output.
///
/// # Panics
///
/// Where it cannot be run.
pub fn promtool(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("promtool")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("promtool runs");
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told).into_owned();
    if output.status.success() {
        Ok(told)
    } else {
        Err(told)
    }
}

/// A pair of a time and a number written as text.
fn sample(labels: &Value, value: &Value) -> Sample {
    let value = text(value, "/1").parse();
    Sample {
        labels: labels.clone(),
        value: value.expect("Prometheus tells numbers"),
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_default()
}

/// A value for a query string: everything but unreserved characters as percent and two digits.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
