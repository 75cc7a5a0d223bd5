//! Replies as snapshots show them.

use super::client::Reply;

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
