//! Walking TOML in the order of the file, with the key and place of everything.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::definition::{Located, Pairs, Place, Text, Texts};
use super::super::name::{did_you_mean, listed};
use super::super::problem::Problems;

/// A value with its key and place.
pub(super) struct Item<'t> {
    pub(super) place: Place,
    pub(super) value: &'t DeValue<'t>,
}

/// The entries of a table in the order of the file.
pub(super) struct Entries<'t> {
    place: Place,
    items: Vec<(&'t str, Item<'t>)>,
}

impl<'t> Entries<'t> {
    pub(super) fn of(place: Place, table: &'t DeTable<'t>) -> Self {
        let mut items: Vec<_> = table
            .iter()
            .map(|(name, value)| entry(&place.key, name, value))
            .collect();
        items.sort_by_key(|(_, item)| item.place.at);
        Self { place, items }
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Each key and its value.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Text, &Item<'t>)> {
        self.items.iter().map(|(name, item)| {
            let name = Located {
                place: item.place.clone(),
                value: (*name).to_owned(),
            };
            (name, item)
        })
    }

    pub(super) fn get(&self, key: &str) -> Option<&Item<'t>> {
        let entry = self.items.iter().find(|(name, _)| *name == key);
        entry.map(|(_, item)| item)
    }

    /// The value of a key that must be there.
    pub(super) fn required(
        &self,
        key: &str,
        example: &str,
        problems: &mut Problems<'_>,
    ) -> Option<&Item<'t>> {
        let item = self.get(key);
        if item.is_none() {
            let message = format!("key {key:?} is missing; write, for example: {example}");
            problems.missing(&self.place, message);
        }
        item
    }

    pub(super) fn refuse_unknown(&self, known: &[&str], problems: &mut Problems<'_>) {
        let unknown = self.items.iter().filter(|(name, _)| !known.contains(name));
        for (name, item) in unknown {
            let meant = did_you_mean(name, known.iter().copied());
            let allowed = listed(known.iter().copied());
            let message = format!("there is no such key.{meant} Allowed here: {allowed}");
            problems.broken(&item.place, message);
        }
    }

    pub(super) fn text(&self, key: &str, problems: &mut Problems<'_>) -> Option<Text> {
        self.get(key)?.text(problems)
    }

    pub(super) fn texts(&self, key: &str, problems: &mut Problems<'_>) -> Option<Texts> {
        self.get(key)?.texts(problems)
    }

    /// A table of strings; empty if it is missing or mistyped.
    pub(super) fn pairs(&self, key: &str, problems: &mut Problems<'_>) -> Pairs {
        let entries = self.get(key).and_then(|item| item.table(problems));
        let mut pairs = Vec::new();
        for (name, item) in entries.iter().flat_map(Entries::iter) {
            pairs.extend(item.text(problems).map(|text| (name, text)));
        }
        pairs
    }
}

impl<'t> Item<'t> {
    pub(super) fn text(&self, problems: &mut Problems<'_>) -> Option<Text> {
        match self.value {
            DeValue::String(text) => Some(self.located(text.to_string())),
            _ => self.mistyped("a string", problems),
        }
    }

    pub(super) fn boolean(&self, problems: &mut Problems<'_>) -> Option<Located<bool>> {
        match self.value.as_bool() {
            Some(boolean) => Some(self.located(boolean)),
            None => self.mistyped("true or false", problems),
        }
    }

    /// An array of strings; an entry that is none is reported and left out.
    pub(super) fn texts(&self, problems: &mut Problems<'_>) -> Option<Texts> {
        if !self.value.is_array() {
            return self.mistyped("an array of strings", problems);
        }
        let items = self.array(problems)?;
        let texts = items.iter().filter_map(|item| item.text(problems));
        Some(self.located(texts.collect()))
    }

    pub(super) fn array(&self, problems: &mut Problems<'_>) -> Option<Vec<Item<'t>>> {
        let Some(array) = self.value.as_array() else {
            return self.mistyped("an array of tables", problems);
        };
        let items = array.iter().enumerate().map(|(index, value)| Item {
            place: Place {
                at: value.span().start,
                key: format!("{}[{}]", self.place.key, index + 1),
            },
            value: value.get_ref(),
        });
        Some(items.collect())
    }

    pub(super) fn table(&self, problems: &mut Problems<'_>) -> Option<Entries<'t>> {
        match self.value.as_table() {
            Some(table) => Some(Entries::of(self.place.clone(), table)),
            None => self.mistyped("a table", problems),
        }
    }

    /// Reports a value of the wrong type.
    pub(super) fn mistyped<T>(&self, allowed: &str, problems: &mut Problems<'_>) -> Option<T> {
        let found = match self.value {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        let example = match self.place.key.rsplit('.').next() {
            Some("ttl" | "retention") => ", such as \"5m\"",
            Some("callback") => ", such as { match = \"/data/orderID\" }",
            _ => "",
        };
        let message = format!("found {found}; allowed: {allowed}{example}");
        problems.broken(&self.place, message);
        None
    }

    pub(super) fn located<T>(&self, value: T) -> Located<T> {
        Located {
            place: self.place.clone(),
            value,
        }
    }
}

fn entry<'t>(
    above: &str,
    name: &'t Spanned<Cow<'t, str>>,
    value: &'t Spanned<DeValue<'t>>,
) -> (&'t str, Item<'t>) {
    let part = key_part(name.get_ref());
    let key = if above.is_empty() {
        part
    } else {
        format!("{above}.{part}")
    };
    let place = Place {
        at: name.span().start,
        key,
    };
    let item = Item {
        place,
        value: value.get_ref(),
    };
    (name.get_ref(), item)
}

/// A key as TOML would write it, cut where it is too long to show.
fn key_part(name: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !name.is_empty() && name.len() <= 60 && name.bytes().all(bare) {
        name.to_owned()
    } else {
        super::super::name::quoted(name)
    }
}
