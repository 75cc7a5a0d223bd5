//! What happens in an incident, told as it happens: with times, with the alerts, and with what the
//! queries of the playbook show.

use std::collections::BTreeSet;
use std::time::Duration;

use appattest_integrator::clock::{Clock, SystemClock};
use integrator_testbed::http;

use super::console;
use crate::clients::member;
use crate::page::{Query, operations, queries};
use crate::scaled::scaled;
use crate::scene::Scene;

/// By how much the scene's rules are faster than those of operators.
const FACTOR: u64 = 60;
/// Long for an alert whose minutes are seconds, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(120);
/// Series of a query that are shown; there are no more of interest.
const MOST_SHOWN: usize = 6;

pub(crate) struct Story {
    pub(crate) scene: Scene,
    clock: SystemClock,
    playbook: Vec<Query>,
    fired: BTreeSet<String>,
    calm_since: Duration,
}

impl Story {
    pub(crate) fn begin(scene: Scene) -> Self {
        Self {
            scene,
            clock: SystemClock::start(),
            playbook: queries(&operations()),
            fired: BTreeSet::new(),
            calm_since: Duration::ZERO,
        }
    }

    pub(crate) fn tells(&self, what: &str) {
        println!("{:6.1} s  {what}", self.clock.monotonic().as_secs_f64());
    }

    /// Waits until the recorded rates are those of a service at work, and nothing fires. What fires
    /// from then on is the incident's: a server that has just begun finds its targets seconds later,
    /// which here are minutes.
    pub(crate) fn waits_for_calm(&mut self) {
        let prometheus = &self.scene.prometheus;
        prometheus.wait_for("calm", PATIENCE, |prometheus| {
            let rates = prometheus.query("integrator:backend_requests:rate5m > 1");
            let is_at_work = rates.is_ok_and(|series| series.len() == 3);
            (is_at_work && self.firing().is_empty()).then_some(())
        });
        self.calm_since = self.clock.monotonic();
    }

    /// Alerts that fire.
    pub(crate) fn firing(&self) -> Vec<String> {
        let alerts = self.scene.prometheus.alerts();
        let firing = alerts.into_iter().filter(|alert| alert.state == "firing");
        firing.map(|alert| alert.name).collect()
    }

    /// Waits until an alert fires, and asks what its section asks.
    pub(crate) fn fires(&mut self, name: &str) {
        let prometheus = &self.scene.prometheus;
        let what = format!("the alert {name}");
        let summary = prometheus.wait_for(&what, PATIENCE, |prometheus| {
            let mut alerts = prometheus.alerts().into_iter();
            let alert = alerts.find(|alert| alert.name == name && alert.state == "firing");
            alert.map(|alert| alert.summary)
        });
        self.tells(&format!("FIRES   {name}: {summary}"));
        self.fired.insert(name.to_owned());
        for query in self.playbook.iter().filter(|query| query.section == name) {
            self.asks(query);
        }
    }

    /// Opens the console, which must say what `scene` expects.
    pub(crate) fn shows(&self, scene: &str) {
        let url = format!("http://{}", self.scene.integrator());
        let told = console::says(&url, scene);
        self.tells(&format!("CONSOLE {}", told.join(" / ")));
    }

    /// Waits until an alert fires no more.
    pub(crate) fn ends(&self, name: &str) {
        let prometheus = &self.scene.prometheus;
        prometheus.wait_for(&format!("the end of {name}"), PATIENCE, |prometheus| {
            let fires = prometheus
                .alerts()
                .into_iter()
                .any(|alert| alert.name == name);
            (!fires).then_some(())
        });
        self.tells(&format!("ENDS    {name}"));
    }

    /// The state of a flow.
    pub(crate) fn state(&self, handle: &str) -> String {
        let status = format!("/v1/flows/{handle}/status");
        let reply = http::get(self.scene.integrator(), &status).expect("a reply");
        member(&reply, "state")
    }

    /// Nothing fires any more, and nothing has fired that was not told.
    pub(crate) fn end(self) {
        assert_eq!(self.firing(), Vec::<String>::new());
        let lasted = self.clock.monotonic().saturating_sub(self.calm_since);
        let firing = r#"ALERTS{alertstate="firing"}"#;
        let ever = format!("count_over_time({firing}[{}ms])", lasted.as_millis());
        let ever = self.scene.prometheus.query(&ever).expect("alerts are kept");
        let ever: BTreeSet<_> = ever
            .iter()
            .map(|series| series.label("alertname").to_owned())
            .collect();
        assert_eq!(ever, self.fired, "what fired is what the incident was");
        self.tells("nothing fires any more, and nothing else has fired");
    }

    fn asks(&self, query: &Query) {
        let expression = scaled(&query.expression, FACTOR);
        let series = self.scene.prometheus.query(&expression);
        let series = series.unwrap_or_else(|error| panic!("{error}: {expression}"));
        println!("          ? {}", expression.replace('\n', " "));
        for sample in series.iter().take(MOST_SHOWN) {
            let labels = sample.labels.as_object();
            let labels = labels.into_iter().flatten().filter_map(|(name, value)| {
                let is_told = !["__name__", "job", "instance"].contains(&name.as_str());
                is_told.then(|| format!("{name}={}", value.as_str().unwrap_or_default()))
            });
            let labels = labels.collect::<Vec<_>>().join(" ");
            println!("            {:10.3}  {labels}", sample.value);
        }
        assert!(
            !series.is_empty() || query.may_be_empty,
            "nothing: {expression}"
        );
    }
}
