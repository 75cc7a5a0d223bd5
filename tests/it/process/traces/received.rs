//! What a collector passed on, read: spans with their names, kinds, parents and attributes.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::time::timeout;

use crate::harness::Backend;
use crate::harness::backend::Seen;
use crate::process::PATIENCE;

/// Everything that arrived at the end of the way.
#[derive(Debug, Default)]
pub(super) struct Received {
    pub(super) spans: Vec<Span>,
    /// What the sender says of itself.
    pub(super) resource: BTreeMap<String, String>,
    /// The messages as they stood on the wire, uncompressed.
    pub(super) bytes: Vec<u8>,
}

impl Received {
    /// Waits until `sink` has what is looked for.
    pub(super) async fn until(sink: &Backend, has: impl Fn(&Self) -> bool) -> Self {
        let looked = async {
            let mut received = Self::default();
            let mut messages = 0;
            while !has(&received) {
                sink.asked_more_than(messages).await;
                let new = sink.seen().split_off(messages);
                messages += new.len();
                new.into_iter().for_each(|message| received.take(message));
            }
            received
        };
        match timeout(PATIENCE, looked).await {
            Ok(received) => received,
            Err(_) => panic!("it never comes; {} messages did", sink.calls()),
        }
    }

    fn take(&mut self, message: Seen) {
        assert_eq!(message.path, "/v1/traces");
        let bytes = match message.header("content-encoding") {
            Some("gzip") => gunzip(&message.body),
            _ => message.body,
        };
        let read = ExportTraceServiceRequest::decode(bytes.as_slice()).expect("it is OTLP");
        self.bytes.extend_from_slice(&bytes);
        for of_resource in read.resource_spans {
            let resource = of_resource.resource.unwrap_or_default();
            self.resource.extend(pairs(&resource.attributes));
            let scopes = of_resource.scope_spans.into_iter();
            self.spans.extend(scopes.flat_map(|scope| scope.spans));
        }
    }

    /// The only span of this name.
    pub(super) fn one(&self, name: &str) -> &Span {
        let mut named = self.spans.iter().filter(|span| span.name == name);
        let found = named
            .next()
            .unwrap_or_else(|| panic!("no {name}: {:#?}", self.spans));
        assert!(named.next().is_none(), "two spans {name}");
        found
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.spans.iter().any(|span| span.name == name)
    }

    /// The names of the spans right below a span, in the order that they began in.
    pub(super) fn below(&self, parent: &Span) -> Vec<&str> {
        let mut below: Vec<&Span> = self
            .spans
            .iter()
            .filter(|span| span.parent_span_id == parent.span_id)
            .collect();
        below.sort_by_key(|span| span.start_time_unix_nano);
        below.into_iter().map(|span| span.name.as_str()).collect()
    }

    /// Whether these words stand anywhere in what was sent.
    pub(super) fn holds(&self, words: &str) -> bool {
        let words = words.as_bytes();
        self.bytes.windows(words.len()).any(|part| part == words)
    }
}

/// Attributes as text.
pub(super) fn attributes(span: &Span) -> BTreeMap<String, String> {
    pairs(&span.attributes)
}

/// An id as headers write it.
pub(super) fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn pairs(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |value: &Option<AnyValue>| match value.as_ref().and_then(|it| it.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        Some(any_value::Value::BoolValue(truth)) => truth.to_string(),
        other => format!("{other:?}"),
    };
    let pair = |pair: &KeyValue| (pair.key.clone(), text(&pair.value));
    attributes.iter().map(pair).collect()
}

/// The collector compresses whatever it passes on.
fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let program = "import gzip, sys\n\
        sys.stdout.buffer.write(gzip.decompress(sys.stdin.buffer.read()))";
    let mut python = Command::new("python3")
        .args(["-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 starts");
    let mut stdin = python.stdin.take().expect("its input is piped");
    let bytes = bytes.to_vec();
    let writing = std::thread::spawn(move || stdin.write_all(&bytes));
    let output = python.wait_with_output().expect("python3 ends");
    writing.join().expect("it is written").expect("it is read");
    assert!(output.status.success(), "it is gzip");
    output.stdout
}
