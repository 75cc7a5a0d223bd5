//! The smoothed latency: an exponentially weighted moving average over samples.

/// An average in which a sample weighs `alpha`, the one before it `alpha * (1 - alpha)`, and so on.
///
/// The weight is by sample, not by time: without samples the average stays what it was, and
/// reading it changes nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Ewma {
    alpha: f64,
    value: Option<f64>,
}

impl Ewma {
    /// An average that has seen nothing; `alpha` is above 0 and at most 1.
    #[must_use]
    pub fn new(alpha: f64) -> Self {
        Self { alpha, value: None }
    }

    /// Takes a sample in; the first one is the average.
    pub fn sample(&mut self, sample: f64) {
        self.value = Some(match self.value {
            // The weighted sum of two numbers, unlike `old + alpha * (sample - old)`, is exact
            // where `alpha` is 1.
            Some(old) => (1.0 - self.alpha) * old + self.alpha * sample,
            None => sample,
        });
    }

    /// Forgets every sample: the next one is the average.
    pub fn forget(&mut self) {
        self.value = None;
    }

    /// The average, if there has been a sample.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        self.value
    }
}
