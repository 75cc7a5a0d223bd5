//! The shape of a definition, field for field, each value with its place.
//!
//! No logic: what is here has the right type, and nothing more is known of it.
//! A field that was missing or mistyped is `None` or empty, and a problem has
//! been reported.

/// Where something stands in a definition.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// Offset in bytes from the start of the text.
    pub(super) at: usize,
    /// The key, from the top: `steps.start.outcomes[1].when`.
    pub(super) key: String,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Located<T> {
    pub(super) place: Place,
    pub(super) value: T,
}

pub(super) type Text = Located<String>;
/// An array of strings.
pub(super) type Texts = Located<Vec<Text>>;
/// A table of strings: key and value of each entry, in the order of the file.
pub(super) type Pairs = Vec<(Text, Text)>;

/// A whole file.
#[derive(Debug, Default)]
pub(super) struct Definition {
    pub(super) protocol: Option<Text>,
    pub(super) title: Option<Text>,
    pub(super) backend: Option<Text>,
    pub(super) ttl: Option<Text>,
    pub(super) retention: Option<Text>,
    pub(super) initial: Option<Text>,
    pub(super) terminal: Option<Texts>,
    pub(super) steps_place: Place,
    pub(super) steps: Vec<StepDefinition>,
}

/// One table under `steps`.
#[derive(Debug)]
pub(super) struct StepDefinition {
    pub(super) name: Text,
    pub(super) from: Option<Texts>,
    pub(super) call: Option<Text>,
    pub(super) require: Option<Texts>,
    pub(super) remember: Option<Texts>,
    pub(super) attach: Pairs,
    pub(super) default: Pairs,
    pub(super) reply: Pairs,
    pub(super) outcomes: Option<Located<Vec<OutcomeDefinition>>>,
    pub(super) flow_id: Option<Text>,
    pub(super) expires_at: Option<Text>,
    pub(super) repeatable: Option<Located<bool>>,
    pub(super) unknown: Option<Text>,
    pub(super) body: Option<Text>,
    pub(super) headers: Option<Texts>,
    pub(super) callback: Option<CallbackDefinition>,
}

/// One table in `outcomes`.
#[derive(Debug)]
pub(super) struct OutcomeDefinition {
    pub(super) place: Place,
    pub(super) to: Option<Text>,
    pub(super) status: Option<Located<Scalar>>,
    pub(super) when: Vec<(Text, Located<Expected>)>,
    pub(super) expect: Option<Texts>,
}

/// The table `callback`.
#[derive(Debug)]
pub(super) struct CallbackDefinition {
    pub(super) place: Place,
    pub(super) matches: Option<Text>,
}

/// A value that is neither table nor array.
#[derive(Clone, Debug)]
pub(super) enum Scalar {
    Text(String),
    /// A number as the file spells it.
    Number(String),
    Boolean(bool),
}

/// What an entry of `when` compares with.
#[derive(Clone, Debug)]
pub(super) enum Expected {
    Is(Scalar),
    Null,
    Absent,
}
