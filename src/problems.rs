//! What stops a start: every problem of the configuration and of the protocols, told at once.
//!
//! A problem names what it is about, where it was found, what was found there and what is allowed.
//! Values that may carry a credential never enter a problem's text.

use std::fmt;

/// One reason why the program cannot start with what it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    key: Option<String>,
    place: Option<String>,
    text: String,
}

impl Problem {
    /// A problem whose text says everything, place included.
    pub fn new(text: impl Into<String>) -> Self {
        Problem {
            key: None,
            place: None,
            text: text.into(),
        }
    }

    /// A problem with a setting whose place is not known here.
    pub fn of(key: impl Into<String>, text: impl Into<String>) -> Self {
        Problem {
            key: Some(key.into()),
            place: None,
            text: text.into(),
        }
    }

    /// A problem with a setting, or with something that takes the place of one, found at `place`.
    pub fn at(key: impl Into<String>, place: impl fmt::Display, text: impl Into<String>) -> Self {
        Problem {
            key: Some(key.into()),
            place: Some(place.to_string()),
            text: text.into(),
        }
    }

    /// Tells the place of a setting's problem that was found by who does not know it.
    pub(crate) fn place_by(mut self, place_of: impl Fn(&str) -> Option<String>) -> Self {
        if let (None, Some(key)) = (&self.place, &self.key) {
            self.place = place_of(key);
        }
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.key, &self.place) {
            (Some(key), Some(place)) => write!(f, "{key} ({place}): {}", self.text),
            (Some(key), None) => write!(f, "{key}: {}", self.text),
            (None, Some(place)) => write!(f, "{place}: {}", self.text),
            (None, None) => f.write_str(&self.text),
        }
    }
}

/// Every problem that was found; prints one a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many problems there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The problems, in the order of the layers in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// Adds one.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Adds all of another collection.
    pub fn extend(&mut self, more: impl IntoIterator<Item = Problem>) {
        self.0.extend(more);
    }

    /// `value` when nothing was found, else the problems.
    pub fn or<T>(self, value: T) -> Result<T, Problems> {
        if self.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Problems(vec![problem])
    }
}

impl FromIterator<Problem> for Problems {
    fn from_iter<I: IntoIterator<Item = Problem>>(problems: I) -> Self {
        Problems(problems.into_iter().collect())
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_print_one_a_line_with_key_and_place() {
        let problems = Problems::from_iter([
            Problem::at("flows.max", "a.toml:3", "found 0; allowed: 1 to 5"),
            Problem::of("protocols.default", "no such protocol"),
            Problem::new("b.toml:1: not TOML"),
        ]);
        assert_eq!(
            problems.to_string(),
            "flows.max (a.toml:3): found 0; allowed: 1 to 5\nprotocols.default: no such protocol\nb.toml:1: not TOML"
        );
    }

    #[test]
    fn a_place_is_told_only_where_it_is_missing() {
        let told = |_: &str| Some("b.toml:9".to_owned());
        assert_eq!(
            Problem::of("k", "t").place_by(told).to_string(),
            "k (b.toml:9): t"
        );
        assert_eq!(
            Problem::at("k", "a.toml:1", "t").place_by(told).to_string(),
            "k (a.toml:1): t"
        );
        assert_eq!(Problem::new("t").place_by(told).to_string(), "t");
    }
}
