//! How response times are distributed, on a logarithmic axis.

use hdrhistogram::Histogram;

use crate::hdr;
use crate::summary::Distribution;
use crate::words;

use super::axis::{Axis, Unit};
use super::draw::{PlotError, Shape};
use super::palette::Role;
use super::{About, Key, Plot};

/// The whole distribution, with its percentiles; nothing where nothing was measured or the
/// histogram cannot be read.
pub(crate) fn distribution(times: &Distribution) -> Result<Option<Plot>, PlotError> {
    let Some(histogram) = hdr::decode(&times.hdr).ok().filter(|it| !it.is_empty()) else {
        return Ok(None);
    };
    let x = Axis::log_micros(histogram.min() as f64, histogram.max() as f64);
    let bars = bars(&histogram, &x);
    let top = bars.iter().map(|&(.., count)| count).max().unwrap_or(0);
    let bars = bars.into_iter().filter(|&(.., count)| count > 0);
    let bar = |(from, until, count): (f64, f64, u64)| {
        let height = count as f64;
        let gap = (until - from) * 0.08;
        let (from, until) = (from + gap, until - gap);
        Shape::Area {
            role: Role::Bar,
            points: vec![(from, 0.0), (from, height), (until, height), (until, 0.0)],
        }
    };
    let marks = [
        (Role::P50, "p50", times.p50),
        (Role::P95, "p95", times.p95),
        (Role::P99, "p99", times.p99),
    ];
    let mark = |&(role, name, at): &(Role, &str, u64)| Shape::Mark {
        role,
        at: (at.max(1) as f64).log10(),
        label: format!("{name} {}", words::micros(at)),
    };
    let shapes: Vec<_> = bars.map(bar).chain(marks.iter().map(mark)).collect();
    let about = About {
        name: "plot-distribution",
        title: "Distribution of response times, logarithmic",
        about: format!(
            "{} response times from {} to {}; half are within {}, 95 % within {}, 99 % within {}.",
            times.count,
            words::micros(times.min),
            words::micros(times.max),
            words::micros(times.p50),
            words::micros(times.p95),
            words::micros(times.p99),
        ),
        keys: vec![
            Key::new(Role::Bar, "requests"),
            Key::new(Role::P50, "p50"),
            Key::new(Role::P95, "p95"),
            Key::new(Role::P99, "p99"),
        ],
        note: None,
    };
    let y = Axis::values(top as f64, Unit::Counts);
    about.drawn([&x, &y], &shapes).map(Some)
}

/// How many values are between two logarithms: as many spans as are wide enough to be seen.
fn bars(histogram: &Histogram<u32>, axis: &Axis) -> Vec<(f64, f64, u64)> {
    let (start, width) = (axis.range.start, axis.range.end - axis.range.start);
    let edge = |place: u32| start + width * f64::from(place) / f64::from(BARS);
    let mut bars: Vec<_> = (0..BARS)
        .map(|place| (edge(place), edge(place + 1), 0))
        .collect();
    for value in histogram.iter_recorded() {
        let at = (value.value_iterated_to().max(1) as f64).log10();
        let place = bars.partition_point(|&(_, until, _)| until <= at);
        if let Some(bar) = bars.get_mut(place.min(BARS as usize - 1)) {
            bar.2 += value.count_since_last_iteration();
        }
    }
    bars
}

const BARS: u32 = 72;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::summary;

    #[test]
    fn every_value_is_in_one_bar() {
        let times = summary().latency.response;
        let histogram = hdr::decode(&times.hdr).unwrap();
        assert_eq!(histogram.len(), times.count);
        let axis = Axis::log_micros(times.min as f64, times.max as f64);
        let bars = bars(&histogram, &axis);
        let count: u64 = bars.iter().map(|&(.., count)| count).sum();
        assert_eq!(count, times.count);
        let below = |limit: u64| -> u64 {
            let limit = (limit as f64).log10();
            let within = bars.iter().filter(|&&(from, ..)| from <= limit);
            within.map(|&(.., count)| count).sum()
        };
        assert!(below(times.p50) * 2 >= times.count);
    }

    #[test]
    fn what_cannot_be_read_is_not_drawn() {
        for hdr in ["", "no base64!", "AAAA"] {
            let times = Distribution {
                hdr: hdr.to_owned(),
                ..summary().latency.response
            };
            assert!(distribution(&times).unwrap().is_none(), "{hdr}");
        }
    }
}
