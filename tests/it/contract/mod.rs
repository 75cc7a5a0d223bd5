//! What every store must show. Each case is one named test for each store; a case that no list
//! names is dead code, which the compiler refuses.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot arrange what it needs fails"
)]

mod answers;
mod census;
mod clock;
mod creating;
pub(crate) mod damage;
mod differential;

mod due;
mod finding;
mod flows;
mod loading;
mod model;
mod replacing;
pub(crate) mod samples;
pub(crate) mod subject;

/// One test for each case and store.
macro_rules! contract {
    ($($stores:ident: $kind:expr),*; $cases:tt) => {
        $(mod $stores {
            use crate::contract::subject::Subject;
            use crate::harness::stores::Kind;
            contract!(@cases $kind, $cases);
        })*
    };
    (@cases $kind:expr, [$($chapter:ident: [$($case:ident),* $(,)?]),* $(,)?]) => {
        $(mod $chapter {
            use super::{Kind, Subject};
            $(#[tokio::test]
            async fn $case() {
                let subject = Subject::of($kind).await;
                crate::contract::$chapter::$case(subject).await;
            })*
        })*
    };
}

contract!(
    memory: Kind::Memory, sqlite: Kind::Sqlite, redis: Kind::Redis, postgres: Kind::Postgres;
    [
        creating: [
            a_created_flow_is_loaded_as_it_was_written,
            a_flow_that_was_never_stored_is_not_found,
            a_start_key_names_one_flow_for_as_long_as_it_is_stored,
            of_64_creations_under_one_key_one_stores_its_flow,
            no_more_flows_than_the_bound_are_stored,
            a_handle_that_another_flow_has_is_refused_and_that_flow_stays,
            a_flow_keeps_the_definition_that_it_started_with,
        ],
        replacing: [
            a_flow_is_replaced_only_over_the_version_that_was_read,
            another_claim_under_the_same_version_fences_a_replacement,
            nothing_replaces_a_flow_from_its_latest_instant_on,
            a_conflict_is_told_before_lateness,
            of_64_replacements_of_one_version_one_is_written,
            a_removed_flow_leaves_nothing_behind,
            a_removal_is_a_replacement_like_any_other,
        ],
        answers: [
            a_body_is_kept_byte_for_byte,
            a_mebibyte_is_kept_byte_for_byte,
            answers_come_in_the_order_they_are_asked_for,
            a_dropped_answer_is_gone_and_no_longer_counted,
        ],
        due: [
            flows_are_due_from_the_very_instant_on,
            the_most_overdue_comes_first_and_pages_hold_together,
            a_flow_is_due_when_its_latest_record_says,
        ],
        finding: [
            each_part_of_a_query_narrows_what_is_found,
            what_is_found_follows_the_record,
            pages_hold_together_within_one_millisecond,
            only_flows_issued_before_an_instant_are_found,
            ten_thousand_flows_are_found_page_by_page,
            the_newest_come_first_where_that_is_asked_for,
            pages_of_the_newest_hold_together_within_one_millisecond,
        ],
        loading: [
            several_flows_are_loaded_in_the_order_that_is_asked_for,
            no_flows_are_loaded_for_no_handles,
            a_thousand_flows_are_loaded_at_once,
        ],
        census: [
            the_census_follows_every_change,
        ],
        clock: [
            the_clock_never_runs_back,
        ],
    ]
);

// Stores that keep records, and that can be opened again where they were.
contract!(
    sqlite_records: Kind::Sqlite, redis_records: Kind::Redis, postgres_records: Kind::Postgres;
    [
        damage: [
            a_damaged_record_is_refused_with_its_coordinates,
            a_record_of_a_newer_format_is_refused_with_its_coordinates,
            a_damaged_answer_is_refused_with_its_coordinates,
            a_missing_definition_is_refused_by_its_digest,
            an_unreadable_flow_can_still_be_counted_and_found,
            an_unreadable_flow_keeps_no_other_from_being_loaded,
        ],
        clock: [
            the_clock_does_not_run_back_over_a_restart,
        ],
        flows: [
            everything_is_there_after_the_store_is_opened_again,
            a_definition_that_the_store_lost_is_written_again_with_the_next_beat,
        ],
    ]
);
