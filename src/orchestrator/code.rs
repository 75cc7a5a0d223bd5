//! The closed set of error codes: what callers branch on, what metrics and the history name.

/// Why a request did not bring a backend's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(
    missing_docs,
    reason = "each code is its own name; docs/API.md tells when each is given"
)]
pub enum Code {
    InvalidInput,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    RequestTimeout,
    PayloadTooLarge,
    UnsupportedMediaType,
    SequenceViolation,
    TerminalState,
    StepInProgress,
    OutcomeUnknown,
    Expired,
    IdempotencyKeyReused,
    AdmissionLimited,
    BackendUnavailable,
    BackendError,
    BackendUnclassified,
    CapacityExhausted,
    StoreUnavailable,
    ShuttingDown,
    BackendTimeout,
    Internal,
}

impl Code {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::InvalidInput,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::SequenceViolation,
        Self::TerminalState,
        Self::StepInProgress,
        Self::OutcomeUnknown,
        Self::Expired,
        Self::IdempotencyKeyReused,
        Self::AdmissionLimited,
        Self::BackendUnavailable,
        Self::BackendError,
        Self::BackendUnclassified,
        Self::CapacityExhausted,
        Self::StoreUnavailable,
        Self::ShuttingDown,
        Self::BackendTimeout,
        Self::Internal,
    ];

    /// The code as it stands in problems, headers, metrics and the history.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::RequestTimeout => "request_timeout",
            Self::PayloadTooLarge => "payload_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::SequenceViolation => "sequence_violation",
            Self::TerminalState => "terminal_state",
            Self::StepInProgress => "step_in_progress",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Expired => "expired",
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::AdmissionLimited => "admission_limited",
            Self::BackendUnavailable => "backend_unavailable",
            Self::BackendError => "backend_error",
            Self::BackendUnclassified => "backend_unclassified",
            Self::CapacityExhausted => "capacity_exhausted",
            Self::StoreUnavailable => "store_unavailable",
            Self::ShuttingDown => "shutting_down",
            Self::BackendTimeout => "backend_timeout",
            Self::Internal => "internal",
        }
    }
}
