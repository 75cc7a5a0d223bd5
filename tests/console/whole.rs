//! The whole page: how it looks, whether everybody can use it, how little it asks for.

use crate::filled::fill;
use crate::site::Site;

/// How many flows the page must not notice.
const MANY: u32 = 100_000;

#[test]
fn in_light_dark_and_on_a_phone_it_is_readable_and_usable_by_wcag_aa() {
    Site::start().play("whole", "looks");
}

#[test]
fn the_dialog_that_expires_is_usable_by_wcag_aa() {
    Site::start().play("whole", "confirming");
}

#[test]
fn a_search_without_hits_is_usable_by_wcag_aa() {
    Site::start().play("whole", "nothingFound");
}

#[test]
fn among_100_000_flows_it_asks_for_as_little_as_among_few() {
    let site = Site::holding(MANY, |file| fill(file, MANY));

    site.play("whole", "light");
}
