//! Reads the histograms of a summary back: V2 with deflate, base64.
//!
//! Pure.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;

/// The histogram that this text holds.
pub(crate) fn decode(text: &str) -> Result<Histogram<u32>, HdrError> {
    let bytes = BASE64_STANDARD.decode(text)?;
    let histogram = Deserializer::new().deserialize(&mut bytes.as_slice())?;
    Ok(histogram)
}

/// A text that is no histogram.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HdrError {
    /// It is no base64.
    #[error("is no base64")]
    Base64(#[from] base64::DecodeError),
    /// What it encodes is no histogram.
    #[error("is no V2 histogram")]
    Histogram(#[from] hdrhistogram::serialization::DeserializeError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::summary;

    #[test]
    fn what_a_summary_holds_is_read_back() {
        let response = summary().latency.response;
        let histogram = decode(&response.hdr).unwrap();
        assert_eq!(histogram.len(), response.count);
        assert_eq!(histogram.min(), response.min);
        assert_eq!(histogram.value_at_quantile(0.95), response.p95);
        assert_eq!(histogram.max(), response.max);
    }

    #[test]
    fn what_is_none_is_refused() {
        let told = |text| decode(text).unwrap_err().to_string();
        assert_eq!(told("!"), "is no base64");
        assert_eq!(told(""), "is no V2 histogram");
        let whole = summary().latency.response.hdr;
        assert_eq!(told(&whole[..whole.len() / 8 * 4]), "is no V2 histogram");
    }
}
