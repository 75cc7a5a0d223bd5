//! Laws of the JSON scanner, over random and mutated texts.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends at the first thing that is not as it must be"
)]

use integrator_core::json::{
    Decimal, Pointer, Resolved, Value, names_unique, splice, write_string,
};
use proptest::prelude::*;
use serde_json::value::RawValue;

/// JSON text of many shapes and spellings.
fn json_text() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,9})?([eE][+-]?[0-9]{1,4})?",
        string_text(),
    ];
    let space = "[ \t\n\r]{0,2}";
    scalar.prop_recursive(5, 64, 5, move |inner| {
        let items = prop::collection::vec((space, inner.clone(), space), 0..5);
        let members = prop::collection::vec((string_text(), space, inner), 0..5);
        prop_oneof![
            items.prop_map(|items| {
                let items: Vec<String> =
                    items.iter().map(|(a, b, c)| format!("{a}{b}{c}")).collect();
                format!("[{}]", items.join(","))
            }),
            members.prop_map(|members| {
                let members: Vec<String> = members
                    .iter()
                    .map(|(a, b, c)| format!("{a}{b}:{b}{c}"))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// A string with its quotes: plain characters, escapes, lone surrogates.
fn string_text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "[a-c~/ü😀]",
        "\\\\[\"\\\\/bfnrt]",
        "\\\\u[0-9a-fA-F]{4}",
        "\\\\ud[89ab][0-9a-f]{2}\\\\ud[c-f][0-9a-f]{2}",
    ];
    prop::collection::vec(part, 0..4).prop_map(|parts| format!("\"{}\"", parts.concat()))
}

/// JSON text with a few bytes replaced, removed or doubled.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let change = (
        any::<prop::sample::Index>(),
        0..4_u8,
        prop::sample::select(b"{}[]\",:\\u0e.-tn \n\x00\xff\xc3".to_vec()),
    );
    (json_text(), prop::collection::vec(change, 0..4)).prop_map(|(text, changes)| {
        let mut bytes = text.into_bytes();
        for (index, how, byte) in changes {
            let at = index.index(bytes.len() + 1);
            match how {
                0 if at < bytes.len() => bytes[at] = byte,
                1 if at < bytes.len() => drop(bytes.remove(at)),
                2 => bytes.truncate(at),
                _ => bytes.insert(at, byte),
            }
        }
        bytes
    })
}

fn serde_takes(text: &[u8]) -> Option<String> {
    let raw: Result<&RawValue, _> = serde_json::from_slice(text);
    raw.ok().map(|raw| raw.get().to_owned())
}

fn we_take(text: &[u8]) -> Option<String> {
    let value = Value::parse(text, usize::MAX).ok()?;
    Some(String::from_utf8(value.raw().to_vec()).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_number_as_it_is_shown_has_the_same_value(text in "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,40})?") {
        let number = Decimal::parse(text.as_bytes()).unwrap();
        let shown = number.to_string();
        prop_assert_eq!(Decimal::parse(shown.as_bytes()), Some(number), "{}", shown);
    }

    #[test]
    fn generated_json_is_taken_and_kept_as_it_is(text in json_text()) {
        prop_assert_eq!(we_take(text.as_bytes()), Some(text));
    }

    #[test]
    fn the_scanner_and_serde_json_take_the_same_mutated_texts(text in mutated()) {
        prop_assert_eq!(we_take(&text), serde_takes(&text));
    }

    #[test]
    fn the_scanner_and_serde_json_take_the_same_bytes(text in prop::collection::vec(any::<u8>(), 0..40)) {
        prop_assert_eq!(we_take(&text), serde_takes(&text));
    }

    #[test]
    fn strings_mean_to_us_what_they_mean_to_serde_json(text in string_text()) {
        let ours = Value::parse(text.as_bytes(), 0).unwrap().decoded_string().unwrap().into_owned();
        if let Ok(theirs) = serde_json::from_str::<String>(&text) {
            prop_assert_eq!(ours, theirs.into_bytes());
        } else {
            prop_assert!(String::from_utf8(ours).is_err(), "only lone surrogates differ");
        }
    }

    #[test]
    fn written_strings_are_read_back(text in any::<String>()) {
        let mut written = Vec::new();
        write_string(&mut written, &text);
        prop_assert_eq!(serde_json::from_slice::<String>(&written).unwrap(), text.clone());
        let value = Value::parse(&written, 0).unwrap();
        prop_assert_eq!(value.decoded_string().unwrap().into_owned(), text.into_bytes());
    }

    #[test]
    fn splicing_adds_members_and_changes_nothing_else(
        members in prop::collection::vec((string_text(), json_text()), 0..4),
        inner in "[ \n]{0,2}",
        names in prop::collection::vec("[x-z\"ü]{1,3}", 0..4),
        value in json_text(),
    ) {
        let written: Vec<String> = members.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        let object = format!("{inner}{{{inner}{}{inner}}}{inner}", written.join(","));
        let added: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), value.as_bytes())).collect();
        let spliced = splice(object.as_bytes(), &added);
        if added.is_empty() {
            prop_assert_eq!(&spliced, object.as_bytes());
        }
        let before: Vec<_> = Value::parse(object.as_bytes(), 99).unwrap().members().unwrap().collect();
        let after: Vec<_> = Value::parse(&spliced, 99).unwrap().members().unwrap().collect();
        prop_assert_eq!(after.len(), before.len() + added.len());
        prop_assert_eq!(&after[..before.len()], &before[..]);
        for (member, (name, raw)) in after[before.len()..].iter().zip(&added) {
            prop_assert_eq!(member.name().into_owned(), name.as_bytes().to_vec());
            prop_assert_eq!(member.value().raw(), *raw);
        }
    }

    #[test]
    fn looking_never_panics(text in mutated(), pointer in "(/[a-c~/01ü]{0,3}){0,4}") {
        if let (Ok(value), Ok(pointer)) = (Value::parse(&text, 64), Pointer::parse(&pointer)) {
            if let Resolved::Found(found) = value.resolve(&pointer) {
                prop_assert!(Value::parse(found.raw(), 64).is_ok());
            }
            let _ = names_unique(&value);
        }
    }

    #[test]
    fn every_member_is_found_by_its_own_pointer_or_doubled(text in json_text()) {
        let value = Value::parse(text.as_bytes(), 64).unwrap();
        for member in value.members().into_iter().flatten() {
            let Ok(name) = String::from_utf8(member.name().into_owned()) else { continue };
            let escaped = name.replace('~', "~0").replace('/', "~1");
            let pointer = Pointer::parse(&format!("/{escaped}")).unwrap();
            match value.resolve(&pointer) {
                Resolved::Found(found) => prop_assert_eq!(found, member.value()),
                Resolved::Doubled => prop_assert!(!names_unique(&value)),
                Resolved::Absent => prop_assert!(false, "a member that is there"),
            }
        }
    }

    #[test]
    fn numbers_are_equal_when_their_scaled_integers_are(
        mantissa in -10_000_i64..10_000, zeros in 0_u8..20, shift in -30_i64..30,
        other in -10_000_i64..10_000,
    ) {
        let number = |text: &str| Decimal::parse(text.as_bytes()).unwrap();
        // `00` is no number of JSON.
        let zeros = if mantissa == 0 { 0 } else { zeros };
        let plain = format!("{mantissa}e{shift}");
        let padded = format!("{mantissa}{}E{}", "0".repeat(zeros.into()), shift - i64::from(zeros));
        let fraction = format!("{mantissa}.{}e{shift}", "0".repeat(usize::from(zeros) + 1));
        prop_assert_eq!(number(&plain), number(&padded));
        prop_assert_eq!(number(&padded), number(&fraction));
        prop_assert_eq!(number(&plain) == number(&format!("{other}e{shift}")), mantissa == other);
    }

    #[test]
    fn small_numbers_are_equal_exactly_when_their_spelling_means_one_value(
        one in -999_i32..999, one_point in 0_u32..4, other in -999_i32..999, other_point in 0_u32..4,
    ) {
        let text = |number: i32, point: u32| format!("{number}e-{point}");
        let scaled = |number: i32, point: u32| number * 10_i32.pow(3 - point);
        let number = |text: String| Decimal::parse(text.as_bytes()).unwrap();
        let equal = number(text(one, one_point)) == number(text(other, other_point));
        prop_assert_eq!(equal, scaled(one, one_point) == scaled(other, other_point));
    }
}
