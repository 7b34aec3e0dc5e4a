//! Numbers as people read them.
//!
//! Pure.

use std::collections::BTreeMap;

use crate::summary::Unit;

/// A duration in microseconds, with three significant digits and its unit.
pub(crate) fn micros(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        _ => time(micros as f64),
    }
}

/// A duration in milliseconds.
pub(crate) fn millis(millis: f64) -> String {
    time(millis * 1e3)
}

/// A number in its unit.
pub(crate) fn amount(value: f64, unit: Unit) -> String {
    if value.is_infinite() {
        return "never".to_owned();
    }
    match unit {
        Unit::Milliseconds => time(value * 1e3),
        Unit::Seconds => time(value * 1e6),
        Unit::Share => {
            let digits = if (1e-9..0.001).contains(&value.abs()) {
                4
            } else {
                2
            };
            format!("{:.digits$} %", value * 100.0)
        }
        Unit::Count => plain(value),
        Unit::PerSecond => format!("{value:.1}/s"),
        Unit::Bytes => size(value),
        Unit::BytesPerSecond => format!("{}/s", size(value)),
    }
}

/// A duration in microseconds, of which there may be less than one.
fn time(micros: f64) -> String {
    let (value, unit) = match micros {
        ..1_000.0 => (micros, "µs"),
        ..1_000_000.0 => (micros / 1e3, "ms"),
        _ => (micros / 1e6, "s"),
    };
    let decimals = match value {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {unit}")
}

fn plain(value: f64) -> String {
    format!("{}", (value * 1e3).round() / 1e3)
}

fn size(value: f64) -> String {
    let (value, unit) = match value {
        ..1e3 => return format!("{value:.0} B"),
        ..1e6 => (value / 1e3, "kB"),
        ..1e9 => (value / 1e6, "MB"),
        _ => (value / 1e9, "GB"),
    };
    format!("{value:.1} {unit}")
}

/// A duration in microseconds that was computed.
pub(crate) fn micros_f64(value: f64) -> String {
    time(value)
}

/// A share of one, as a percentage with two decimals that says 100 only when it is all.
pub(crate) fn percent(share: f64) -> String {
    let floored = if share < 1.0 {
        share.min(0.9999)
    } else {
        share
    };
    format!("{:.2} %", floored * 100.0)
}

/// A whole number in groups of three digits.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A ratio, such as `1.25x`; 0 says nothing.
pub(crate) fn ratio(ratio: f64) -> String {
    match ratio {
        0.0 => "–".to_owned(),
        ratio => format!("{ratio:.2}x"),
    }
}

/// A number of bytes.
pub(crate) fn bytes(bytes: u64) -> String {
    size(bytes as f64)
}

/// Statuses with their counts, such as `200 ×12  404 ×1`.
pub(crate) fn statuses(statuses: &BTreeMap<String, u64>) -> String {
    let each = statuses
        .iter()
        .map(|(status, count)| format!("{status} ×{count}"));
    each.collect::<Vec<_>>().join("  ")
}

/// A table of columns that are as wide as their widest cell, the first to the left, the others as
/// asked; indented by two.
pub(crate) fn table(rows: &[Vec<String>], right: &[bool]) -> String {
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<_> = (0..right.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .zip(&widths)
            .zip(right)
            .map(|((cell, &width), &right)| {
                if right {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:<width$}")
                }
            });
        let line = cells.collect::<Vec<_>>().join("   ");
        format!("  {}\n", line.trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let durations = [0, 999, 1_000, 12_345, 123_456, 1_234_567, 100_000_000].map(micros);
        assert_eq!(
            durations,
            [
                "0 µs", "999 µs", "1.00 ms", "12.3 ms", "123 ms", "1.23 s", "100 s"
            ]
        );
        assert_eq!(
            [1.0, 0.99999, 0.5, 0.0].map(percent),
            ["100.00 %", "99.99 %", "50.00 %", "0.00 %"]
        );
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [7, 1_500, 2_500_000].map(bytes),
            ["7 B", "1.5 kB", "2.5 MB"]
        );
    }

    #[test]
    fn tables_line_up() {
        let rows = [
            vec!["µ".to_owned(), "10".to_owned()],
            vec!["long".to_owned(), "5".to_owned()],
        ];
        assert_eq!(table(&rows, &[false, true]), "  µ      10\n  long    5\n");
    }
}
