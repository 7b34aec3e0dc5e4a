//! Decimal fractions: speeds, rates and numbers of users as people write them.
//!
//! Held as billionths, so that what is computed from them is exact.

use std::fmt;

/// A number of nought or more, with nine decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Decimal {
    billionths: u64,
}

impl Decimal {
    /// One.
    pub(crate) const ONE: Self = Self {
        billionths: BILLION,
    };

    /// Parses a plain decimal number, without going through a float; at most a million.
    pub(crate) fn parse(number: &str) -> Option<Self> {
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || fraction.len() > 9 {
            return None;
        }
        let whole: u64 = whole.parse().ok()?;
        let fraction: u64 = format!("{fraction:0<9}").parse().ok()?;
        let billionths = whole.checked_mul(BILLION)?.checked_add(fraction)?;
        (billionths <= MOST_BILLIONTHS).then_some(Self { billionths })
    }

    /// Whether it is nought.
    pub(crate) const fn is_zero(self) -> bool {
        self.billionths == 0
    }

    /// `amount` divided by it, rounded down; the longest there is where that does not fit.
    pub(crate) fn divide(self, amount: u128) -> u64 {
        let scaled = amount.saturating_mul(u128::from(BILLION));
        let quotient = scaled.checked_div(u128::from(self.billionths));
        quotient.map_or(u64::MAX, |it| u64::try_from(it).unwrap_or(u64::MAX))
    }

    /// Nearly the same, to compute with.
    pub(crate) const fn as_f64(self) -> f64 {
        self.billionths as f64 / BILLION as f64
    }

    /// The next whole number that is not less.
    pub(crate) fn ceil(self) -> u32 {
        // At most a million.
        u32::try_from(self.billionths.div_ceil(BILLION)).unwrap_or(u32::MAX)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.billionths / BILLION, self.billionths % BILLION);
        let fraction = format!("{fraction:09}");
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{whole}"),
            digits => write!(f, "{whole}.{digits}"),
        }
    }
}

const BILLION: u64 = 1_000_000_000;
const MOST_BILLIONTHS: u64 = 1_000_000 * BILLION;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_numbers() {
        for (text, printed) in [("5", "5"), ("0.5", "0.5"), ("1.250", "1.25"), ("0", "0")] {
            assert_eq!(Decimal::parse(text).unwrap().to_string(), printed);
        }
    }

    #[test]
    fn refuses_what_is_no_number() {
        let wrong = [
            "abc", "-1", "x", "", ".5", "5.", "inf", "NaN", "1e3", "1000001",
        ];
        for text in wrong {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn divides_exactly() {
        let divide = |number: &str, amount| Decimal::parse(number).unwrap().divide(amount);
        assert_eq!(divide("5", 60_000_000_000), 12_000_000_000);
        assert_eq!(divide("3", 10), 3);
        assert_eq!(divide("0.5", 7), 14);
        assert_eq!(divide("0.000000001", u128::MAX), u64::MAX);
        assert_eq!(divide("0", 1), u64::MAX);
    }

    #[test]
    fn rounds_up() {
        let ceil = |number: &str| Decimal::parse(number).unwrap().ceil();
        assert_eq!(
            [ceil("0"), ceil("0.5"), ceil("1"), ceil("2.1")],
            [0, 1, 1, 3]
        );
    }
}
