//! Numbers as k6 writes them at the end of a test: cut off rather than rounded.
//!
//! Pure.

/// A duration in milliseconds, in the unit that suits it.
pub(super) fn duration(ms: f64) -> String {
    match ms {
        ..=0.0 => "0s".to_owned(),
        ..0.001 => format!("{:.0}ns", (ms * 1e6).trunc()),
        ..1.0 => format!("{}µs", cut(ms * 1e3, 2)),
        ..1e3 => format!("{}ms", cut(ms, 2)),
        ..60e3 => format!("{}s", cut(ms / 1e3, 2)),
        _ => {
            let seconds = (ms % 60e3 / 1e3).trunc();
            let minutes = (ms / 60e3).trunc();
            match (minutes / 60.0).trunc() {
                0.0 => format!("{minutes}m{seconds}s"),
                hours => format!("{hours}h{}m{seconds}s", minutes % 60.0),
            }
        }
    }
}

/// A share of one as a percentage, always with two decimals.
pub(super) fn percent(share: f64) -> String {
    format!("{:.2}%", (share * 1e4).trunc() / 100.0)
}

/// Bytes, in units of a thousand.
pub(super) fn bytes(bytes: f64) -> String {
    if bytes < 10.0 {
        return format!("{} B", plain(bytes));
    }
    let (mut value, mut units) = (bytes, UNITS.iter());
    let mut unit = units.next();
    while value >= 1e3 && units.len() > 0 {
        value /= 1e3;
        unit = units.next();
    }
    let tenths = (value * 10.0 + 0.5).floor() / 10.0;
    let rounded = if tenths < 10.0 {
        format!("{tenths:.1}")
    } else {
        format!("{:.0}", (tenths + 0.5).floor())
    };
    format!("{rounded} {}", unit.unwrap_or(&""))
}

/// Any other number: up to six decimals.
pub(super) fn plain(number: f64) -> String {
    without_zeros(format!("{number:.6}"))
}

/// So many decimals and no more, less the zeros at the end.
fn cut(number: f64, decimals: u8) -> String {
    let factor = 10_f64.powi(decimals.into());
    let cut = (number * factor).trunc() / factor;
    without_zeros(format!("{cut:.*}", usize::from(decimals)))
}

fn without_zeros(number: String) -> String {
    match number.contains('.') {
        true => number
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned(),
        false => number,
    }
}

const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_the_unit_that_suits_them() {
        let all = [
            0.0,
            0.000_5,
            0.812_3,
            0.000_999_9,
            12.345_678,
            999.999,
            1_000.0,
            1_234.567_8,
            59_999.9,
            60_000.0,
            61_000.0,
            3_904_000.0,
            7_200_000.0,
        ];
        assert_eq!(
            all.map(duration),
            [
                "0s", "500ns", "812.3µs", "999ns", "12.34ms", "999.99ms", "1s", "1.23s", "59.99s",
                "1m0s", "1m1s", "1h5m4s", "2h0m0s"
            ]
        );
    }

    #[test]
    fn shares_bytes_and_counts() {
        assert_eq!(
            [0.0123, 0.993_85, 0.006_15, 0.999_99, 1.0, 0.0].map(percent),
            ["1.23%", "99.38%", "0.61%", "99.99%", "100.00%", "0.00%"]
        );
        assert_eq!(
            [
                0.0,
                9.0,
                10.0,
                999.0,
                1_234_567.0,
                12_345_678.0,
                411_522.0,
                10_500.0,
                9.97e9,
                2e21
            ]
            .map(bytes),
            [
                "0 B", "9 B", "10 B", "999 B", "1.2 MB", "12 MB", "412 kB", "11 kB", "10 GB",
                "2000 EB"
            ]
        );
        assert_eq!(
            [10_000.0, 333.333_333_3, 1.4, 0.1].map(plain),
            ["10000", "333.333333", "1.4", "0.1"]
        );
    }
}
