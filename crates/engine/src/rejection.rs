//! Why an event was not recorded: a closed list with stable codes.

use serde::{Deserialize, Serialize};

/// Exactly one of these is counted for every event that reaches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Recorded and folded into a profile, or kept for the session that has not identified itself yet.
    Applied,
    /// The id was recorded before: the original stands.
    Duplicate,
    /// Recorded, but failed to process five times: set aside with its error.
    Parked,
    /// Recorded, and erased with its identity before it was processed.
    Erased,
    /// Malformed; the answer named the field.
    Invalid,
    /// The origin is not allowed for the public key; answered quietly.
    OriginNotAllowed,
    /// The device signature is malformed; answered quietly.
    MalformedDevice,
    /// The event id is too long, empty or reserved; answered quietly.
    UnusableId,
    /// Over the monthly limit of the team.
    QuotaExceeded,
    /// Over the rate limit of the credential.
    RateLimited,
    /// The queue was full; the client was asked to come back.
    Overloaded,
}

impl Fate {
    pub const ALL: [Fate; 11] = [
        Fate::Applied,
        Fate::Duplicate,
        Fate::Parked,
        Fate::Erased,
        Fate::Invalid,
        Fate::OriginNotAllowed,
        Fate::MalformedDevice,
        Fate::UnusableId,
        Fate::QuotaExceeded,
        Fate::RateLimited,
        Fate::Overloaded,
    ];

    /// The stable code used in metrics, tables and the API.
    pub fn code(self) -> &'static str {
        match self {
            Fate::Applied => "applied",
            Fate::Duplicate => "duplicate",
            Fate::Parked => "parked",
            Fate::Erased => "erased",
            Fate::Invalid => "invalid",
            Fate::OriginNotAllowed => "origin_not_allowed",
            Fate::MalformedDevice => "malformed_device",
            Fate::UnusableId => "unusable_id",
            Fate::QuotaExceeded => "quota_exceeded",
            Fate::RateLimited => "rate_limited",
            Fate::Overloaded => "overloaded",
        }
    }
}

/// Why parsing refused an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// Answered with 400 and this message, which names the field.
    Invalid(String),
    /// Answered as a success without an id, so that a page never breaks.
    Quiet(Fate),
}

impl Rejection {
    pub fn invalid(field: &str, problem: &str) -> Self {
        Rejection::Invalid(format!("{field} {problem}"))
    }

    pub fn fate(&self) -> Fate {
        match self {
            Rejection::Invalid(_) => Fate::Invalid,
            Rejection::Quiet(fate) => *fate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_what_serde_writes() {
        for fate in Fate::ALL {
            assert_eq!(serde_json::to_value(fate).unwrap(), fate.code());
        }
    }
}
