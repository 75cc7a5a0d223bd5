//! The console, as whoever is on call sees it: in a real Chromium, in front of the service's own
//! process, whose backend does as it is told.

#![forbid(unsafe_code)]

mod admission;
mod filled;
mod flows;
mod site;
mod units;
mod verdicts;
mod whole;
