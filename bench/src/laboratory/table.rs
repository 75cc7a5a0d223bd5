//! The figures of many seeds: the median and the worst of each, in a plain table.

use std::fmt;

use super::figures::Figures;

/// One column: its title, what it tells of a run, and how.
struct Column {
    title: &'static str,
    of: fn(&Figures) -> f64,
    better: Better,
    digits: usize,
}

/// Which end of the values is the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Better {
    More,
    Less,
}

#[rustfmt::skip]
const COLUMNS: [Column; 9] = [
    Column { title: "goodput %", of: |run| run.goodput * 100.0, better: Better::More, digits: 1 },
    Column { title: "finish %", of: |run| run.finishing * 100.0, better: Better::More, digits: 1 },
    Column { title: "after %", of: |run| run.afterwards * 100.0, better: Better::More, digits: 0 },
    Column { title: "p50 ms", of: |run| run.p50_ms, better: Better::Less, digits: 0 },
    Column { title: "p99 ms", of: |run| run.p99_ms, better: Better::Less, digits: 0 },
    Column { title: "over %", of: |run| run.overshoot * 100.0, better: Better::Less, digits: 0 },
    Column { title: "settled s", of: |run| run.settling_s, better: Better::Less, digits: 1 },
    Column { title: "back s", of: |run| run.recovery_s, better: Better::Less, digits: 1 },
    Column { title: "refused %", of: |run| run.refused * 100.0, better: Better::Less, digits: 1 },
];

/// The table of one scenario.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: Vec<(String, Vec<String>)>,
}

impl Table {
    /// Adds what a limiter came to, run by run.
    pub fn add(&mut self, limiter: &str, runs: &[Figures]) {
        let cells = COLUMNS.iter().map(|column| cell(column, runs));
        self.rows.push((limiter.to_owned(), cells.collect()));
    }
}

/// The median, and in brackets the worst.
fn cell(column: &Column, runs: &[Figures]) -> String {
    let mut values: Vec<f64> = runs.iter().map(column.of).collect();
    values.sort_by(f64::total_cmp);
    let worst = match column.better {
        Better::More => values.first(),
        Better::Less => values.last(),
    };
    let told = |value: Option<f64>| match value {
        Some(value) if value == f64::INFINITY => "never".to_owned(),
        Some(value) if value.is_finite() => format!("{value:.0$}", column.digits),
        Some(_) | None => "-".to_owned(),
    };
    match (told(median(&values)), told(worst.copied())) {
        (median, worst) if median == worst => median,
        (median, worst) => format!("{median} ({worst})"),
    }
}

/// Of sorted values; of an even number of them, the mean of the two in the middle.
fn median(sorted: &[f64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get(sorted.len() / 2 - 1)?;
    // Two that never came to it have no mean but that.
    Some(if lower == upper {
        upper
    } else {
        (lower + upper) / 2.0
    })
}

/// As Markdown, so that what is printed can stand in a page.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let titles = std::iter::once("limiter").chain(COLUMNS.iter().map(|column| column.title));
        let head: Vec<String> = titles.map(str::to_owned).collect();
        let body = self.rows.iter().map(|(limiter, cells)| {
            let mut row = vec![limiter.clone()];
            row.extend(cells.iter().cloned());
            row
        });
        let lines: Vec<Vec<String>> = std::iter::once(head).chain(body).collect();
        let widths: Vec<usize> = (0..=COLUMNS.len())
            .map(|at| {
                let column = lines.iter().filter_map(|line| line.get(at));
                column.map(String::len).max().unwrap_or(0)
            })
            .collect();
        for (number, line) in lines.iter().enumerate() {
            let cells = line.iter().zip(&widths);
            for (cell, width) in cells {
                write!(f, "| {cell:<width$} ")?;
            }
            writeln!(f, "|")?;
            if number == 0 {
                for _ in line {
                    write!(f, "| --- ")?;
                }
                writeln!(f, "|")?;
            }
        }
        Ok(())
    }
}
