//! Writing JSON objects whose members may be somebody else's text, copied byte for byte.

use bytes::Bytes;
use integrator_core::json::write_string;

/// Writes one object, member by member.
pub(super) struct ObjectWriter {
    out: Vec<u8>,
    empty: bool,
}

impl ObjectWriter {
    pub(super) fn new() -> Self {
        Self {
            out: vec![b'{'],
            empty: true,
        }
    }

    /// A member whose value is JSON text already.
    pub(super) fn raw(&mut self, name: &str, value: &[u8]) -> &mut Self {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        write_string(&mut self.out, name);
        self.out.push(b':');
        self.out.extend_from_slice(value);
        self
    }

    pub(super) fn string(&mut self, name: &str, value: &str) -> &mut Self {
        let mut text = Vec::with_capacity(value.len() + 2);
        write_string(&mut text, value);
        self.raw(name, &text)
    }

    pub(super) fn number(&mut self, name: &str, value: u64) -> &mut Self {
        self.raw(name, value.to_string().as_bytes())
    }

    /// A number with at most three digits behind the point.
    pub(super) fn decimal(&mut self, name: &str, value: f64) -> &mut Self {
        let rounded = (value * 1e3).round() / 1e3;
        self.raw(name, rounded.to_string().as_bytes())
    }

    pub(super) fn boolean(&mut self, name: &str, value: bool) -> &mut Self {
        self.raw(name, if value { b"true" } else { b"false" })
    }

    pub(super) fn strings<'a>(
        &mut self,
        name: &str,
        values: impl Iterator<Item = &'a str>,
    ) -> &mut Self {
        let texts = values.map(|value| {
            let mut text = Vec::with_capacity(value.len() + 2);
            write_string(&mut text, value);
            text
        });
        self.raw(name, &array(texts))
    }

    /// The object, whole.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.out.push(b'}');
        self.out
    }

    pub(super) fn into_bytes(self) -> Bytes {
        Bytes::from(self.finish())
    }
}

/// An array of values that are JSON text already.
pub(super) fn array(values: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut out = vec![b'['];
    for (index, value) in values.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&value);
    }
    out.push(b']');
    out
}
