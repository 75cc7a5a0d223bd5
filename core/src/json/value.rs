//! A checked slice of JSON text, and the looks that can be had at it.

use core::fmt;
use std::borrow::Cow;

use super::error::JsonError;
use super::pointer::{Pointer, array_index};
use super::{scan, text, walk};

/// One JSON value as it was written: checked text without the white space
/// around it.
///
/// Its `Debug` form tells kind and length, never content.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Value<'a> {
    text: &'a [u8],
}

/// What kind of value a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// A number, however spelled.
    Number,
    /// `true`
    True,
    /// `false`
    False,
    /// `null`
    Null,
}

/// What a pointer leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolved<'a> {
    /// The one value there.
    Found(Value<'a>),
    /// Nothing is there.
    Absent,
    /// The way passes a name that its object holds twice (compared after
    /// unescaping), so that there is no one answer.
    Doubled,
}

/// One member of an object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Member<'a> {
    name_raw: &'a [u8],
    value: Value<'a>,
}

/// The members of an object in the order they are written, doubled ones each
/// time.
#[derive(Clone)]
pub struct Members<'a> {
    items: Items<'a>,
}

/// The comma-separated items of a container: its text, and the next item.
#[derive(Clone)]
struct Items<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Value<'a> {
    /// The empty object, which an empty request body stands for.
    pub const EMPTY_OBJECT: Value<'static> = Value { text: b"{}" };

    /// Checks that `text` is one JSON value, white space around it allowed.
    ///
    /// `max_depth` is the greatest number of containers open at once, the
    /// outermost included.
    ///
    /// # Errors
    ///
    /// What is wrong and at which byte, without any of the text.
    pub fn parse(text: &'a [u8], max_depth: usize) -> Result<Self, JsonError> {
        let range = scan::check(text, max_depth)?;
        Ok(Self {
            text: text.get(range).unwrap_or_default(),
        })
    }

    /// The value's own text, as it was written.
    #[must_use]
    pub const fn raw(&self) -> &'a [u8] {
        self.text
    }

    /// What kind of value it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.text.first() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b't') => Kind::True,
            Some(b'f') => Kind::False,
            Some(b'n') => Kind::Null,
            _ => Kind::Number,
        }
    }

    /// An object's members; nothing for any other kind.
    #[must_use]
    pub fn members(&self) -> Option<Members<'a>> {
        let items = Items::of(self.text);
        (self.kind() == Kind::Object).then_some(Members { items })
    }

    /// What `pointer` leads to from here.
    #[must_use]
    pub fn resolve(&self, pointer: &Pointer) -> Resolved<'a> {
        let mut here = *self;
        for token in pointer.tokens() {
            here = match here.step_into(token) {
                Resolved::Found(value) => value,
                Resolved::Absent => return Resolved::Absent,
                Resolved::Doubled => return Resolved::Doubled,
            };
        }
        Resolved::Found(here)
    }

    /// What an object holds under `name`, or an array at that index.
    fn step_into(&self, name: &str) -> Resolved<'a> {
        match self.kind() {
            Kind::Object => self.member(name),
            Kind::Array => match array_index(name) {
                Some(index) => self.element(index),
                None => Resolved::Absent,
            },
            Kind::String | Kind::Number | Kind::True | Kind::False | Kind::Null => Resolved::Absent,
        }
    }

    /// What an object holds under `name`; nothing in any other kind.
    #[must_use]
    pub fn member(&self, name: &str) -> Resolved<'a> {
        let members = self.members().into_iter().flatten();
        let mut found = members.filter(|member| *member.name() == *name.as_bytes());
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => Resolved::Doubled,
            (Some(member), None) => Resolved::Found(member.value),
            (None, _) => Resolved::Absent,
        }
    }

    /// An array's items in order; none for any other kind.
    pub fn elements(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let mut items = (self.kind() == Kind::Array).then(|| Items::of(self.text));
        core::iter::from_fn(move || items.as_mut()?.next_value())
    }

    fn element(&self, index: usize) -> Resolved<'a> {
        match self.elements().nth(index) {
            Some(value) => Resolved::Found(value),
            None => Resolved::Absent,
        }
    }

    /// A string's content as WTF-8 (a lone surrogate is three bytes); nothing
    /// for any other kind.
    #[must_use]
    pub fn decoded_string(&self) -> Option<Cow<'a, [u8]>> {
        Some(text::decode(unquote(self.text)?))
    }

    /// Whether it is a string of at least one character.
    #[must_use]
    pub fn is_nonempty_string(&self) -> bool {
        unquote(self.text).is_some_and(|inner| !inner.is_empty())
    }
}

impl<'a> Member<'a> {
    /// The name as it is written, with its quotes.
    #[must_use]
    pub const fn name_raw(&self) -> &'a [u8] {
        self.name_raw
    }

    /// The name that is meant, as WTF-8 (a lone surrogate is three bytes).
    #[must_use]
    pub fn name(&self) -> Cow<'a, [u8]> {
        text::decode(unquote(self.name_raw).unwrap_or_default())
    }

    /// The member's value.
    #[must_use]
    pub const fn value(&self) -> Value<'a> {
        self.value
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<Member<'a>> {
        let name = self.items.next_value()?;
        let value = self.items.next_value()?;
        Some(Member {
            name_raw: name.text,
            value,
        })
    }
}

impl<'a> Items<'a> {
    fn of(container: &'a [u8]) -> Self {
        Self {
            text: container,
            at: 1,
        }
    }

    /// The next name or value, past the comma or colon before it.
    fn next_value(&mut self) -> Option<Value<'a>> {
        let between = |byte: &u8| walk::is_space(*byte) || matches!(*byte, b',' | b':');
        let rest = self.text.get(self.at..)?;
        let start = self.at + rest.iter().take_while(|byte| between(byte)).count();
        if matches!(self.text.get(start), None | Some(b'}' | b']')) {
            return None;
        }
        self.at = walk::value_end(self.text, start);
        let text = self.text.get(start..self.at)?;
        Some(Value { text })
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {} bytes", self.kind(), self.text.len())
    }
}

impl fmt::Debug for Member<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "member: {:?}", self.value)
    }
}

impl fmt::Debug for Members<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "members of {} bytes", self.items.text.len())
    }
}

/// Whether no two of an object's own members have the same name, compared
/// after unescaping; true for any other kind.
#[must_use]
pub fn names_unique(object: &Value<'_>) -> bool {
    let members = object.members().into_iter().flatten();
    let mut names: Vec<_> = members.map(|member| member.name()).collect();
    names.sort_unstable();
    names.windows(2).all(|pair| pair.first() != pair.last())
}

fn unquote(text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(b"\"")?.strip_suffix(b"\"")
}
