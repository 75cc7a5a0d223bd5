//! Pure core of appattest-integrator.
