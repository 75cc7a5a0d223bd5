//! The request that a scenario makes: its step, its bytes, its headers.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use integrator_core::protocol::Step;
use toml::Spanned;

use super::Reading;
use crate::rehearsal::body;
use crate::rehearsal::scenario::Asked;
use crate::rehearsal::text::RequestText;

impl Reading<'_> {
    /// The request; nothing where the flow is only looked at.
    pub(super) fn asked(&mut self, at: usize, text: RequestText) -> Option<Asked> {
        let body = body::bytes(text.body.as_ref(), text.json, text.text);
        let body = body.map_err(|error| self.wrong(at, &format!("run.request: {error}")));
        let headers = self.headers(&text.headers);
        let Some(step) = text.step else {
            let says_nothing = body.is_ok_and(|body| body.is_empty()) && headers.is_empty();
            if !says_nothing || text.callback || text.answer.is_some() {
                self.wrong(
                    at,
                    "run.request: `step` is missing: without one, nothing is sent",
                );
            }
            return None;
        };
        self.check_step(&step, text.callback);
        Some(Asked {
            step: step.into_inner(),
            body: body.unwrap_or_default(),
            headers,
            callback: text.callback,
        })
    }

    fn headers(&mut self, texts: &BTreeMap<Spanned<String>, String>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in texts {
            let named = HeaderName::try_from(name.get_ref().as_str()).ok();
            if let Some((name, value)) = named.zip(HeaderValue::try_from(value).ok()) {
                headers.append(name, value);
            } else {
                let name_found = name.get_ref();
                let found = format!("headers: {name_found:?} with this value is no header");
                self.wrong(name.span().start, &found);
            }
        }
        headers
    }

    fn check_step(&mut self, name: &Spanned<String>, callback: bool) {
        let (at, name) = (name.span().start, name.get_ref());
        let Some(step) = self.protocol.step(name) else {
            let steps: Vec<&str> = self.protocol.steps().iter().map(Step::name).collect();
            let steps = steps.join(", ");
            return self.wrong(
                at,
                &format!("step: there is no step {name:?}. Steps: {steps}"),
            );
        };
        if callback && step.callback().is_none() {
            self.wrong(at, &format!("callback: step {name:?} has no `callback`"));
        }
    }
}
