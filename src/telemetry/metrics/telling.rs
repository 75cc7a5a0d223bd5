//! What was to be told and was not: log lines and spans that found no room.

use super::families::Families;

/// Why a span was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpansDropped {
    /// More waited than may wait.
    QueueFull,
    /// The collector could not be reached or took nothing.
    NotSent,
    /// The collector took the message and not this span.
    Refused,
}

impl SpansDropped {
    /// Every reason.
    const ALL: [Self; 3] = [Self::QueueFull, Self::NotSent, Self::Refused];

    fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::NotSent => "not_sent",
            Self::Refused => "refused",
        }
    }
}

impl Families {
    /// Shows the counters before anything is counted.
    pub(super) fn show_telling(&self) {
        for reason in SpansDropped::ALL {
            self.spans_dropped(reason, 0);
        }
    }

    pub(super) fn spans_dropped(&self, reason: SpansDropped, spans: u64) {
        self.trace_spans_dropped
            .with_label_values(&[reason.as_str()])
            .inc_by(spans);
    }

    /// Sets the count of lines, which something else keeps and which never runs back.
    pub(super) fn lines_dropped(&self, lines: u64) {
        let counted = self.log_lines_dropped.get();
        self.log_lines_dropped.inc_by(lines.saturating_sub(counted));
    }
}
