//! The dashboard: whether Grafana could show it, and what it asks.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::page::{Query, text};

/// Columns of Grafana's grid.
const COLUMNS: u64 = 24;
/// What a panel says of itself that has nothing to show as long as nothing is wrong.
const EMPTY: &str = "Empty while";

fn dashboard() -> Value {
    let text = text("config/grafana/dashboard.json");
    serde_json::from_str(&text).expect("the dashboard is JSON")
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    let list = value.pointer(pointer).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

fn string<'a>(value: &'a Value, pointer: &str) -> &'a str {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_default()
}

fn number(value: &Value, pointer: &str) -> u64 {
    let number = value.pointer(pointer).and_then(Value::as_u64);
    number.unwrap_or_else(|| panic!("no number {pointer} in {value}"))
}

/// What each panel asks, with Grafana's variables filled in as it does for all of everything.
pub(crate) fn queries() -> Vec<Query> {
    let dashboard = dashboard();
    let mut queries = Vec::new();
    for panel in list(&dashboard, "/panels") {
        for target in list(panel, "/targets") {
            let expression = string(target, "/expr");
            queries.push(Query {
                section: string(panel, "/title").to_owned(),
                expression: expression
                    .replace("$__rate_interval", "1m")
                    .replace("$job", ".*")
                    .replace("$protocol", ".*"),
                may_be_empty: string(panel, "/description").contains(EMPTY),
            });
        }
    }
    queries
}

#[test]
fn every_panel_has_an_id_of_its_own_and_says_what_it_shows_in_which_unit() {
    let dashboard = dashboard();

    let mut ids = BTreeSet::new();
    for panel in list(&dashboard, "/panels") {
        let title = string(panel, "/title");
        assert!(ids.insert(number(panel, "/id")), "two panels {panel:.40}");
        assert!(!title.is_empty(), "a panel without title: {panel}");
        if string(panel, "/type") == "row" {
            continue;
        }
        assert!(string(panel, "/description").ends_with('.'), "{title}");
        assert!(
            !string(panel, "/fieldConfig/defaults/unit").is_empty(),
            "{title}"
        );
        assert_eq!(string(panel, "/datasource/uid"), "${datasource}", "{title}");
        let references: BTreeSet<_> = list(panel, "/targets")
            .iter()
            .map(|target| string(target, "/refId"))
            .collect();
        assert_eq!(references.len(), list(panel, "/targets").len(), "{title}");
        assert!(!references.is_empty(), "{title} asks nothing");
    }
}

#[test]
fn no_two_panels_lie_over_each_other_and_none_beside_the_grid() {
    let dashboard = dashboard();

    let mut taken = BTreeSet::new();
    for panel in list(&dashboard, "/panels") {
        let at = |side: &str| number(panel, &format!("/gridPos/{side}"));
        let (x, y, w, h) = (at("x"), at("y"), at("w"), at("h"));
        let title = string(panel, "/title");
        assert!(x + w <= COLUMNS, "{title}");
        for cell in (y..y + h).flat_map(|y| (x..x + w).map(move |x| (x, y))) {
            assert!(taken.insert(cell), "{title} lies over another at {cell:?}");
        }
    }
}

#[test]
fn every_variable_that_is_asked_for_is_there() {
    let dashboard = dashboard();

    let named: BTreeSet<_> = list(&dashboard, "/templating/list")
        .iter()
        .map(|variable| string(variable, "/name").to_owned())
        .collect();
    let expected = ["datasource", "job", "protocol"].map(str::to_owned);
    assert_eq!(named, expected.into());
    for query in queries() {
        assert!(!query.expression.contains('$'), "{query:?}");
    }
}
