//! What each operation is: one function for each route.

pub mod operator;
pub mod reads;
pub mod service;
pub mod steps;
