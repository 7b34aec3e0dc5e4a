//! Why a request is refused, and what the client is told.
//!
//! The status, the body and the headers of every refusal are decided here.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use crate::access::failures;
use crate::config::Rate;

/// Why a request is not forwarded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The client's address is not on the allow-list.
    Address,
    /// Two parsers could read the request differently.
    Ambiguous(&'static str),
    /// The body is longer than the route's limit in bytes.
    BodyTooLarge(u64),
    /// The client presented too many wrong keys.
    FailedKeys(Duration),
    /// The header section is too long.
    HeadersTooLarge,
    /// The key is missing, wrong or no longer valid.
    Key,
    /// A rate or concurrency limit is reached.
    Limited(Limited),
    /// A method that would turn the connection into a tunnel, or show what the proxy adds.
    Method,
    /// No route leads there.
    NotFound,
    /// The client took too long to send it.
    Slow,
    /// A version of HTTP other than 1.0 and 1.1.
    Version,
}

/// A limit that is reached.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Limited {
    /// The route's name.
    pub(crate) name: String,
    pub(crate) quota: Quota,
    /// When to try again.
    pub(crate) wait: Duration,
}

/// What a limit allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quota {
    /// So many in flight.
    InFlight(u32),
    /// So many in a time.
    Rate(Rate),
}

/// Header fields of an answer that says to wait.
pub(crate) struct Waiting {
    pub(crate) retry_after: u64,
    /// `RateLimit-Policy`
    pub(crate) policy: String,
    /// `RateLimit`
    pub(crate) limit: String,
}

impl Refusal {
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::Address | Self::Key => StatusCode::FORBIDDEN,
            Self::Ambiguous(_) => StatusCode::BAD_REQUEST,
            Self::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::FailedKeys(_) | Self::Limited(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Version => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
        }
    }

    /// The label in metrics.
    pub(crate) const fn reason(&self) -> Reason {
        match self {
            Self::Address => Reason::Address,
            Self::Ambiguous(_) => Reason::Ambiguous,
            Self::BodyTooLarge(_) => Reason::BodyTooLarge,
            Self::FailedKeys(_) => Reason::FailedKeys,
            Self::HeadersTooLarge => Reason::HeadersTooLarge,
            Self::Key => Reason::Key,
            Self::Limited(limited) => match limited.quota {
                Quota::InFlight(_) => Reason::InFlight,
                Quota::Rate(_) => Reason::Rate,
            },
            Self::Method => Reason::Method,
            Self::NotFound => Reason::NotFound,
            Self::Slow => Reason::Slow,
            Self::Version => Reason::Version,
        }
    }

    /// After these the client and the proxy may no longer agree where a request ends.
    pub(crate) const fn closes(&self) -> bool {
        matches!(
            self,
            Self::Ambiguous(_)
                | Self::BodyTooLarge(_)
                | Self::HeadersTooLarge
                | Self::Method
                | Self::Slow
                | Self::Version
        )
    }

    pub(crate) fn body(&self) -> Value {
        match self {
            Self::Address => json!({"error": "Load testing not allowed from this IP"}),
            Self::Ambiguous(reason) => json!({"error": "ambiguous request", "reason": reason}),
            Self::BodyTooLarge(limit) => {
                json!({"error": "request body too large", "limit_bytes": limit})
            }
            Self::FailedKeys(wait) => {
                let limit = format!("{} failed keys/min", failures::ALLOWED);
                limited_body(&limit, *wait)
            }
            Self::HeadersTooLarge => json!({"error": "request headers too large"}),
            Self::Key => json!({"error": "Valid X-Load-Test-Key header required"}),
            Self::Limited(limited) => match limited.quota {
                Quota::InFlight(most) => limited_body(&format!("{most} at once"), limited.wait),
                Quota::Rate(rate) => limited_body(&rate.to_string(), limited.wait),
            },
            Self::Method => json!({"error": "method not allowed"}),
            Self::NotFound => json!({"error": "not found"}),
            Self::Slow => json!({"error": "request timed out"}),
            Self::Version => json!({"error": "HTTP version not supported"}),
        }
    }

    pub(crate) fn waiting(&self) -> Option<Waiting> {
        let (name, quota, wait) = match self {
            Self::FailedKeys(wait) => {
                let window = failures::WINDOW.as_secs();
                (
                    "failed-keys",
                    format!("q={};w={window}", failures::ALLOWED),
                    *wait,
                )
            }
            Self::Limited(limited) => (limited.name.as_str(), limited.quota.policy(), limited.wait),
            _ => return None,
        };
        let retry_after = whole_seconds(wait);
        Some(Waiting {
            retry_after,
            policy: format!("\"{name}\";{quota}"),
            limit: format!("\"{name}\";r=0;t={retry_after}"),
        })
    }
}

impl Quota {
    /// Parameters of `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers).
    fn policy(self) -> String {
        match self {
            Self::InFlight(most) => format!("q={most};w=1;qu=\"concurrent-requests\""),
            Self::Rate(rate) => format!("q={};w={}", rate.count, rate.window.as_secs()),
        }
    }
}

fn limited_body(limit: &str, wait: Duration) -> Value {
    json!({"error": "rate limited", "limit": limit, "retry_after": whole_seconds(wait)})
}

/// Rounded up, so that who waits as long as told gets through.
fn whole_seconds(wait: Duration) -> u64 {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    seconds.max(1)
}

/// A [`Refusal`] without its details: the label in metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    Address,
    Ambiguous,
    BodyTooLarge,
    FailedKeys,
    HeadersTooLarge,
    InFlight,
    Key,
    Method,
    NotFound,
    Rate,
    Slow,
    Version,
}

impl Reason {
    pub(crate) const ALL: [Self; 12] = [
        Self::Address,
        Self::Ambiguous,
        Self::BodyTooLarge,
        Self::FailedKeys,
        Self::HeadersTooLarge,
        Self::InFlight,
        Self::Key,
        Self::Method,
        Self::NotFound,
        Self::Rate,
        Self::Slow,
        Self::Version,
    ];

    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Ambiguous => "ambiguous",
            Self::BodyTooLarge => "body_too_large",
            Self::FailedKeys => "failed_keys",
            Self::HeadersTooLarge => "headers_too_large",
            Self::InFlight => "concurrency",
            Self::Key => "key",
            Self::Method => "method",
            Self::NotFound => "not_found",
            Self::Rate => "rate",
            Self::Slow => "slow",
            Self::Version => "version",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(quota: Quota, wait: u64, policy: &str, limit: &str, body: &Value) {
        let refusal = Refusal::Limited(Limited {
            name: "generate".to_owned(),
            quota,
            wait: Duration::from_millis(wait),
        });
        let waiting = refusal.waiting().unwrap();
        assert_eq!(waiting.policy, policy);
        assert_eq!(waiting.limit, limit);
        assert_eq!(refusal.body(), *body);
    }

    #[test]
    fn a_limit_says_what_it_is_and_when_to_come_back() {
        check(
            Quota::Rate(Rate::parse("10/min").unwrap()),
            5_001,
            r#""generate";q=10;w=60"#,
            r#""generate";r=0;t=6"#,
            &json!({"error": "rate limited", "limit": "10/min", "retry_after": 6}),
        );
        check(
            Quota::Rate(Rate::parse("1/10s").unwrap()),
            10,
            r#""generate";q=1;w=10"#,
            r#""generate";r=0;t=1"#,
            &json!({"error": "rate limited", "limit": "1/10s", "retry_after": 1}),
        );
        check(
            Quota::InFlight(2),
            0,
            r#""generate";q=2;w=1;qu="concurrent-requests""#,
            r#""generate";r=0;t=1"#,
            &json!({"error": "rate limited", "limit": "2 at once", "retry_after": 1}),
        );
    }
}
