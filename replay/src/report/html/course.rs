//! How the target did over time: trend, peak, memory.

use crate::report::plot::{self, Plot, PlotError};
use crate::summary::{Course, Memory, Peak, Trend};
use crate::words;

use super::number::{Number, change};

/// What is known of the course of a run.
pub(super) struct Told {
    /// What it comes to, in sentences.
    pub(super) sentences: Vec<String>,
    /// Its numbers.
    pub(super) numbers: Vec<(&'static str, Number)>,
    pub(super) memory: Option<Plot>,
}

/// The course; nothing where nothing is known of it.
pub(super) fn told(course: &Course) -> Result<Option<Told>, PlotError> {
    let mut told = Told {
        sentences: Vec::new(),
        numbers: Vec::new(),
        memory: None,
    };
    if let Some(trend) = &course.trend {
        told.sentences.push(of_trend(trend));
        told.numbers.extend(trend_numbers(trend));
    }
    if let Some(peak) = &course.peak {
        told.sentences.push(of_peak(peak));
        told.numbers.extend(peak_numbers(peak));
    }
    if let Some(memory) = &course.memory {
        told.sentences.push(of_memory(memory));
        told.numbers.extend(memory.growth.map(|growth| {
            let number = Number::new("course.memory.growth", growth, change(growth));
            ("Growth of memory", number)
        }));
        told.memory = plot::memory(memory)?;
    }
    Ok((!told.sentences.is_empty()).then_some(told))
}

fn of_trend(trend: &Trend) -> String {
    let what = match trend.rising {
        true => "Answers became slower over the run",
        false => "Answers did not become slower over the run",
    };
    let load = match trend.steady {
        true => "",
        false => "; the load was not steady, so that this may be the trend of the load",
    };
    format!(
        "{what}: the median changed by {}{load}.",
        change(trend.change)
    )
}

fn trend_numbers(trend: &Trend) -> [(&'static str, Number); 4] {
    let slope = trend.slope_us_per_hour;
    let sign = if slope < 0.0 { "-" } else { "+" };
    let slope_words = format!("{sign}{} an hour", words::micros_f64(slope.abs()));
    [
        (
            "Change of the median over the run",
            Number::new("course.trend.change", trend.change, change(trend.change)),
        ),
        (
            "Slope of the median",
            Number::new("course.trend.slope_us_per_hour", slope, slope_words),
        ),
        (
            "Chance of such a trend where there is none",
            Number::new(
                "course.trend.p_value",
                trend.p_value,
                format!("{:.4}", trend.p_value),
            ),
        ),
        (
            "Spans that were compared",
            Number::count("course.trend.spans", trend.spans),
        ),
    ]
}

fn of_peak(peak: &Peak) -> String {
    let after = match peak.recovery_s {
        Some(seconds) => format!("answers were as before after {seconds:.0} s"),
        None => format!(
            "answers did not become as before and stay so: they were in {} of the {} s after it",
            words::percent(peak.recovered),
            peak.seconds_after
        ),
    };
    format!(
        "The load rose from {:.0} to {:.0} requests a second between {} s and {} s; {after}.",
        peak.rate_before, peak.rate, peak.from, peak.until
    )
}

fn peak_numbers(peak: &Peak) -> [(&'static str, Number); 4] {
    let p95 = |field, micros| Number::micros(format!("course.peak.{field}"), micros);
    [
        ("p95 before the peak", p95("p95_before", peak.p95_before)),
        ("p95 in it", p95("p95", peak.p95)),
        ("p95 after it", p95("p95_after", peak.p95_after)),
        (
            "Seconds after it that were as before",
            Number::share("course.peak.recovered", peak.recovered),
        ),
    ]
}

fn of_memory(memory: &Memory) -> String {
    let growth = memory.growth.map_or_else(
        || "there are too few samples to say whether it grew".to_owned(),
        |growth| format!("it changed by {} over the run", change(growth)),
    );
    format!("The target's memory was read at {}: {growth}.", memory.url)
}
