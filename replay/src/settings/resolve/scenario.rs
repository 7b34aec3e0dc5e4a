//! What a scenario means, and all that is wrong in it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;

use crate::judge::{Check, Objective, Table, Written, WrittenCheck, WrittenObjective, table};

use super::super::scenario::{Meant, Scenario, WrittenLoad};
use super::super::values::{duration, level};
use super::super::{Decimal, Pace, load};
use super::Mistakes;

impl Mistakes<'_> {
    /// What the settings file says, and on top of that the scenario of another file.
    pub(super) fn scenarios(
        &mut self,
        of_file: Scenario,
        scenario: Option<Scenario>,
        path: Option<&Path>,
    ) -> Meant {
        let meant = self.scenario(of_file);
        let (Some(scenario), Some(file)) = (scenario, path) else {
            return meant;
        };
        let mut others = Mistakes {
            file,
            found: Vec::new(),
        };
        let over = others.scenario(scenario).over(meant);
        self.found.append(&mut others.found);
        over
    }

    fn scenario(&mut self, written: Scenario) -> Meant {
        let WrittenLoad {
            users,
            r#loop,
            duration: until,
            warm_up,
            ..
        } = &written.load;
        Meant {
            users: self.read::<Decimal, _>("load.users", users.as_deref(), load::users),
            laps: *r#loop,
            duration: self.read("load.duration", until.as_deref(), duration),
            warm_up: self.read("load.warm_up", warm_up.as_deref(), duration),
            pace: self.pace(&written.load),
            rules: self.rules(written.thresholds),
            level: self.read("slo", written.slo.as_deref(), level),
            objectives: self.objectives(written.objective),
            checks: self.checks(written.check),
        }
    }

    /// At most one of speed, rate and stages.
    fn pace(&mut self, load: &WrittenLoad) -> Option<Pace> {
        let WrittenLoad {
            speed,
            rate,
            stages,
            ..
        } = load;
        let all = [speed.is_some(), rate.is_some(), stages.is_some()];
        if all.into_iter().filter(|it| *it).count() > 1 {
            self.add(
                "load",
                "speed, rate and stages exclude each other; keep one",
            );
            return None;
        }
        let speed = self.read("load.speed", speed.as_deref(), Pace::speed);
        let rate = self.read("load.rate", rate.as_deref(), Pace::rate);
        let stages = self.read("load.stages", stages.as_deref(), str::parse);
        speed.or(rate).or_else(|| stages.map(Pace::Stages))
    }

    fn rules(&mut self, written: BTreeMap<String, Written>) -> Table {
        let (rules, wrong) = table(written);
        for error in wrong {
            self.add("thresholds", error);
        }
        rules
    }

    fn objectives(&mut self, written: Vec<WrittenObjective>) -> Vec<Objective> {
        let read = written.into_iter().map(Objective::read);
        self.each("objective", read)
    }

    fn checks(&mut self, written: Vec<WrittenCheck>) -> Vec<Check> {
        let read = written.into_iter().map(Check::read);
        let checks = self.each("check", read);
        for (at, check) in checks.iter().enumerate() {
            if checks[..at].iter().any(|before| before.name == check.name) {
                self.add(
                    "check",
                    format_args!("there are two checks `{}`", check.name),
                );
            }
        }
        checks
    }

    fn each<T, E: Display>(
        &mut self,
        key: &'static str,
        all: impl Iterator<Item = Result<T, E>>,
    ) -> Vec<T> {
        let mut good = Vec::new();
        for one in all {
            match one {
                Ok(one) => good.push(one),
                Err(error) => self.add(key, error),
            }
        }
        good
    }

    /// Reads a value that may be there.
    fn read<T, E: Display>(
        &mut self,
        key: &'static str,
        text: Option<&str>,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = text?;
        match read(text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.add(key, format_args!("`{text}`: {error}"));
                None
            }
        }
    }
}
