//! What the backend answers, and what must come out.

use integrator_core::flow::answer::WholeAnswer;
use integrator_core::flow::history::{Ending, Sent};
use serde_json::Value as Json;
use toml::{Spanned, Table, Value};

use super::Reading;
use crate::orchestrator::code::Code;
use crate::rehearsal::body;
use crate::rehearsal::scenario::{Answer, Expect};
use crate::rehearsal::text::{AnswerText, ExpectText, WholeText};

impl Reading<'_> {
    pub(super) fn answer(&mut self, text: &Spanned<AnswerText>) -> Option<Answer> {
        let read = match text.get_ref() {
            AnswerText::Word(word) => none(word),
            AnswerText::Whole(whole) => whole_answer(whole),
        };
        read.map_err(|error| self.wrong(text.span().start, &format!("answer: {error}")))
            .ok()
    }

    pub(super) fn expect(&mut self, text: &ExpectText) -> Expect {
        if let Some(state) = &text.state {
            self.check_state(state);
        }
        if let Some(code) = &text.code {
            self.check_code(code);
        }
        let sent = text.sent.as_ref();
        let value = |table: &Spanned<Table>| {
            Spanned::new(table.span(), Value::from(table.get_ref().clone()))
        };
        let headers = text.headers.as_ref().map(value);
        let members = text.members.as_ref().map(value);
        Expect {
            state: text.state.clone().map(Spanned::into_inner),
            code: text.code.clone().map(Spanned::into_inner),
            replayed: text.replayed,
            call: text.call.clone(),
            called: text.called,
            sent: sent.and_then(|sent| self.json("expect.sent", sent)),
            headers: headers.and_then(|headers| self.json("expect.headers", &headers)),
            members: members.and_then(|members| self.json("expect.members", &members)),
        }
    }

    fn check_state(&mut self, state: &Spanned<String>) {
        let protocol = self.protocol;
        if protocol.state(state.get_ref()).is_none() {
            let states: Vec<&str> = protocol
                .states()
                .map(|state| protocol.state_name(state))
                .collect();
            let found = format!(
                "expect.state: there is no state {:?}. States: {}",
                state.get_ref(),
                states.join(", ")
            );
            self.wrong(state.span().start, &found);
        }
    }

    fn check_code(&mut self, code: &Spanned<String>) {
        let codes = Code::ALL.map(Code::as_str);
        if !codes.contains(&code.get_ref().as_str()) {
            let found = format!(
                "expect.code: there is no code {:?}. Codes: {}",
                code.get_ref(),
                codes.join(", ")
            );
            self.wrong(code.span().start, &found);
        }
    }

    fn json(&mut self, key: &str, value: &Spanned<Value>) -> Option<Json> {
        let json = body::json_of(value.get_ref());
        json.map_err(|error| self.wrong(value.span().start, &format!("{key}: {error}")))
            .ok()
    }
}

fn none(word: &str) -> Result<Answer, String> {
    match word {
        "timeout" => Ok(Answer::None(Ending::TimedOut(Sent::Unknown))),
        "unavailable" => Ok(Answer::None(Ending::Unavailable(Sent::Unknown))),
        "not_sent" => Ok(Answer::None(Ending::Unavailable(Sent::NotSent))),
        found => Err(format!(
            "found {found:?}; allowed: \"timeout\" and \"unavailable\" (nobody knows whether the backend acted), \"not_sent\", or a table"
        )),
    }
}

fn whole_answer(text: &WholeText) -> Result<Answer, String> {
    let status = text.status.unwrap_or(200);
    if !(200..=599).contains(&status) {
        return Err(format!("found status {status}; allowed: 200 to 599"));
    }
    let body = body::bytes(text.body.as_ref(), text.json.clone(), text.text.clone())?;
    Ok(Answer::Whole(WholeAnswer {
        status,
        content_type: None,
        body,
    }))
}
