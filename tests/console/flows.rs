//! Flows found, read and expired on the page.

use crate::site::Site;

fn shows(scene: &str) {
    Site::start().play("flows", scene);
}

#[test]
fn a_flow_is_found_by_its_handle_and_by_each_of_its_ids() {
    shows("byEachId");
}

#[test]
fn flows_that_share_an_id_are_all_listed_and_going_back_lists_them_again() {
    shows("manyHits");
}

#[test]
fn more_hits_than_a_page_are_shown_when_they_are_asked_for() {
    shows("morePages");
}

#[test]
fn what_no_flow_has_is_told_to_be_nowhere() {
    shows("nothing");
}

#[test]
fn hostile_ids_and_answers_are_shown_byte_for_byte_and_never_run() {
    shows("verbatim");
}

#[test]
fn calls_that_fail_alike_are_one_entry_which_says_how_many_and_of_when() {
    shows("folded");
}

#[test]
fn an_open_flow_is_followed_until_it_ends() {
    shows("live");
}

#[test]
fn expiring_a_flow_takes_a_second_act_and_is_told() {
    shows("expire");
}

#[test]
fn expiring_a_flow_that_has_ended_meanwhile_is_refused_in_words() {
    shows("expireRefused");
}

#[test]
fn everything_is_reached_and_done_by_keys_alone() {
    shows("keyboard");
}

#[test]
fn a_page_that_nobody_sees_asks_for_nothing() {
    shows("hidden");
}
