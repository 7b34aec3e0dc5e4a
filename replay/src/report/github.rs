//! Annotations of a GitHub job: a line for each rule that does not hold, and for each warning.
//!
//! Pure. GitHub shows ten of a kind in a step, so that the tenth says how many more there are.

use crate::summary::Summary;

use super::rules::broken;

/// The annotations, as a job prints them.
pub(crate) fn render(summary: &Summary) -> String {
    let broken = broken(summary);
    let errors = broken
        .iter()
        .map(|it| (it.title.as_str(), it.text.as_str()));
    let warnings = summary.warnings.iter();
    let warnings = warnings.map(|warning| ("replay", warning.as_str()));
    lines("error", &errors.collect::<Vec<_>>()) + &lines("warning", &warnings.collect::<Vec<_>>())
}

fn lines(kind: &str, all: &[(&str, &str)]) -> String {
    let (shown, more) = match all.len() {
        0..=MOST => (all.len(), 0),
        many => (MOST - 1, many + 1 - MOST),
    };
    let shown = all.iter().take(shown);
    let mut lines: String = shown.map(|(title, text)| line(kind, title, text)).collect();
    if more > 0 {
        let text = format!("{more} more in summary.json");
        lines += &line(kind, "replay", &text);
    }
    lines
}

fn line(kind: &str, title: &str, text: &str) -> String {
    let title = escaped(title).replace(':', "%3A").replace(',', "%2C");
    format!("::{kind} title={title}::{}\n", escaped(text))
}

fn escaped(text: &str) -> String {
    let text = text.replace('%', "%25");
    text.replace('\r', "%0D").replace('\n', "%0A")
}

const MOST: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{judged, summary};

    #[test]
    fn each_broken_rule_and_each_warning_is_a_line() {
        let mut summary = judged();
        summary.warnings = vec!["100 % of a,b:c\r\n::error::x".to_owned()];
        insta::assert_snapshot!(render(&summary), @"
        ::error title=http_req_duration{endpoint%3APOST /api/v1/auth/login} p(95)<10 for 5s::it is 16.4 ms, the limit is 10.0 ms, worst from second 3 on
        ::error title=Error rate (http_req_failed rate)::it is 0.10 %25 (normal <0.1%25, load <1%25, critical >5%25)
        ::error title=response p95 of POST /api/v1/auth/login against the baseline::it was 12.0 ms and is 16.4 ms (+36.7 %25)
        ::warning title=replay::100 %25 of a,b:c%0D%0A::error::x
        ");
    }

    #[test]
    fn the_tenth_tells_how_many_more_there_are() {
        let mut summary = summary();
        summary.warnings = (0..25).map(|number| format!("warning {number}")).collect();
        let text = render(&summary);
        assert_eq!(text.lines().count(), 10);
        assert!(
            text.ends_with("::warning title=replay::16 more in summary.json\n"),
            "{text}"
        );
        summary.warnings.truncate(10);
        assert!(render(&summary).ends_with("warning 9\n"));
    }

    #[test]
    fn a_run_that_passed_has_none() {
        assert_eq!(render(&summary()), "");
    }
}
