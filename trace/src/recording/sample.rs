//! Which share of the traffic is recorded.

/// A share of the traffic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// From 0, nothing, to 1, all of it.
    pub share: f64,
    /// What is drawn.
    pub by: By,
}

/// What a sample is drawn of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Single exchanges: what a user did has gaps.
    Exchange,
    /// Users: each is in the capture as a whole, or not at all.
    User,
}

impl Sample {
    /// All of the traffic.
    pub const ALL: Self = Self {
        share: 1.0,
        by: By::User,
    };
}

impl By {
    /// What a capture's header calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exchange => "exchange",
            Self::User => "user",
        }
    }
}
