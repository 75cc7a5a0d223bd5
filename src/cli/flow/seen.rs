//! A JSON object of the service's, looked at and not rebuilt.

use integrator_core::json::{Kind, Member, Resolved, Value};
use jiff::Timestamp;

/// Containers that an answer may have open at once: those of a backend's answer, and ours around it.
const DEPTH_MAX: usize = 600;

/// An object.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a>(Value<'a>);

impl<'a> Seen<'a> {
    pub(super) fn read(text: &'a [u8]) -> Option<Self> {
        let value = Value::parse(text, DEPTH_MAX).ok()?;
        (value.kind() == Kind::Object).then_some(Self(value))
    }

    /// A member that is a string, decoded.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let decoded = self.value(name)?.decoded_string()?;
        Some(String::from_utf8_lossy(&decoded).into_owned())
    }

    /// A member as it is written.
    pub(super) fn raw(&self, name: &str) -> Option<String> {
        Some(String::from_utf8_lossy(self.value(name)?.raw()).into_owned())
    }

    /// A member that is a time.
    pub(super) fn time(&self, name: &str) -> Option<Timestamp> {
        self.text(name)?.parse().ok()
    }

    /// Whether a member is `true`.
    pub(super) fn is(&self, name: &str) -> bool {
        self.value(name)
            .is_some_and(|value| value.kind() == Kind::True)
    }

    /// The objects of a member that is an array of them.
    pub(super) fn objects(&self, name: &str) -> Vec<Seen<'a>> {
        let list = self.value(name);
        let items = list.iter().flat_map(Value::elements);
        items
            .filter(|item| item.kind() == Kind::Object)
            .map(Seen)
            .collect()
    }

    /// All members, names decoded, in their order.
    pub(super) fn members(&self) -> Vec<(String, Value<'a>)> {
        let told = |member: Member<'a>| {
            let name = String::from_utf8_lossy(&member.name()).into_owned();
            (name, member.value())
        };
        self.0.members().into_iter().flatten().map(told).collect()
    }

    fn value(&self, name: &str) -> Option<Value<'a>> {
        match self.0.member(name) {
            Resolved::Found(value) => Some(value),
            Resolved::Absent | Resolved::Doubled => None,
        }
    }
}
