//! What the page says first, for each cause of trouble.

use integrator_testbed::redis::{Options, Server};
use rustix::process::Signal;

use crate::site::Site;

fn says(scene: &str) {
    Site::start().play("verdicts", scene);
}

#[test]
fn a_service_that_answers_everything_is_well_and_one_that_nobody_asks_is_quiet() {
    says("well");
}

#[test]
fn calls_that_time_out_are_told_with_their_share_and_their_step_and_blamed_on_the_backend() {
    says("timeouts");
}

#[test]
fn a_backend_that_breaks_connections_does_not_answer() {
    says("broken");
}

#[test]
fn a_backend_that_answers_5xx_is_said_to_answer_errors() {
    says("errors");
}

#[test]
fn calls_that_the_backend_refuses_are_told_with_their_status_and_their_step() {
    says("refused");
}

#[test]
fn an_answer_that_no_rule_places_is_between_the_backend_and_the_definition() {
    says("unclassified");
}

#[test]
fn a_backend_that_answers_late_is_slow() {
    says("slow");
}

#[test]
fn steps_out_of_order_are_blamed_on_the_client() {
    says("disorder");
}

#[test]
fn flows_that_nobody_continues_are_left_to_expire() {
    says("expiry");
}

#[test]
fn a_flow_older_than_the_reader_allows_is_stuck() {
    says("stuck");
}

#[test]
fn a_store_that_stops_is_told_in_its_own_words_and_is_forgotten_when_it_is_back() {
    let redis = Server::start(Options::default());
    let url = redis.url(0);
    let site = Site::with(&format!("[store]\nkind = \"redis\"\nurl = {url:?}"));

    site.play_with("verdicts", "storeDown", |wish| match wish {
        "stop the store" => redis.kill(),
        _ => redis.restart(),
    });
}

#[test]
fn an_instance_that_stops_says_so_and_one_that_is_gone_leaves_old_numbers_grey() {
    let site = Site::start();

    site.play_with("verdicts", "stopping", |_| site.signal(Signal::TERM));
}

#[test]
fn two_instances_behind_one_address_are_not_taken_for_one() {
    Site::start()
        .behind_a_balancer()
        .play("verdicts", "instances");
}
