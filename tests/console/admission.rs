//! Admission control on the page: with a gate that refuses, one that observes, several, and none.

use crate::site::Site;

/// A gate that is quick to judge, so that a test sees all its regimes within seconds.
const QUICK: &str = "[admission]\nenabled = true\ntarget_latency_ms = 100\newma_alpha = 0.5\n\
                     control_dt_ms = 100\nrate_min_tps = 4\nburst_max_tokens = 10\n";

/// The same with other settings besides.
fn quick(more: &str) -> Site {
    Site::with(&format!("{QUICK}{more}"))
}

#[test]
fn where_there_is_no_gate_there_is_no_panel() {
    Site::start().play("admission", "off");
}

#[test]
fn a_slow_backend_is_blamed_for_starts_that_are_held_back_and_nobody_once_it_is_fast_again() {
    quick("rate_max_tps = 200").play("admission", "held");
}

#[test]
fn a_backend_that_is_asked_for_more_than_it_can_do_is_spared_and_blamed() {
    let site = Site::with(
        "[admission]\nenabled = true\ntarget_latency_ms = 300\ncontrol_dt_ms = 100\n\
         rate_min_tps = 4\nrate_max_tps = 100\nburst_max_tokens = 4\n",
    );

    site.play("admission", "regulated");
}

#[test]
fn starts_above_the_ceiling_are_not_blamed_on_the_backend() {
    let site = Site::with(
        "[admission]\nenabled = true\nrate_min_tps = 4\nrate_max_tps = 4\nburst_max_tokens = 2\n",
    );

    site.play("admission", "ceiling");
}

#[test]
fn what_would_be_refused_is_told_where_gates_only_observe() {
    quick("rate_max_tps = 200\nmode = \"observe\"").play("admission", "observed");
}

#[test]
fn of_many_backends_four_gates_are_shown_and_the_others_named() {
    let spare = |number| format!("[backends.spare-{number}]\nbase_url = \"http://127.0.0.1:9\"\n");
    let backends: String = (1..=7).map(spare).collect();

    quick(&backends).play("admission", "many");
}

#[test]
fn its_panel_is_readable_and_usable_by_wcag_aa_in_light_dark_and_on_a_phone() {
    quick("rate_max_tps = 200").play("admission", "looks");
}
