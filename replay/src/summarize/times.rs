//! Histograms as the summary has them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};

use crate::quantile;
use crate::record::{Clocks, Steps};
use crate::summary::{Distribution, Intervals, Latency, Phases};

pub(super) fn latency(clocks: &Clocks, intervals: bool) -> Latency {
    let of = |histogram| distribution(histogram, intervals);
    Latency {
        response: of(&clocks.response),
        service: of(&clocks.service),
        lateness: of(&clocks.lateness),
        link_wait: of(&clocks.link_wait),
    }
}

pub(super) fn phases(steps: &Steps, intervals: bool) -> Phases {
    let [blocked, connecting, sending, waiting, receiving] = steps
        .histograms()
        .map(|histogram| distribution(&histogram, intervals));
    Phases {
        blocked,
        connecting,
        sending,
        waiting,
        receiving,
    }
}

fn distribution(histogram: &Histogram<u32>, intervals: bool) -> Distribution {
    let at = |quantile| at(histogram, quantile);
    let mut bytes = Vec::new();
    // Writing to memory fails only for a histogram that is larger than a V2 length can say.
    let written = V2DeflateSerializer::new().serialize(histogram, &mut bytes);
    Distribution {
        count: histogram.len(),
        min: histogram.min(),
        // Nobody can measure more, and it reads back as it is.
        mean: (histogram.mean() * 1e3).round() / 1e3,
        p50: at(0.5),
        p90: at(0.9),
        p95: at(0.95),
        p99: at(0.99),
        p999: at(0.999),
        max: histogram.max(),
        hdr: written.map_or_else(|_error| String::new(), |_| BASE64_STANDARD.encode(&bytes)),
        intervals: intervals.then(|| confidence(histogram)),
    }
}

fn confidence(histogram: &Histogram<u32>) -> Intervals {
    let of = |quantile| quantile::interval(histogram, quantile);
    Intervals {
        p50: of(0.5),
        p90: of(0.9),
        p95: of(0.95),
        p99: of(0.99),
        p999: of(0.999),
    }
}

/// The upper end of a bucket can lie above all that is in it.
pub(super) fn at(histogram: &Histogram<u32>, quantile: f64) -> u64 {
    histogram.value_at_quantile(quantile).min(histogram.max())
}
