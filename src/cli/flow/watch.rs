//! `flow watch`: transitions as they happen, until the flow ends.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::Response;
use tokio::time::{Instant, sleep, timeout};

use super::client::{Client, cause};
use super::events::{Arriving, Event};
use super::history::transition;
use super::seen::Seen;
use super::status::observation;
use super::{Failure, print, print_document};
use crate::cli::output;

/// A stream that is silent for three heartbeats is broken.
const SILENCE: Duration = Duration::from_secs(45);
/// The first pause after a stream that broke, and the longest.
const PAUSE: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(15);

/// What is known while a flow is watched.
struct Watch<'a> {
    client: &'a Client,
    path: String,
    json: bool,
    now: Timestamp,
    /// The version up to which the service has told the flow.
    last: Option<String>,
    /// Whether this stream has told a transition.
    has_moved: bool,
    is_known: bool,
    is_ended: bool,
}

pub(super) async fn show(
    client: &Client,
    handle: &str,
    json: bool,
    now: Timestamp,
) -> Result<(), Failure> {
    let watch = Watch {
        client,
        path: format!("/v1/flows/{handle}/events"),
        json,
        now,
        last: None,
        has_moved: false,
        is_known: false,
        is_ended: false,
    };
    tokio::select! {
        ended = watch.until_it_ends() => ended,
        interrupted = tokio::signal::ctrl_c() => Err(Failure::Failed(match interrupted {
            Ok(()) => "interrupted; the flow goes on".to_owned(),
            Err(error) => format!("no signal can be heard: {error}"),
        })),
    }
}

impl Watch<'_> {
    async fn until_it_ends(mut self) -> Result<(), Failure> {
        let mut pause = PAUSE;
        loop {
            let begun = self.client.stream(&self.path, self.last.as_deref()).await;
            let why = match begun {
                Ok(response) => {
                    let begun = Instant::now();
                    self.has_moved = false;
                    let broken = self.follow(response).await?;
                    if self.is_ended {
                        return Ok(());
                    }
                    // The service ends a stream after the last transition: asked again, it says
                    // whether that was it.
                    if broken.is_none() && self.has_moved {
                        continue;
                    }
                    // A stream that ends as soon as it began is not to be asked for without pause.
                    if self.has_moved || begun.elapsed() > PAUSE_MAX {
                        pause = PAUSE;
                    }
                    broken.unwrap_or_else(|| "the service ended it".to_owned())
                }
                Err(failure) => self.may_pass(failure)?,
            };
            let seconds = pause.as_secs_f32();
            output::note(&format!("the stream broke ({why}); again in {seconds} s"));
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Why there is no stream now, where there may be one later: a flow that was there and is not
    /// any more is gone; a service that cannot answer now may answer soon.
    fn may_pass(&self, failure: Failure) -> Result<String, Failure> {
        match failure {
            Failure::Failed(why) | Failure::Unreached(why) if self.is_known => Ok(why),
            Failure::Refused { text, problem, .. } if self.is_known => {
                if text.starts_with("not_found") {
                    return Err(Failure::Failed(
                        "the flow is gone: its retention is over, or its store lost it".to_owned(),
                    ));
                }
                if Seen::read(&problem).is_some_and(|problem| problem.is("retryable")) {
                    return Ok(text);
                }
                Err(Failure::Failed(text))
            }
            other => Err(other),
        }
    }

    /// Shows a stream's events until it ends; tells why, where that was before its end.
    async fn follow(&mut self, mut response: Response) -> Result<Option<String>, Failure> {
        let mut arriving = Arriving::default();
        loop {
            let bytes = match timeout(SILENCE, response.chunk()).await {
                Ok(Ok(Some(bytes))) => bytes,
                Ok(Ok(None)) => return Ok(None),
                Ok(Err(error)) => {
                    self.is_ended = false;
                    return Ok(Some(cause(&error)));
                }
                Err(_) => {
                    self.is_ended = false;
                    return Ok(Some("nothing was heard for 45 s".to_owned()));
                }
            };
            let events = arriving.take(&bytes);
            let events = events.map_err(|_| {
                Failure::Failed("an event is longer than any that the service sends".to_owned())
            })?;
            for event in events {
                self.take(&event)?;
            }
        }
    }

    fn take(&mut self, event: &Event) -> Result<(), Failure> {
        let Some(seen) = Seen::read(&event.data) else {
            return Ok(());
        };
        match event.name.as_str() {
            // Its id is the version from which transitions will be told.
            "observation" => {
                self.last.clone_from(&event.id);
                self.is_ended = seen.is("terminal");
                if !std::mem::replace(&mut self.is_known, true) {
                    self.print(event, || observation(&seen, None, self.now) + "\n")?;
                }
            }
            "transition" => {
                self.print(event, || transition(&seen))?;
                self.last.clone_from(&event.id);
                self.has_moved = true;
            }
            _ => {}
        }
        Ok(())
    }

    /// The data on a line of its own, or what people read.
    fn print(&self, event: &Event, told: impl FnOnce() -> String) -> Result<(), Failure> {
        if !self.json {
            return print(told().as_bytes());
        }
        // Ends of lines stand between the parts of a JSON text only, never within one.
        let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let line: Vec<u8> = event
            .data
            .iter()
            .map(|byte| if is_end(byte) { b' ' } else { *byte })
            .collect();
        print_document(&line)
    }
}
