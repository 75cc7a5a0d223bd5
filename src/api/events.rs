//! `GET /v1/flows/{flowHandle}/events`: a flow as it moves, as server-sent events (WHATWG HTML,
//! section 9.2).

use std::convert::Infallible;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Response};
use bytes::Bytes;
use futures_util::stream::unfold;

use super::facts::Facts;
use super::flows::unreadable_path;
use super::headers::last_event_id;
use super::observation::{observation, transition_event};
use super::problem::Problem;
use super::{Api, Listener};
use crate::orchestrator::{Audience, Sight, Watch};
use crate::phase::Phases;

/// A comment, which tells whoever reads that somebody is there.
const HEARTBEAT: &[u8] = b": nothing new\n\n";

/// What a stream goes on from.
struct Stream {
    watch: Watch,
    phase: Arc<Phases>,
    first: Option<Bytes>,
}

/// `GET /v1/flows/{flowHandle}/events`
pub(super) async fn events(
    State(api): State<Api>,
    Extension(listener): Extension<Listener>,
    params: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    api.admits_work()?;
    let after = last_event_id(&headers)?;
    let Path(handle) = params.map_err(unreadable_path)?;
    let audience = match listener {
        Listener::Whole | Listener::Product => Audience::Callers,
        Listener::Operator => Audience::Operators,
    };
    let (seen, watch) = api.orchestrator.watch(&handle, after, audience).await?;
    let first = event("observation", watch.told(), &observation(&seen));
    let stream = Stream {
        watch,
        phase: api.phase.clone(),
        first: Some(first),
    };
    let events = unfold(stream, |mut stream| async move {
        let next = stream.next().await?;
        Some((Ok::<_, Infallible>(next), stream))
    });
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
        .extensions_mut()
        .insert(Facts::of_observation(&seen));
    Ok(response)
}

impl Stream {
    /// What is written next. It is asked for when there is room to write it: whoever reads slowly
    /// is told later, and nothing waits meanwhile.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        let sight = tokio::select! {
            biased;
            () = self.phase.refusing() => None,
            sight = self.watch.next() => sight,
        };
        match sight? {
            Sight::Quiet => Some(Bytes::from_static(HEARTBEAT)),
            Sight::Moved { past, made } => {
                let data = transition_event(&past, &made);
                Some(event("transition", made.version, &data))
            }
        }
    }
}

/// One event. A line of its data ends where a line of the text does; whoever reads puts line feeds
/// between them again.
fn event(kind: &str, id: u64, data: &[u8]) -> Bytes {
    let mut out = format!("event: {kind}\nid: {id}\n").into_bytes();
    let mut rest = data;
    loop {
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let (line, ending) = rest.split_at(end.unwrap_or(rest.len()));
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line);
        out.push(b'\n');
        let beyond = ending.strip_prefix(b"\r\n").or_else(|| ending.get(1..));
        match beyond {
            Some(beyond) => rest = beyond,
            None => break,
        }
    }
    out.push(b'\n');
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(data: &str) -> String {
        let event = event("transition", 7, data.as_bytes());
        String::from_utf8(event.to_vec()).unwrap()
    }

    #[test]
    fn an_event_of_one_line_has_one_line_of_data() {
        assert_eq!(
            written("{\"a\":1}"),
            "event: transition\nid: 7\ndata: {\"a\":1}\n\n"
        );
    }

    #[test]
    fn every_line_of_a_text_is_a_line_of_data_with_its_blanks() {
        assert_eq!(
            written("{\n  \"a\":1\n\n}"),
            "event: transition\nid: 7\ndata: {\ndata:   \"a\":1\ndata: \ndata: }\n\n"
        );
    }

    #[test]
    fn a_carriage_return_ends_a_line_alone_or_before_a_line_feed() {
        assert_eq!(
            written("[\r\n1,\r2,\n\r3]"),
            "event: transition\nid: 7\ndata: [\ndata: 1,\ndata: 2,\ndata: \ndata: 3]\n\n"
        );
    }
}
