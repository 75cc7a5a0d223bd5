//! The control law of admission, from outside.

mod bucket;
mod closed_loop;
mod controller;
mod ewma;
mod formulas;
mod health;
mod invariants;
mod margins;
mod noise;
mod outages;
mod ramp;
mod reference;
mod regimes;
mod start;
mod world;
