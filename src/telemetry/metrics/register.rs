//! Making a metric of each type from its definition, and registering it.

use prometheus::core::Collector;
use prometheus::{
    Error, Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry,
};

/// Buckets of every histogram, in seconds.
const BUCKETS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only rises.
    Counter,
    /// It rises and falls.
    Gauge,
    /// Durations, counted by bucket.
    Histogram,
}

/// A metric as it stands in the code.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    /// Its whole name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it means, in the words of its doc comment.
    pub help: &'static str,
}

impl Definition {
    fn options(&self) -> Opts {
        Opts::new(self.name, self.help.trim_start())
    }
}

/// A type of the library that holds one metric.
pub(super) trait Family: Collector + Clone + Sized + 'static {
    const KIND: Kind;
    fn make(definition: &Definition) -> Result<Self, Error>;
}

macro_rules! family {
    ($family:ident, $kind:ident, plain) => {
        impl Family for $family {
            const KIND: Kind = Kind::$kind;
            fn make(definition: &Definition) -> Result<Self, Error> {
                Self::with_opts(definition.options())
            }
        }
    };
    ($family:ident, $kind:ident, labelled) => {
        impl Family for $family {
            const KIND: Kind = Kind::$kind;
            fn make(definition: &Definition) -> Result<Self, Error> {
                Self::new(definition.options(), definition.labels)
            }
        }
    };
}

family!(IntCounter, Counter, plain);
family!(IntCounterVec, Counter, labelled);
family!(Gauge, Gauge, plain);
family!(GaugeVec, Gauge, labelled);
family!(IntGauge, Gauge, plain);
family!(IntGaugeVec, Gauge, labelled);

impl Family for HistogramVec {
    const KIND: Kind = Kind::Histogram;
    fn make(definition: &Definition) -> Result<Self, Error> {
        let options = HistogramOpts::from(definition.options()).buckets(BUCKETS.to_vec());
        Self::new(options, definition.labels)
    }
}

/// One metric, made and registered.
pub(super) fn register<F: Family>(
    registry: &Registry,
    definition: &Definition,
) -> Result<F, Error> {
    let metric = F::make(definition)?;
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}
