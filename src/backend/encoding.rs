//! How a message is written in HTTP: its path and query as they stand in the request line, its body
//! and what that is said to be.

use bytes::Bytes;
use form_urlencoded::Serializer;
use integrator_core::flow::message::{Message, PathPart, Payload};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986, section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The path under the backend's base, with the query where there is one.
#[must_use]
pub fn target(message: &Message) -> String {
    let mut target = String::new();
    for part in &message.path {
        match part {
            PathPart::Written(text) => target.push_str(text),
            PathPart::Segment(text) => target.extend(utf8_percent_encode(text, RESERVED)),
        }
    }
    if let Payload::Query(pairs) = &message.payload {
        for (nth, (name, value)) in pairs.iter().enumerate() {
            target.push(if nth == 0 { '?' } else { '&' });
            target.extend(utf8_percent_encode(name, RESERVED));
            target.push('=');
            target.extend(utf8_percent_encode(value, RESERVED));
        }
    }
    target
}

/// The body of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its content type; nothing where the caller says it.
    pub content_type: Option<&'static str>,
    /// Its bytes.
    pub bytes: Bytes,
}

/// The body; nothing for a GET.
#[must_use]
pub fn body(payload: &Payload) -> Option<Written> {
    match payload {
        Payload::Json(bytes) => Some(Written {
            content_type: Some("application/json"),
            bytes: bytes.clone(),
        }),
        Payload::Form(pairs) => {
            let mut form = Serializer::new(String::new());
            Some(Written {
                content_type: Some("application/x-www-form-urlencoded"),
                bytes: form.extend_pairs(pairs).finish().into(),
            })
        }
        Payload::Raw(bytes) => Some(Written {
            content_type: None,
            bytes: bytes.clone(),
        }),
        Payload::Query(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;
    use reqwest::Url;

    use super::*;

    proptest! {
        #[test]
        fn a_segment_stays_one_segment_that_no_url_library_rewrites(
            text in any::<String>().prop_filter("refused", |text| !matches!(text.as_str(), "" | "." | "..")),
        ) {
            let path = ["/a%2Fb/", "/c"].map(|written| PathPart::Written(written.into()));
            let [before, after] = path;
            let message = Message {
                path: vec![before, PathPart::Segment(text.clone()), after],
                payload: Payload::Query(vec![(text.clone(), text.clone())]),
            };
            let target = target(&message);
            let url = Url::parse(&format!("http://h{target}")).unwrap();

            prop_assert_eq!(format!("{}?{}", url.path(), url.query().unwrap()), target);
            let segments: Vec<&str> = url.path_segments().unwrap().collect();
            prop_assert_eq!(segments.len(), 3);
            prop_assert_eq!(percent_decode_str(segments[1]).decode_utf8().unwrap(), &*text);
            let pairs: Vec<_> = url.query_pairs().into_owned().collect();
            prop_assert_eq!(pairs, [(text.clone(), text)]);
        }

        #[test]
        fn a_form_means_the_pairs_that_it_was_written_from(pairs: Vec<(String, String)>) {
            let written = body(&Payload::Form(pairs.clone())).unwrap();
            let read: Vec<_> = form_urlencoded::parse(&written.bytes).into_owned().collect();
            prop_assert_eq!(read, pairs);
        }
    }

    fn pairs() -> Vec<(String, String)> {
        [("a b", "c&d=e"), ("\u{fc}", "~-._*")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec()
    }

    #[test]
    fn a_segment_is_encoded_but_for_unreserved_characters_and_what_is_written_stays() {
        let message = Message {
            path: vec![
                PathPart::Written("/a%2Fb/".into()),
                PathPart::Segment("c/d e%~-._\u{fc}".to_owned()),
                PathPart::Written("/".into()),
            ],
            payload: Payload::Json(Bytes::new()),
        };
        assert_eq!(target(&message), "/a%2Fb/c%2Fd%20e%25~-._%C3%BC/");
    }

    #[test]
    fn a_query_stands_behind_the_path_in_its_order() {
        let message = Message {
            path: vec![PathPart::Written("/a".into())],
            payload: Payload::Query(pairs()),
        };
        assert_eq!(target(&message), "/a?a%20b=c%26d%3De&%C3%BC=~-._%2A");
        assert_eq!(body(&message.payload), None);
    }

    #[test]
    fn a_form_is_written_as_browsers_write_it() {
        let written = body(&Payload::Form(pairs())).unwrap();
        assert_eq!(written.bytes, "a+b=c%26d%3De&%C3%BC=%7E-._*");
    }
}
