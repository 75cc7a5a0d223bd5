//! What the scanner takes and refuses, and what looks at it find.

use super::*;

fn parse(text: &[u8]) -> Result<Value<'_>, JsonErrorKind> {
    Value::parse(text, 64).map_err(|error| error.kind)
}

fn at(text: &str, pointer: &str) -> Option<Result<String, &'static str>> {
    let pointer = Pointer::parse(pointer).unwrap();
    match parse(text.as_bytes()).unwrap().resolve(&pointer) {
        Resolved::Found(value) => Some(Ok(String::from_utf8(value.raw().to_vec()).unwrap())),
        Resolved::Absent => None,
        Resolved::Doubled => Some(Err("doubled")),
    }
}

#[test]
fn every_kind_of_value_is_read_without_the_space_around_it() {
    let cases: [(&[u8], Kind, &[u8]); 7] = [
        (b" {\"a\" : 1 }\n", Kind::Object, b"{\"a\" : 1 }"),
        (b"\t[ ]", Kind::Array, b"[ ]"),
        (b"\"\\ud800\"", Kind::String, b"\"\\ud800\""),
        (b"-0.10E+400", Kind::Number, b"-0.10E+400"),
        (b"true", Kind::True, b"true"),
        (b"false", Kind::False, b"false"),
        (b"\r\nnull", Kind::Null, b"null"),
    ];
    for (text, kind, raw) in cases {
        let value = parse(text).unwrap();
        assert_eq!((value.kind(), value.raw()), (kind, raw));
    }
}

#[test]
fn what_is_not_json_is_refused_with_its_reason() {
    use JsonErrorKind::*;
    let cases: [(&[u8], JsonErrorKind); 26] = [
        (b"", UnexpectedEnd),
        (b" ", UnexpectedEnd),
        (b"\xef\xbb\xbf{}", ByteOrderMark),
        (b"\"\xff\"", NotUtf8),
        (b"\"\xed\xa0\x80\"", NotUtf8),
        (b"{}x", TrailingText),
        (b"1 2", TrailingText),
        (b"01", TrailingText),
        (b"+1", UnexpectedByte),
        (b".5", UnexpectedByte),
        (b"1.", UnexpectedEnd),
        (b"1e", UnexpectedEnd),
        (b"-", UnexpectedEnd),
        (b"-x", UnexpectedByte),
        (b"NaN", UnexpectedByte),
        (b"tru", UnexpectedEnd),
        (b"trux", UnexpectedByte),
        (b"[1,]", UnexpectedByte),
        (b"[1 2]", UnexpectedByte),
        (b"{\"a\":1,}", UnexpectedByte),
        (b"{a:1}", UnexpectedByte),
        (b"{\"a\" 1}", UnexpectedByte),
        (b"[}", UnexpectedByte),
        (b"\"a\nb\"", ControlCharacter),
        (b"\"\\x\"", BadEscape),
        (b"\"\\u12g4\"", BadEscape),
    ];
    for (text, reason) in cases {
        assert_eq!(parse(text).err(), Some(reason), "{text:?}");
    }
    for text in [
        "\"", "\"a", "\"\\", "\"\\u12", "{\"a\":", "[1", "{\"a\"", "{",
    ] {
        assert_eq!(parse(text.as_bytes()).err(), Some(UnexpectedEnd), "{text}");
    }
    assert_eq!(parse(b"\x0c1").err(), Some(UnexpectedByte));
    assert_eq!(parse(b"1\0").err(), Some(TrailingText));
}

#[test]
fn errors_tell_the_place_and_nothing_of_the_text() {
    let error = Value::parse(b"{\"secret\": secret}", 8).unwrap_err();
    assert_eq!(error.to_string(), "unexpected character (at byte 11)");
    let error = Value::parse(b"[[[]]]", 2).unwrap_err();
    assert_eq!(
        error.to_string(),
        "more than 2 containers are open at once (at byte 2)"
    );
    let value = parse(b"{\"secret\":\"secret\"}").unwrap();
    assert_eq!(format!("{value:?}"), "Object of 19 bytes");
    let members = value.members().unwrap();
    assert_eq!(format!("{members:?}"), "members of 19 bytes");
    let member = members.clone().next().unwrap();
    assert_eq!(format!("{member:?}"), "member: String of 8 bytes");
}

#[test]
fn depth_counts_the_containers_open_at_once() {
    assert!(Value::parse(b"1", 0).is_ok());
    assert!(Value::parse(b"[]", 0).is_err());
    assert!(Value::parse(b"[[],[],{\"a\":[]}]", 3).is_ok());
    assert!(Value::parse(b"[[],[],{\"a\":[]}]", 2).is_err());
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    assert!(Value::parse(&deep, 100_000).is_ok());
    assert!(Value::parse(&deep, 99_999).is_err());
}

#[test]
fn members_come_as_they_are_written_doubled_ones_each_time() {
    let value = parse(b"{ \"a\" : [1,{\"x\":\"}\"}] ,\"\\u0061\":\"b\\\"\" , \"\":null}").unwrap();
    let members: Vec<_> = value.members().unwrap().collect();
    let names: Vec<&[u8]> = members.iter().map(Member::name_raw).collect();
    assert_eq!(names, [b"\"a\"".as_slice(), b"\"\\u0061\"", b"\"\""]);
    let values: Vec<&[u8]> = members.iter().map(|member| member.value().raw()).collect();
    assert_eq!(
        values,
        [b"[1,{\"x\":\"}\"}]".as_slice(), b"\"b\\\"\"", b"null"]
    );
    assert_eq!(members[1].name(), b"a".as_slice());
    assert!(parse(b"[1]").unwrap().members().is_none());
}

#[test]
fn pointers_find_members_and_elements() {
    let text = r#"{"a":{"b":[10, {"c~/":true}]},"":1,"0":{"1":2},"e\u0301":3}"#;
    assert_eq!(at(text, "").map(|found| found.is_ok()), Some(true));
    assert_eq!(at(text, "/a/b/0"), Some(Ok("10".to_owned())));
    assert_eq!(at(text, "/a/b/1/c~0~1"), Some(Ok("true".to_owned())));
    assert_eq!(at(text, "/"), Some(Ok("1".to_owned())));
    assert_eq!(at(text, "/0/1"), Some(Ok("2".to_owned())));
    assert_eq!(at(text, "/e\u{301}"), Some(Ok("3".to_owned())));
    for nowhere in [
        "/x",
        "/a/b/2",
        "/a/b/00",
        "/a/b/-",
        "/a/b/+1",
        "/a/b/",
        "/a/b/0/x",
        "/a/b/99999999999999999999999",
    ] {
        assert_eq!(at(text, nowhere), None, "{nowhere}");
    }
}

#[test]
fn a_pointer_that_passes_a_doubled_name_finds_no_one_value() {
    let text = r#"{"a":1,"b":{"c":1,"\u0063":2,"d":3},"b2":4,"b":{"d":5}}"#;
    assert_eq!(at(text, "/b"), Some(Err("doubled")));
    assert_eq!(at(text, "/b/d"), Some(Err("doubled")));
    assert_eq!(at(text, "/b/x"), Some(Err("doubled")));
    assert_eq!(at(text, "/a"), Some(Ok("1".to_owned())));
    let inner = r#"{"b":{"c":1,"\u0063":2,"d":3}}"#;
    assert_eq!(at(inner, "/b/c"), Some(Err("doubled")));
    assert_eq!(at(inner, "/b/d"), Some(Ok("3".to_owned())));
}

#[test]
fn pointers_are_parsed_and_printed_as_rfc_6901_says() {
    for text in ["", "/", "/a", "/a/b", "/~0~1", "//", "/ü"] {
        assert_eq!(Pointer::parse(text).unwrap().to_string(), text);
    }
    assert_eq!(Pointer::parse("a"), Err(PointerError::NoLeadingSlash));
    for text in ["/~", "/~2", "/a~", "/~~"] {
        assert_eq!(
            text.parse::<Pointer>(),
            Err(PointerError::BadTilde),
            "{text}"
        );
    }
    let (short, long) = (
        Pointer::parse("/a").unwrap(),
        Pointer::parse("/a/b").unwrap(),
    );
    assert!(short.is_prefix_of(&long) && !long.is_prefix_of(&short));
    assert!(
        !Pointer::parse("/a")
            .unwrap()
            .is_prefix_of(&Pointer::parse("/ab").unwrap())
    );
    assert_eq!(long.below_first().to_string(), "/b");
}

#[test]
fn strings_are_decoded_to_what_they_mean() {
    let decoded = |text: &str| {
        parse(text.as_bytes())
            .unwrap()
            .decoded_string()
            .map(std::borrow::Cow::into_owned)
    };
    let cases: [(&str, &[u8]); 8] = [
        (r#""plain""#, b"plain"),
        (r#""\"\\\/\b\f\n\r\t""#, b"\"\\/\x08\x0c\n\r\t"),
        (r#""\u00e4""#, "ä".as_bytes()),
        (r#""\uD83D\uDE00!""#, "😀!".as_bytes()),
        (r#""\ud800""#, b"\xed\xa0\x80"),
        (r#""\ud800x""#, b"\xed\xa0\x80x"),
        (r#""\udc00\ud800""#, b"\xed\xb0\x80\xed\xa0\x80"),
        (r#""\ud800\u0041""#, b"\xed\xa0\x80A"),
    ];
    for (text, meant) in cases {
        assert_eq!(decoded(text).as_deref(), Some(meant), "{text}");
    }
    assert_eq!(decoded("1"), None);
}

#[test]
fn only_a_string_with_a_character_is_a_non_empty_string() {
    let is = |text: &[u8]| parse(text).unwrap().is_nonempty_string();
    assert!(is(b"\" \"") && is(b"\"\\u0000\""));
    assert!(!is(b"\"\"") && !is(b"1") && !is(b"[\"a\"]") && !is(b"null"));
}

#[test]
fn doubled_names_are_seen_after_unescaping() {
    let unique = |text: &str| names_unique(&parse(text.as_bytes()).unwrap());
    assert!(unique(r#"{"a":{"x":1,"x":2},"b":1,"A":1}"#));
    assert!(!unique(r#"{"a":1,"b":2,"\u0061":3}"#));
    assert!(!unique(r#"{"\ud800":1,"\uD800":2}"#));
    assert!(unique(r#"{"\ud800":1,"\udc00":2}"#));
    assert!(unique("{}") && unique("[1,1]"));
}

#[test]
fn splicing_leaves_every_byte_that_was_there() {
    let added: [(&str, &[u8]); 2] = [("x\"", b"1"), ("y", b"{}")];
    let spliced = |text: &str, added: &[(&str, &[u8])]| {
        String::from_utf8(splice(text.as_bytes(), added)).unwrap()
    };
    assert_eq!(spliced(" { \"a\":1e0 }\n", &[]), " { \"a\":1e0 }\n");
    assert_eq!(spliced("", &[]), "{}");
    assert_eq!(spliced("", &added), r#"{"x\"":1,"y":{}}"#);
    assert_eq!(spliced(" { } ", &added), r#" { "x\"":1,"y":{}} "#);
    assert_eq!(
        spliced("{\"a\":\"}\" }", &added),
        r#"{"a":"}" ,"x\"":1,"y":{}}"#
    );
    assert_eq!(spliced("no object", &added), "no object");
}

#[test]
fn strings_are_written_so_that_they_mean_the_same() {
    let mut out = Vec::new();
    let text = "a\"\\/\u{8}\u{c}\n\r\t\u{0}\u{1f}ü😀\u{7f}";
    write_string(&mut out, text);
    let value = parse(&out).unwrap();
    assert_eq!(value.decoded_string().as_deref(), Some(text.as_bytes()));
}

#[test]
fn numbers_are_equal_by_value_however_they_are_spelled() {
    let number = |text: &str| Decimal::parse(text.as_bytes()).unwrap();
    let same = [
        ["1", "1.0"],
        ["1", "10e-1"],
        ["1", "0.1E+1"],
        ["-0", "0"],
        ["0e999999999999999999999", "-0.000"],
        ["100", "1e2"],
        ["1e400", "10e399"],
        [
            "123456789012345678901234567890",
            "1.23456789012345678901234567890e29",
        ],
        [
            "1e100000000000000000000000000000000000000000",
            "10e99999999999999999999999999999999999999999",
        ],
        [
            "1e-100000000000000000000000000000000000000000",
            "0.1e-99999999999999999999999999999999999999999",
        ],
        ["5e0000000000000000000000000000000000000000002", "500"],
    ];
    for [one, other] in same {
        assert_eq!(number(one), number(other), "{one} {other}");
    }
    let different = [
        ["1", "-1"],
        ["1", "1.0000000000000000000000000000000000001"],
        ["1e400", "1e401"],
        ["9007199254740993", "9007199254740992"],
        [
            "1e100000000000000000000000000000000000000000",
            "1e-100000000000000000000000000000000000000000",
        ],
        ["0", "1e-99999999999"],
    ];
    for [one, other] in different {
        assert_ne!(number(one), number(other), "{one} {other}");
    }
    for text in ["", "01", "+1", "1.", "true", "\"1\"", "[1]", "1 2"] {
        assert_eq!(Decimal::parse(text.as_bytes()), None, "{text}");
    }
}
