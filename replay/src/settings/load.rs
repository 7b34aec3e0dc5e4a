//! How much load: at which pace, by how many users, and for how long.
//!
//! What people write, such as `5x`, `200/s` or `1m:1x,3m:5x`; what it amounts to is in `plan`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::decimal::Decimal;
use super::values::duration;

/// Which part of the capture is played, how fast, and by how many.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    /// How fast.
    pub(crate) pace: Pace,
    /// How many users stand for each recorded one; below one, a part of them plays.
    pub(crate) users: Decimal,
    /// How often the capture is played; `None` is without end.
    pub(crate) laps: Option<u32>,
    /// Play arrivals that are due before this much replayed time.
    pub(crate) duration: Option<Duration>,
    /// Play only the first exchanges.
    pub(crate) limit: Option<usize>,
    /// Arrivals that are due before this much replayed time are in no number.
    pub(crate) warm_up: Duration,
    /// What chance depends on: who stands for whom, and which users are taken.
    pub(crate) seed: u64,
}

impl Load {
    /// How long a run takes at most, where that was asked for.
    pub(crate) fn length(&self) -> Option<Duration> {
        let stages = match &self.pace {
            Pace::Stages(stages) => Some(stages.stages.iter().map(|(length, _)| *length).sum()),
            Pace::Max | Pace::Rate(_) | Pace::Speed(_) => None,
        };
        // Once round may end before that.
        let asked = [self.duration, stages].into_iter().flatten().min();
        asked.filter(|_| self.laps.is_none())
    }
}

/// How fast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As fast as answers come.
    Max,
    /// At equal gaps, in the recorded order.
    Rate(Rate),
    /// So many recorded seconds per replayed second.
    Speed(Decimal),
    /// One after the other.
    Stages(Stages),
}

impl Pace {
    /// As recorded.
    pub(crate) const RECORDED: Self = Self::Speed(Decimal::ONE);

    /// Reads a speed, such as `5x` or `0.5`.
    pub(crate) fn speed(text: &str) -> Result<Self, InvalidLoad> {
        let number = text.strip_suffix(['x', 'X']).unwrap_or(text);
        positive(number).map(Self::Speed).ok_or(InvalidLoad::Speed)
    }

    /// Reads a rate, such as `200/s`, or `max`.
    pub(crate) fn rate(text: &str) -> Result<Self, InvalidLoad> {
        match text {
            "max" => Ok(Self::Max),
            _ => text.parse().map(Self::Rate),
        }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Max => f.write_str("the highest rate"),
            Self::Rate(rate) => rate.fmt(f),
            Self::Speed(speed) => write!(f, "{speed}x"),
            Self::Stages(stages) => write!(f, "stages {stages}"),
        }
    }
}

/// A number of arrivals in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    count: Decimal,
    unit: Unit,
}

/// The time of a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Second,
    Minute,
    Hour,
}

impl Rate {
    /// When the arrival of this number is due, the first one being number 0.
    pub(crate) fn due_ns(self, number: u64) -> u64 {
        self.count
            .divide(u128::from(number) * u128::from(self.unit.ns()))
    }
}

impl Unit {
    const fn ns(self) -> u64 {
        match self {
            Self::Second => 1_000_000_000,
            Self::Minute => 60_000_000_000,
            Self::Hour => 3_600_000_000_000,
        }
    }
}

impl FromStr for Rate {
    type Err = InvalidLoad;

    fn from_str(text: &str) -> Result<Self, InvalidLoad> {
        let (count, unit) = text.split_once('/').ok_or(InvalidLoad::Rate)?;
        let unit = match unit {
            "s" => Unit::Second,
            "m" | "min" => Unit::Minute,
            "h" => Unit::Hour,
            _ => return Err(InvalidLoad::Rate),
        };
        let count = positive(count).ok_or(InvalidLoad::Rate)?;
        Ok(Self { count, unit })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Second => "s",
            Unit::Minute => "min",
            Unit::Hour => "h",
        };
        write!(f, "{}/{unit}", self.count)
    }
}

/// Stages of one kind, as written: `1m:1x,3m:5x` holds 1x for a minute and goes up to 5x in three.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stages {
    /// What changes.
    pub(crate) what: What,
    /// Each with its length and the value at its end. The first one begins at its own.
    pub(crate) stages: Vec<(Duration, Decimal)>,
    /// As written.
    text: String,
}

/// What stages change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// Arrivals a second.
    Rate,
    /// Recorded seconds per replayed second.
    Speed,
    /// Users for each recorded one.
    Users,
}

impl Stages {
    fn stage(text: &str) -> Result<(Duration, What, Decimal), InvalidLoad> {
        let wrong = || InvalidLoad::Stage(text.to_owned());
        let (length, value) = text.split_once(':').ok_or_else(wrong)?;
        let length = duration(length.trim()).map_err(|_error| wrong())?;
        let value = value.trim();
        let (what, value) = if let Some(speed) = value.strip_suffix('x') {
            (What::Speed, Decimal::parse(speed))
        } else if let Some(users) = value.strip_suffix("users") {
            (What::Users, Decimal::parse(users.trim_end()))
        } else if let Some(rate) = value.strip_suffix("/s") {
            (What::Rate, Decimal::parse(rate))
        } else {
            return Err(wrong());
        };
        Ok((length, what, value.ok_or_else(wrong)?))
    }
}

impl FromStr for Stages {
    type Err = InvalidLoad;

    fn from_str(text: &str) -> Result<Self, InvalidLoad> {
        let mut stages = Vec::new();
        let mut kind = None;
        for stage in text.split(',') {
            let (length, what, value) = Self::stage(stage.trim())?;
            if kind.replace(what).is_some_and(|before| before != what) {
                return Err(InvalidLoad::Mixed);
            }
            stages.push((length, value));
        }
        if stages.iter().all(|(_, value)| value.is_zero()) {
            return Err(InvalidLoad::NothingIsSent);
        }
        Ok(Self {
            what: kind.unwrap_or(What::Speed),
            stages,
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Reads how many users stand for each recorded one, such as `3x` or `0.25`.
pub(crate) fn users(text: &str) -> Result<Decimal, InvalidLoad> {
    let number = text.strip_suffix(['x', 'X']).unwrap_or(text);
    let users = positive(number).filter(|users| users.ceil() <= MOST_CLONES);
    users.ok_or(InvalidLoad::Users)
}

fn positive(number: &str) -> Option<Decimal> {
    Decimal::parse(number).filter(|number| !number.is_zero())
}

/// The text is no load.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidLoad {
    /// Stages change one thing.
    #[error(
        "all stages change one thing: the speed (`5x`), the users (`3users`) or the rate (`200/s`)"
    )]
    Mixed,
    /// All values are nought.
    #[error("with nought in every stage nothing is ever sent")]
    NothingIsSent,
    /// No rate.
    #[error(
        "a rate is a number above 0 and a time, such as `200/s`, `90/min` or `500/h`, or `max`"
    )]
    Rate,
    /// No speed.
    #[error("a speed is a number above 0, such as `5x`, `2` or `0.5x`, and at most 1000000x")]
    Speed,
    /// No stage.
    #[error(
        "`{0}` is no stage; write its length and what is reached at its end, as in `1m:1x,3m:5x`, \
         `1m:3users` or `30s:200/s`"
    )]
    Stage(String),
    /// No number of users.
    #[error(
        "users are a number above 0 and at most 1000, such as `3x`, or `0.25x` for a part of them"
    )]
    Users,
}

/// Users that may stand for one recorded user.
const MOST_CLONES: u32 = 1_000;

impl Stages {
    /// The value that stands at the end of each stage, as a number in nanoseconds' terms: recorded
    /// nanoseconds or arrivals per nanosecond, or users.
    pub(crate) fn per_ns(&self, value: Decimal) -> f64 {
        match self.what {
            What::Rate => value.as_f64() / 1e9,
            What::Speed | What::Users => value.as_f64(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paces_read_as_they_print() {
        for text in ["5x", "0.5x"] {
            assert_eq!(Pace::speed(text).unwrap().to_string(), text);
        }
        assert_eq!(Pace::speed("5").unwrap(), Pace::speed("5.0X").unwrap());
        for text in ["200/s", "0.5/s", "90/min", "500/h"] {
            assert_eq!(Pace::rate(text).unwrap().to_string(), text);
        }
        assert_eq!(Pace::rate("max"), Ok(Pace::Max));
    }

    #[test]
    fn what_is_no_load_is_refused() {
        for text in ["0", "0x", "fast", "5xx", "", "-1x"] {
            assert_eq!(Pace::speed(text), Err(InvalidLoad::Speed), "{text}");
        }
        for text in ["200", "0/s", "5/d", "/s", "maximum", "5 /s"] {
            assert_eq!(Pace::rate(text), Err(InvalidLoad::Rate), "{text}");
        }
        for text in ["0", "1001x", "many", ""] {
            assert_eq!(users(text), Err(InvalidLoad::Users), "{text}");
        }
        assert_eq!(users("1000x"), Ok(Decimal::parse("1000").unwrap()));
        let stages = |text: &str| text.parse::<Stages>().unwrap_err().to_string();
        insta::assert_snapshot!(stages("1m:1x,5"), @"`5` is no stage; write its length and what is reached at its end, as in `1m:1x,3m:5x`, `1m:3users` or `30s:200/s`");
        insta::assert_snapshot!(stages("1m:1x,1m:5users"), @"all stages change one thing: the speed (`5x`), the users (`3users`) or the rate (`200/s`)");
        insta::assert_snapshot!(stages("1m:0x,1m:0x"), @"with nought in every stage nothing is ever sent");
        for text in ["", "1m", ":1x", "0s:1x", "1m:", "1m:5", "1m:5x,"] {
            assert!(text.parse::<Stages>().is_err(), "{text}");
        }
    }

    #[test]
    fn rates_are_exact() {
        let due = |rate: &str, number| rate.parse::<Rate>().unwrap().due_ns(number);
        assert_eq!(due("200/s", 1), 5_000_000);
        assert_eq!(due("3/s", 3_000_000_000), 1_000_000_000_000_000_000);
        assert_eq!(due("90/min", 3), 2_000_000_000);
        assert_eq!(due("90/h", 3), 120_000_000_000);
    }
}
