//! The reference App Attest authority.
