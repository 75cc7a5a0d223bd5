//! Numbers on the command line, each within what it may be.

/// Above 0.
///
/// # Errors
///
/// When it is no number, or not allowed.
pub fn positive(text: &str) -> Result<f64, String> {
    within(text, |number| number > 0.0, "must be above 0")
}

/// 0 or more.
///
/// # Errors
///
/// When it is no number, or not allowed.
pub fn not_negative(text: &str) -> Result<f64, String> {
    within(text, |number| number >= 0.0, "must be 0 or more")
}

/// Above 0, at most 1.
///
/// # Errors
///
/// When it is no number, or not allowed.
pub fn share(text: &str) -> Result<f64, String> {
    let allowed = |number| number > 0.0 && number <= 1.0;
    within(text, allowed, "must be above 0 and at most 1")
}

fn within(text: &str, allowed: fn(f64) -> bool, told: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if !number.is_finite() {
        return Err("must be finite".to_owned());
    }
    allowed(number)
        .then_some(number)
        .ok_or_else(|| told.to_owned())
}
