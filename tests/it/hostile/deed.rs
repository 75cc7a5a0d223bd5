//! What a hostile backend does when it is asked.

use std::time::Duration;

/// What the backend does with a connection or a request, once.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    /// Ends the connection before it reads anything.
    HangUp,
    /// Reads the head of a request and resets the connection.
    ResetInBody,
    /// Reads the request whole, then does all of this, then ends the connection.
    Answer(Vec<Part>),
    /// The same, but the connection stays open for further requests.
    AnswerAndStay(Vec<Part>),
}

/// A part of an answer.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Bytes(Vec<u8>),
    Pause(Duration),
    /// This many bytes, unless nobody takes them any more.
    Flood(usize),
    /// These bytes one by one, each after a pause.
    Drip(Vec<u8>, Duration),
    Reset,
    /// Nothing more, for ever.
    Silence,
}

impl Deed {
    /// Writes this text and ends the connection.
    pub(crate) fn says(text: impl AsRef<[u8]>) -> Self {
        Self::Answer(vec![Part::Bytes(text.as_ref().to_vec())])
    }
}

/// How connections go on after an answer that nothing was told about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manners {
    /// Each answer says that the connection ends.
    CloseSaid,
    /// Connections stay open.
    Stay,
}
