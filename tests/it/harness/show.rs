//! Replies as snapshots show them.

use integrator_core::json::Value;

use super::client::Reply;

/// The members of a problem, in order; those in capitals stand in every one.
const MEMBERS: [&str; 18] = [
    "TYPE",
    "TITLE",
    "STATUS",
    "DETAIL",
    "CODE",
    "flowHandle",
    "step",
    "state",
    "allowedSteps",
    "RETRYABLE",
    "admission",
    "outcome",
    "backendStatus",
    "backend",
    "backend_base64",
    "expiresAt",
    "CORRELATIONID",
    "ERROR",
];
/// Problems after which the same request may succeed without anything being changed in it.
const RETRYABLE: [&str; 8] = [
    "step_in_progress",
    "admission_limited",
    "capacity_exhausted",
    "store_unavailable",
    "shutting_down",
    "backend_unavailable",
    "backend_timeout",
    "backend_error",
];

impl Reply {
    /// Status, headers in the order of the wire (without lengths), and the body.
    pub(crate) fn show(&self) -> String {
        let headers = self.headers.iter();
        let headers = headers.filter(|(name, _)| name != "content-length");
        let headers: String = headers
            .map(|(name, value)| format!("{name}: {value}\n"))
            .collect();
        let body = String::from_utf8_lossy(&self.body);
        format!("{}\n{headers}\n{}", self.status, broken(&body))
    }

    /// The names of the body's members, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let body = Value::parse(&self.body, 600).expect("the body is JSON");
        let members = body.members().expect("the body is an object");
        let names = members.map(|member| member.name().to_vec());
        names
            .map(|name| String::from_utf8(name).expect("our names are text"))
            .collect()
    }

    /// Passes where this is an answer and no problem.
    #[track_caller]
    pub(crate) fn is_answer(&self) {
        assert_eq!(self.status, 200, "{}", self.show());
        assert_eq!(self.header("x-integrator-error"), None);
        assert_eq!(self.header("retry-after"), None);
    }

    /// Passes where this is that problem, whole: members, order, envelope and headers.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) {
        assert_eq!(
            self.header("x-integrator-error"),
            Some(code),
            "{}",
            self.show()
        );
        assert_eq!(self.status, status, "{}", self.show());
        let content_type = self.header("content-type");
        assert_eq!(content_type, Some("application/problem+json"));
        self.has_the_members_of_a_problem();
        let urn = format!("urn:appattest-integrator:problem:{code}");
        assert_eq!(self.string("/type"), urn);
        assert_eq!(self.member("/status"), Some(status.into()));
        assert_eq!(self.string("/code"), code);
        assert_eq!(self.string("/error/code"), code);
        assert_eq!(self.string("/error/message"), self.string("/detail"));
        let retryable = RETRYABLE.contains(&code);
        assert_eq!(self.member("/retryable"), Some(retryable.into()), "{code}");
        let waits = code == "step_in_progress" || [429, 503].contains(&status);
        assert_eq!(self.header("retry-after").is_some(), waits, "{code}");
        if let Some(id) = self.header("x-correlation-id") {
            assert_eq!(self.string("/correlationID"), id);
        }
    }

    #[track_caller]
    fn has_the_members_of_a_problem(&self) {
        let names = self.names();
        let mut names = names.iter().map(String::as_str).peekable();
        for member in MEMBERS {
            let shown = match member {
                "CORRELATIONID" => "correlationID".to_owned(),
                other if other.chars().all(char::is_uppercase) => other.to_lowercase(),
                other => other.to_owned(),
            };
            let stands = names.next_if(|name| *name == shown).is_some();
            let must_stand = member.chars().all(char::is_uppercase);
            assert!(stands || !must_stand, "no {shown}: {}", self.show());
        }
        assert_eq!(
            names.next(),
            None,
            "unknown or out of order: {}",
            self.show()
        );
    }
}

/// One line for each member of the outermost object: order and bytes stay as they are.
pub(crate) fn broken(body: &str) -> String {
    let (mut out, mut depth, mut quoted, mut escaped) = (String::new(), 0_usize, false, false);
    for character in body.chars() {
        out.push(character);
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 1 => out.push('\n'),
            _ => {}
        }
    }
    out
}
