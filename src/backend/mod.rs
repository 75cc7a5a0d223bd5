//! The client of the backend: the party with authority. What it answers is bytes.

pub mod answer;
pub mod base_url;
pub mod client;
pub mod encoding;
pub mod error;
pub mod request;
