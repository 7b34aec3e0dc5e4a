//! The text in which Prometheus reads metrics: of all that it says, one number.
//!
//! Pure. `name{label="value",…} number [timestamp]` a line; labels may hold anything.

/// The metric's value, added up where several processes have one each; `None` where there is none.
pub(super) fn sum(text: &str, name: &str) -> Option<f64> {
    text.lines()
        .filter_map(|line| value(line, name))
        .reduce(|sum, value| sum + value)
}

/// The value of a line, if it is this metric's and can be how many there are of something.
fn value(line: &str, name: &str) -> Option<f64> {
    let rest = line.trim_start().strip_prefix(name)?;
    let rest = match rest.trim_start().strip_prefix('{') {
        Some(labels) => after_labels(labels)?,
        // Else it is the beginning of another name.
        None if rest.starts_with([' ', '\t']) => rest,
        None => return None,
    };
    let number: f64 = rest.split_whitespace().next()?.parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number)
}

/// What follows the brace that ends labels; those in quotes end nothing.
fn after_labels(labels: &str) -> Option<&str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let end = labels.find(|character| {
        let is_plain = !std::mem::take(&mut is_escaped);
        match character {
            '\\' => is_escaped = is_plain && is_quoted,
            '"' if is_plain => is_quoted = !is_quoted,
            _ => {}
        }
        character == '}' && !is_quoted
    })?;
    Some(&labels[end + 1..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<f64>) {
        assert_eq!(sum(text, "rss_bytes"), expected, "{text}");
    }

    #[test]
    fn a_metric_is_found_among_others() {
        let text = "# HELP rss_bytes Resident memory size in bytes.\n# TYPE rss_bytes gauge\n\
                    other_total{handler=\"/x\"} 3.0\nrss_bytes 5.4321152e+07\nrss_bytes_max 7\n";
        check(text, Some(54_321_152.0));
        check("rss_bytes\t12 1395066363000\n", Some(12.0));
        check("  rss_bytes 12", Some(12.0));
    }

    #[test]
    fn processes_are_added_up() {
        check(
            "rss_bytes{pid=\"7\"} 100\nrss_bytes{pid=\"8\"} 50\n",
            Some(150.0),
        );
        check("rss_bytes{a=\"}\\\"} 9\",b=\"\\\\\"} 100\n", Some(100.0));
        check("rss_bytes {} 1", Some(1.0));
    }

    #[test]
    fn what_says_nothing_counts_for_nothing() {
        for text in [
            "",
            "rss 1",
            "rss_bytes",
            "rss_bytes{",
            "rss_bytes{pid=\"1\"}",
            "rss_bytesx 1",
        ] {
            check(text, None);
        }
        for value in ["NaN", "+Inf", "-1", "many"] {
            check(&format!("rss_bytes {value}"), None);
        }
    }

    proptest! {
        #[test]
        fn whatever_labels_hold_the_value_is_found(
            labels in prop::collection::vec(("[a-z]{1,5}", "\\PC{0,12}"), 0..4),
            values in prop::collection::vec(0_u32..1_000_000, 1..5),
        ) {
            let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
            let labels: Vec<_> = labels
                .iter()
                .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
                .collect();
            let lines: String = values
                .iter()
                .map(|value| format!("rss_bytes{{{}}} {value}\n", labels.join(",")))
                .collect();
            let expected: u32 = values.iter().sum();
            prop_assert_eq!(sum(&lines, "rss_bytes"), Some(f64::from(expected)));
        }

        #[test]
        fn any_text_is_read(text in "(rss_bytes|[{}\"\\\\ \n1e+.]){0,40}") {
            let found = sum(&text, "rss_bytes");
            prop_assert!(found.is_none_or(|found| found >= 0.0));
        }
    }
}
