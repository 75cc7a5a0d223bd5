//! Minutes as seconds: rules and queries whose every duration is divided by a number, so that a
//! test need not wait as long as an operator. What is counted and compared stays as it is.

/// Where a duration stands in rules and queries, up to the duration itself.
const BEFORE: [&str; 3] = ["[", "for: ", "offset "];
/// Units and their milliseconds; longer names first, since `m` begins `ms`.
const UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

/// The text with every duration divided by `factor`.
pub(crate) fn scaled(text: &str, factor: u64) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = next_duration(rest) {
        let (before, duration) = rest.split_at(at);
        out.push_str(before);
        let (milliseconds, length) = read(duration).expect("a duration stands here");
        assert_eq!(milliseconds % factor, 0, "{duration:.10} / {factor}");
        out.push_str(&format!("{}ms", milliseconds / factor));
        rest = duration.get(length..).unwrap_or_default();
    }
    out + rest
}

fn next_duration(text: &str) -> Option<usize> {
    let ends = BEFORE.iter().flat_map(|before| {
        let found = text.match_indices(before);
        found.map(|(at, found)| at + found.len())
    });
    ends.filter(|end| read(text.get(*end..).unwrap_or_default()).is_some())
        .min()
}

/// One number and one unit, and how long they are.
fn read(text: &str) -> Option<(u64, usize)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text.get(..digits)?.parse().ok()?;
    let rest = text.get(digits..)?;
    let unit = UNITS.iter().find(|(name, _)| {
        let after = rest.strip_prefix(name);
        after.is_some_and(|after| !after.starts_with(|c: char| c.is_ascii_alphanumeric()))
    });
    unit.map(|(name, milliseconds)| (number * milliseconds, digits + name.len()))
}

#[test]
fn every_duration_is_divided_and_nothing_else_is_changed() {
    let text = "\
- record: integrator:backend_requests:rate5m
  expr: sum(rate(a_total{b=\"5m\"}[5m])) > 0.05 unless x <= 2 * (x offset 1h)
        and predict_linear(y[1h], 4 * 3600) > 30 and z[90s]
  for: 10m
  annotations: {summary: 'for 5m, [so]'}";

    let faster = "\
- record: integrator:backend_requests:rate5m
  expr: sum(rate(a_total{b=\"5m\"}[5000ms])) > 0.05 unless x <= 2 * (x offset 60000ms)
        and predict_linear(y[60000ms], 4 * 3600) > 30 and z[1500ms]
  for: 10000ms
  annotations: {summary: 'for 5m, [so]'}";

    assert_eq!(scaled(text, 60), faster);
    assert_eq!(scaled(faster, 1), faster);
}
