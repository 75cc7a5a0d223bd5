//! Server-sent events, as they arrive in pieces.

/// The longest event that is taken in: an answer of the largest size, in base64, and what is around
/// it.
const EVENT_MAX: usize = 4 * 1024 * 1024;

/// One event.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// What it is called.
    pub(super) name: String,
    /// Its data; several lines are joined by an end of line.
    pub(super) data: Vec<u8>,
    /// The id that it carries.
    pub(super) id: Option<String>,
}

/// An event was longer than any that the service sends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// What has arrived and is no event yet.
#[derive(Default)]
pub(super) struct Arriving {
    line: Vec<u8>,
    name: String,
    data: Option<Vec<u8>>,
    id: Option<String>,
    after_return: bool,
}

impl Arriving {
    /// Takes the next bytes; tells the events that are whole now.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLong> {
        let mut events = Vec::new();
        for byte in bytes {
            let follows_return = std::mem::take(&mut self.after_return);
            match byte {
                b'\n' if follows_return => {}
                b'\n' | b'\r' => {
                    self.after_return = *byte == b'\r';
                    let line = std::mem::take(&mut self.line);
                    events.extend(self.take_line(&line));
                }
                byte => self.line.push(*byte),
            }
            let held = self.line.len() + self.data.as_ref().map_or(0, Vec::len);
            if held > EVENT_MAX {
                return Err(TooLong);
            }
        }
        Ok(events)
    }

    fn take_line(&mut self, line: &[u8]) -> Option<Event> {
        if line.is_empty() {
            let name = std::mem::take(&mut self.name);
            let (data, id) = (self.data.take()?, self.id.take());
            return Some(Event { name, data, id });
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (field, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => self.name = String::from_utf8_lossy(value).into_owned(),
            b"id" => self.id = Some(String::from_utf8_lossy(value).into_owned()),
            b"data" => match &mut self.data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => self.data = Some(value.to_vec()),
            },
            // Comments keep the connection open; other fields are for browsers.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(stream: &[u8], at_once: usize) -> Vec<Event> {
        let mut arriving = Arriving::default();
        let pieces = stream.chunks(at_once);
        pieces
            .flat_map(|piece| arriving.take(piece).unwrap())
            .collect()
    }

    #[test]
    fn events_are_the_same_however_their_bytes_arrive() {
        let stream = b": hello\n\nevent: transition\nid: 7\ndata: {\"a\":\ndata:  1}\n\n\
                       retry: 5\r\ndata\r\n\r\ndata: cut";
        let expected = [
            Event {
                name: "transition".to_owned(),
                data: b"{\"a\":\n 1}".to_vec(),
                id: Some("7".to_owned()),
            },
            Event {
                name: String::new(),
                data: Vec::new(),
                id: None,
            },
        ];

        for at_once in 1..stream.len() {
            assert_eq!(all(stream, at_once), expected, "{at_once}");
        }
    }

    #[test]
    fn an_event_without_end_is_refused() {
        let mut arriving = Arriving::default();
        let piece = vec![b'x'; EVENT_MAX];

        assert_eq!(arriving.take(&piece), Ok(Vec::new()));
        assert_eq!(arriving.take(b"x"), Err(TooLong));
    }
}
