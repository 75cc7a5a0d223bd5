//! What a census costs: commands for protocols and states, whatever is stored.

use integrator_testbed::redis::{Options, Server};

use super::{server, subject};

/// How often the server has run each command so far, those of scripts included.
fn commands(server: &Server) -> Vec<(String, u64)> {
    let told = server.command(&["INFO", "commandstats"]);
    let lines = told.lines().filter_map(|line| {
        let (name, facts) = line.strip_prefix("cmdstat_")?.split_once(':')?;
        let calls = facts.strip_prefix("calls=")?.split(',').next()?;
        Some((name.to_owned(), calls.parse().unwrap()))
    });
    // What the test itself asks, and what keeps a connection going, is not the census.
    let of_census = |(name, _): &(String, u64)| !["info", "ping", "time"].contains(&name.as_str());
    lines.filter(of_census).collect()
}

/// The commands of one census.
async fn of_census(
    server: &Server,
    store: &dyn appattest_integrator::store::FlowStore,
) -> Vec<(String, u64)> {
    // The first one may have a script to load.
    store.census().await.unwrap();
    let before = commands(server);
    store.census().await.unwrap();
    let after = commands(server);
    let times = |name: &String| {
        let told = before.iter().find(|(known, _)| known == name);
        told.map_or(0, |(_, calls)| *calls)
    };
    let risen = after
        .iter()
        .map(|(name, calls)| (name.clone(), calls - times(name)));
    risen.filter(|(_, calls)| *calls > 0).collect()
}

#[tokio::test]
async fn a_census_runs_as_many_commands_over_hundreds_of_flows_as_over_a_few() {
    let server = server(Options::default());
    let subject = subject(&server).await;
    for number in 0..4 {
        subject.created(number).await;
        subject.begun(100 + number).await;
    }
    let over_a_few = of_census(&server, &*subject.store).await;
    for number in 0..300 {
        subject.created(1_000 + number).await;
    }

    let over_many = of_census(&server, &*subject.store).await;

    assert!(!over_a_few.is_empty());
    assert_eq!(over_many, over_a_few);
    assert_eq!(subject.store.census().await.unwrap().flows, 308);
}
