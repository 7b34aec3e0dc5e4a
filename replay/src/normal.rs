//! The normal distribution: how much of it is above a value, and above which value a part is.
//!
//! Pure.

use std::f64::consts::PI;

/// The share of a standard normal distribution that is above `z`.
pub(crate) fn above(z: f64) -> f64 {
    if z < 0.0 {
        return 1.0 - above(-z);
    }
    let density = (-z * z / 2.0).exp() / (2.0 * PI).sqrt();
    if z > 6.0 {
        // So far out the series below is less exact than what is left.
        return density / z * (1.0 - (z * z).recip() + 3.0 * z.powi(-4));
    }
    // The Taylor series of the part between 0 and z (Marsaglia, Journal of Statistical Software
    // 11/4, 2004): each term is the one before it times z² over the next odd number.
    let terms = std::iter::successors(Some((z, 1.0)), |&(term, odd)| {
        let odd = odd + 2.0;
        Some((term * z * z / odd, odd))
    });
    let between: f64 = terms
        .map(|(term, _)| term)
        .take_while(|&term| term > 1e-17)
        .sum();
    (0.5 - density * between).max(0.0)
}

/// Within how many standard deviations all but this share of a normal distribution is, half of
/// what is left on each side.
pub(crate) fn within_all_but(risk: f64) -> f64 {
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if 2.0 * above(middle) > risk {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against tabulated values.
    #[test]
    fn the_tail_is_as_tabulated() {
        let tabulated = [
            (0.0, 0.5),
            (1.0, 0.158_655_253_931_457),
            (1.959_963_984_540_054, 0.025),
            (3.0, 0.001_349_898_031_630_09),
            (5.0, 2.866_515_718_791_94e-7),
            (7.0, 1.279_812_543_885_84e-12),
        ];
        for (z, share) in tabulated {
            let error = (above(z) - share).abs() / share;
            assert!(error < 1e-3 && above(z) + above(-z) == 1.0, "{z}: {error}");
        }
        assert!((above(6.000_001) / above(6.0) - 1.0).abs() < 1e-3);
    }

    #[test]
    fn a_risk_has_its_deviations() {
        let deviations = [(0.05, 1.959_964), (0.01, 2.575_829), (0.001, 3.290_527)];
        for (risk, z) in deviations {
            assert!((within_all_but(risk) - z).abs() < 1e-6, "{risk}");
        }
    }
}
