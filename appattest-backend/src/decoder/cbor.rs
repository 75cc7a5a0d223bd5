//! A strict reader for the CBOR that App Attest uses: definite lengths, text keys, no duplicates.

use minicbor::{Decoder, data::Type};

use super::DecodeError;

/// How deeply arrays, maps and tags may nest. Real objects nest three deep.
pub const MAX_DEPTH: usize = 16;

/// Entries that one map may have. Real maps have at most four.
const MAX_ENTRIES: u64 = 64;

/// A cursor over one CBOR item.
pub(super) struct Reader<'b> {
    decoder: Decoder<'b>,
}

impl<'b> Reader<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self {
            decoder: Decoder::new(bytes),
        }
    }

    /// Reads a map with text keys and gives each entry to `visit`, which must consume the value.
    pub(super) fn map(
        &mut self,
        mut visit: impl FnMut(&mut Self, &'b str) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        let position = self.decoder.position();
        let entries = match self.decoder.map() {
            Ok(Some(entries)) if entries <= MAX_ENTRIES => entries,
            _ => return Err(DecodeError::Malformed { position }),
        };
        let mut seen: Vec<&str> = Vec::new();
        for _ in 0..entries {
            let key = self.text()?;
            if seen.contains(&key) {
                return Err(DecodeError::DuplicateKey);
            }
            seen.push(key);
            visit(self, key)?;
        }
        Ok(())
    }

    /// Reads the head of an array of known length.
    pub(super) fn array(&mut self) -> Result<u64, DecodeError> {
        let position = self.decoder.position();
        match self.decoder.array() {
            Ok(Some(items)) => Ok(items),
            _ => Err(DecodeError::Malformed { position }),
        }
    }

    pub(super) fn text(&mut self) -> Result<&'b str, DecodeError> {
        let position = self.decoder.position();
        self.decoder
            .str()
            .map_err(|_| DecodeError::Malformed { position })
    }

    pub(super) fn bytes(&mut self) -> Result<&'b [u8], DecodeError> {
        let position = self.decoder.position();
        self.decoder
            .bytes()
            .map_err(|_| DecodeError::Malformed { position })
    }

    /// Passes over one value of any kind: entries that we do not know are tolerated, not trusted.
    pub(super) fn skip(&mut self) -> Result<(), DecodeError> {
        self.skip_within(MAX_DEPTH)
    }

    /// Ends the reading: nothing may follow the item.
    pub(super) fn end(self) -> Result<(), DecodeError> {
        let left = self.decoder.input().len() - self.decoder.position();
        match left {
            0 => Ok(()),
            more => Err(DecodeError::TrailingBytes(more)),
        }
    }

    fn skip_within(&mut self, depth: usize) -> Result<(), DecodeError> {
        let position = self.decoder.position();
        let malformed = |_| DecodeError::Malformed { position };
        let inside = depth.checked_sub(1).ok_or(DecodeError::TooDeep)?;
        let values = match self.decoder.datatype().map_err(malformed)? {
            Type::Array => self.decoder.array().map_err(malformed)?,
            Type::Map => self
                .decoder
                .map()
                .map_err(malformed)?
                .and_then(|entries| entries.checked_mul(2)),
            Type::Tag => {
                self.decoder.tag().map_err(malformed)?;
                Some(1)
            }
            Type::ArrayIndef | Type::MapIndef | Type::BytesIndef | Type::StringIndef => None,
            _ => {
                self.decoder.skip().map_err(malformed)?;
                Some(0)
            }
        };
        // Each value takes at least a byte, so a lying length ends with the input.
        for _ in 0..values.ok_or(DecodeError::Malformed { position })? {
            self.skip_within(inside)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_deeper_than_the_bound_is_refused_without_recursing_into_it() {
        let mut bytes = vec![0x81_u8; 100_000];
        bytes.push(0x00);
        assert_eq!(Reader::new(&bytes).skip(), Err(DecodeError::TooDeep));
    }

    #[test]
    fn an_array_that_claims_more_items_than_bytes_ends_with_the_input() {
        let bytes = [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00];
        assert_eq!(
            Reader::new(&bytes).skip(),
            Err(DecodeError::Malformed { position: 10 })
        );
    }

    #[test]
    fn indefinite_lengths_are_refused() {
        assert!(Reader::new(&[0x9f, 0xff]).skip().is_err());
        assert!(Reader::new(&[0xbf, 0xff]).map(|_, _| Ok(())).is_err());
    }

    #[test]
    fn every_kind_of_value_can_be_passed_over() {
        // [1, -1, h'00', "a", {"a": [null]}, 1(0), true, 1.5 (half), 1.5 (single)]
        let bytes = [
            0x89, 0x01, 0x20, 0x41, 0x00, 0x61, 0x61, 0xa1, 0x61, 0x61, 0x81, 0xf6, 0xc1, 0x00,
            0xf5, 0xf9, 0x3e, 0x00, 0xfa, 0x3f, 0xc0, 0x00, 0x00,
        ];
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.skip(), Ok(()));
        assert_eq!(reader.end(), Ok(()));
    }
}
