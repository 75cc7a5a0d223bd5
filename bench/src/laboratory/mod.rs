//! The laboratory of admission control: clients, the gate and backends in virtual time.
//!
//! A run is a simulation from event to event, the same each time for the same seed. It takes a
//! scenario (`scenario`: which plant, who comes when, what goes wrong) and a limiter in the place
//! where the service has its gate. What happened is written down (`record`) and told in figures.

pub mod agenda;
pub mod candidate;
pub mod chance;
pub mod clients;
pub mod command;
pub mod figures;
pub mod limiter;
pub mod listing;
pub mod load;
pub mod numbers;
pub mod plant;
pub mod plot;
pub mod record;
pub mod run;
pub mod scenario;
pub mod site;
pub mod table;
pub mod tuning;
