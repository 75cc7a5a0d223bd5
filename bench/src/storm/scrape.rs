//! What the service's own metrics tell.

use std::net::SocketAddr;

use crate::client::Client;

/// A connection to the service's metrics.
pub(crate) struct Metrics(Client);

impl Metrics {
    pub(crate) async fn of(service: SocketAddr) -> Self {
        Self(Client::connect(service).await.expect("connected"))
    }

    pub(crate) async fn read(&mut self) -> Scrape {
        let reply = self.0.ask("GET", "/metrics", "").await;
        Scrape::read(&reply.expect("the service tells its metrics").body)
    }
}

/// One reading of all series.
#[derive(Clone, Default)]
pub(crate) struct Scrape {
    series: Vec<(String, f64)>,
}

impl Scrape {
    fn read(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let series = lines.filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Self {
            series: series.collect(),
        }
    }

    /// The sum of the series of this name whose labels hold all of these; none where there is none.
    pub(crate) fn sum(&self, name: &str, labels: &[&str]) -> Option<f64> {
        let found = self.series.iter().filter(|(series, _)| {
            let found = series.split('{').next() == Some(name);
            found && labels.iter().all(|label| series.contains(label))
        });
        let values: Vec<f64> = found.map(|(_, value)| *value).collect();
        (!values.is_empty()).then(|| values.iter().sum())
    }

    /// By how much a counter has grown since an earlier reading.
    pub(crate) fn grown(&self, since: &Self, name: &str, labels: &[&str]) -> f64 {
        self.sum(name, labels).unwrap_or(0.0) - since.sum(name, labels).unwrap_or(0.0)
    }

    /// A quantile of what a histogram counted since an earlier reading, in seconds, as Prometheus
    /// estimates it: linear within the bucket; none where it lies beyond the last bound.
    ///
    /// The `cut` least values count as greater than all others.
    pub(crate) fn quantile(&self, since: &Self, name: &str, share: f64, cut: f64) -> Option<f64> {
        let buckets = format!("{name}_bucket");
        let mut counts: Vec<(f64, f64)> = Vec::new();
        for bound in self.bounds(&buckets) {
            let label = format!(r#"le="{bound}""#);
            let count = self.grown(since, &buckets, &[&label]) - cut;
            counts.push((bound.parse().ok()?, count.max(0.0)));
        }
        counts.sort_by(|one, other| one.0.total_cmp(&other.0));
        let sought = self.grown(since, &format!("{name}_count"), &[]) * share;
        let mut below = (0.0, 0.0);
        for (bound, count) in counts.into_iter().filter(|(bound, _)| bound.is_finite()) {
            if count >= sought && count > 0.0 {
                let part = (sought - below.1) / (count - below.1);
                return Some(below.0 + (bound - below.0) * part);
            }
            below = (bound, count);
        }
        None
    }

    /// The bounds of a histogram's buckets, each once, as they are written.
    fn bounds(&self, buckets: &str) -> Vec<String> {
        let mut bounds: Vec<String> = Vec::new();
        for (series, _) in &self.series {
            let of_it = series.split('{').next() == Some(buckets);
            let bound = series
                .split_once(r#"le=""#)
                .and_then(|(_, rest)| rest.split_once('"'));
            if let (true, Some((bound, _))) = (of_it, bound)
                && bounds.iter().all(|known| known != bound)
            {
                bounds.push(bound.to_owned());
            }
        }
        bounds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "# TYPE x histogram
x_bucket{step=\"a\",le=\"0.1\"} 1
x_bucket{step=\"a\",le=\"0.2\"} 1
x_bucket{step=\"a\",le=\"+Inf\"} 1
x_count{step=\"a\"} 1
";
    const AFTER: &str = "x_bucket{step=\"a\",le=\"0.1\"} 1
x_bucket{step=\"a\",le=\"0.2\"} 5
x_bucket{step=\"a\",le=\"+Inf\"} 5
x_count{step=\"a\"} 5
x_bucket{step=\"b\",le=\"0.1\"} 0
x_bucket{step=\"b\",le=\"0.2\"} 4
x_bucket{step=\"b\",le=\"+Inf\"} 8
x_count{step=\"b\"} 8
";

    fn quantile(share: f64, cut: f64) -> Option<f64> {
        let (before, after) = (Scrape::read(BEFORE), Scrape::read(AFTER));
        after.quantile(&before, "x", share, cut)
    }

    #[test]
    fn a_quantile_is_of_what_came_since_and_of_all_series_together() {
        // Eight of twelve lie between 0.1 and 0.2; the sixth is three quarters of the way.
        let told = quantile(0.5, 0.0).expect("it counted");

        assert!((told - 0.175).abs() < 1e-9, "{told}");
    }

    #[test]
    fn the_least_that_are_cut_count_as_the_greatest() {
        // Six of twelve are left below 0.2; the third is half of the way.
        let told = quantile(0.25, 2.0).expect("it counted");

        assert!((told - 0.15).abs() < 1e-9, "{told}");
        assert_eq!(quantile(0.55, 2.0), None);
    }

    #[test]
    fn a_quantile_beyond_all_bounds_is_not_told() {
        assert_eq!(quantile(0.99, 0.0), None);
    }

    #[test]
    fn nothing_counted_has_no_quantile() {
        let before = Scrape::read(BEFORE);

        assert_eq!(before.quantile(&before, "x", 0.5, 0.0), None);
    }
}
