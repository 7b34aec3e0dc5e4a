//! How the target did over time, and what to look at next, as sections of the text.

use crate::summary::{Memory, Peak, Summary, Trend};
use crate::words;

use super::text::section;

/// Nothing where there is nothing to tell.
pub(super) fn sections(summary: &Summary) -> String {
    let course = &summary.course;
    let told = [
        course.trend.as_ref().map(|it| line("trend", trend(it))),
        course.peak.as_ref().map(|it| line("peak", peak(it))),
        course.memory.as_ref().map(|it| line("memory", memory(it))),
    ];
    let told: Vec<_> = told.into_iter().flatten().collect();
    let over_time = match told.is_empty() {
        true => String::new(),
        false => section("over time", &words::table(&told, &[false, false])),
    };
    let advice = summary.advice.iter();
    let advice: String = advice.map(|advice| format!("  - {advice}\n")).collect();
    let advice = match advice.as_str() {
        "" => String::new(),
        advice => section("what to look at next", advice),
    };
    over_time + &advice
}

fn line(name: &str, told: String) -> Vec<String> {
    vec![name.to_owned(), told]
}

fn trend(trend: &Trend) -> String {
    let Trend {
        change, p_value, ..
    } = *trend;
    let what = match (trend.rising, trend.steady) {
        (true, _) => "answers became slower",
        (false, true) => "answers did not become slower",
        (false, false) => "the load changed, and times may have with it",
    };
    let percent = change * 100.0;
    format!("{what}: median response time {percent:+.1} % over the run (p = {p_value:.4})")
}

fn peak(peak: &Peak) -> String {
    let recovery = match peak.recovery_s {
        Some(seconds) => format!("as before {seconds:.0} s after it"),
        None => format!("not as before in the {} s after it", peak.seconds_after),
    };
    format!(
        "{:.0}/s from second {} to {}, before it {:.0}/s; p95 {} and before it {}, {recovery}",
        peak.rate,
        peak.from,
        peak.until,
        peak.rate_before,
        words::micros(peak.p95),
        words::micros(peak.p95_before),
    )
}

fn memory(memory: &Memory) -> String {
    let last = memory.samples.last().map_or(0, |sample| sample.bytes);
    let growth = memory.growth.map_or_else(
        || "too few readings to say whether it grew".to_owned(),
        |growth| format!("{:+.1} % over the run", growth * 100.0),
    );
    format!("{} of the target, {growth}", words::bytes(last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{judged, summary};

    #[test]
    fn the_course_of_a_run_and_advice() {
        insta::assert_snapshot!(sections(&judged()));
        assert_eq!(sections(&summary()), "");
    }
}
