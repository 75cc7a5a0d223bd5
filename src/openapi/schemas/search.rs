//! A page of flows.

use super::super::shape::Presence::{Always, Sometimes};
use super::super::shape::{Shape, closed, list, schema, text};

pub(super) fn all() -> [(&'static str, Shape); 1] {
    let next = "Send it as `cursor` to get the next page. Left out on the last one.";
    let flows = list("Oldest first.", schema("Observation")).max_items(Some(1000));
    let page = closed(
        "Flows that were asked for.",
        [
            ("flows", Always, flows.into()),
            ("nextCursor", Sometimes, text(next).into()),
        ],
    );
    [("FlowPage", page)]
}
