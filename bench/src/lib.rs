//! What is measured without a service: the laboratory of admission control.

pub mod laboratory;
