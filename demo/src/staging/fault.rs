//! Faults that can be switched on: failing answers, slowness, a freeze, too little room.
//!
//! Pure: what each fault means is decided in `pace`, on the clock.

use std::str::FromStr;
use std::time::Duration;

use crate::span;

/// Something wrong with staging, asked for by name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// This share of the API requests is answered 500 and has no effect.
    ErrorRate(f64),
    /// All latencies times this factor.
    Slow(f64),
    /// All latencies grow by this share of themselves a minute, as with a leak.
    Slower(f64),
    /// So many requests a second are taken in, and the others queue: what a peak piles up has to be
    /// worked off after it.
    Capacity(f64),
    /// Nothing is answered for `lasts`, beginning `after` the start.
    Freeze {
        /// How long it lasts.
        lasts: Duration,
        /// When it begins, counted from the start of the server.
        after: Duration,
    },
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, value) = text
            .split_once('=')
            .ok_or_else(|| format!("a fault is KIND=VALUE; {KNOWN}"))?;
        match kind {
            "error-rate" => error_rate(value),
            "slow" => slow(value),
            "slower" => slower(value),
            "capacity" => capacity(value),
            "freeze" => freeze(value),
            _ => Err(format!("no fault `{kind}`; {KNOWN}")),
        }
    }
}

fn error_rate(value: &str) -> Result<Fault, String> {
    match value.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(Fault::ErrorRate(share)),
        _ => Err(format!("error-rate is a share from 0 to 1, not `{value}`")),
    }
}

fn slow(value: &str) -> Result<Fault, String> {
    match value.strip_suffix('x').unwrap_or(value).parse::<f64>() {
        Ok(factor) if factor.is_finite() && factor > 0.0 => Ok(Fault::Slow(factor)),
        _ => Err(format!(
            "slow is a factor above 0 such as 5x, not `{value}`"
        )),
    }
}

fn slower(value: &str) -> Result<Fault, String> {
    let percent = value.strip_suffix("%/m").map(str::parse::<f64>);
    match percent {
        Some(Ok(percent)) if percent.is_finite() && percent > 0.0 => {
            Ok(Fault::Slower(percent / 100.0))
        }
        _ => Err(format!("slower is a growth such as 10%/m, not `{value}`")),
    }
}

fn capacity(value: &str) -> Result<Fault, String> {
    match value.strip_suffix("/s").unwrap_or(value).parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(Fault::Capacity(rate)),
        _ => Err(format!("capacity is a rate such as 50/s, not `{value}`")),
    }
}

fn freeze(value: &str) -> Result<Fault, String> {
    let (lasts, after) = value
        .split_once('@')
        .ok_or_else(|| format!("freeze is LENGTH@START such as 2s@10s, not `{value}`"))?;
    Ok(Fault::Freeze {
        lasts: span::parse(lasts)?,
        after: span::parse(after)?,
    })
}

const KNOWN: &str = "there are error-rate=SHARE, slow=FACTORx, slower=PERCENT%/m, \
                     capacity=RATE/s and freeze=LENGTH@START";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<Fault, &str>) {
        assert_eq!(text.parse(), expected.map_err(str::to_owned));
    }

    #[test]
    fn faults_read_as_typed() {
        let seconds = Duration::from_secs;
        check("error-rate=0.01", Ok(Fault::ErrorRate(0.01)));
        check("slow=5x", Ok(Fault::Slow(5.0)));
        check("slow=0.5", Ok(Fault::Slow(0.5)));
        check("slower=10%/m", Ok(Fault::Slower(0.1)));
        check("capacity=50/s", Ok(Fault::Capacity(50.0)));
        let (lasts, after) = (seconds(2), seconds(10));
        check("freeze=2s@10s", Ok(Fault::Freeze { lasts, after }));
    }

    #[test]
    fn other_faults_are_refused_with_the_list() {
        check(
            "burn=1",
            Err(
                "no fault `burn`; there are error-rate=SHARE, slow=FACTORx, slower=PERCENT%/m, \
                 capacity=RATE/s and freeze=LENGTH@START",
            ),
        );
        check(
            "error-rate=2",
            Err("error-rate is a share from 0 to 1, not `2`"),
        );
        check(
            "slow=0x",
            Err("slow is a factor above 0 such as 5x, not `0x`"),
        );
        check(
            "slower=2x",
            Err("slower is a growth such as 10%/m, not `2x`"),
        );
        check(
            "capacity=0/s",
            Err("capacity is a rate such as 50/s, not `0/s`"),
        );
        check(
            "freeze=2s",
            Err("freeze is LENGTH@START such as 2s@10s, not `2s`"),
        );
    }
}
