//! Scenarios: a load and what is asked of it, in a file of its own or in `replay.toml`.
//!
//! Only what was written; [`super::resolve`] decides what it means.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::judge::{Check, Objective, Table, Written, WrittenCheck, WrittenObjective};
use crate::summary::Level;

use super::{Decimal, Pace};

/// A scenario as written. Every key is optional.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Scenario {
    /// What it is for; for people.
    #[serde(rename = "description")]
    pub(crate) _description: Option<String>,
    pub(crate) load: WrittenLoad,
    pub(crate) thresholds: BTreeMap<String, Written>,
    pub(crate) slo: Option<String>,
    pub(crate) objective: Vec<WrittenObjective>,
    pub(crate) check: Vec<WrittenCheck>,
}

/// The `[load]` table.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WrittenLoad {
    pub(crate) speed: Option<String>,
    pub(crate) rate: Option<String>,
    pub(crate) stages: Option<String>,
    pub(crate) users: Option<String>,
    pub(crate) r#loop: Option<u32>,
    pub(crate) duration: Option<String>,
    pub(crate) warm_up: Option<String>,
}

/// What a scenario means.
#[derive(Debug, Default)]
pub(super) struct Meant {
    pub(super) pace: Option<Pace>,
    pub(super) users: Option<Decimal>,
    pub(super) laps: Option<u32>,
    pub(super) duration: Option<std::time::Duration>,
    pub(super) warm_up: Option<std::time::Duration>,
    pub(super) rules: Table,
    pub(super) level: Option<Level>,
    pub(super) objectives: Vec<Objective>,
    pub(super) checks: Vec<Check>,
}

impl Meant {
    /// This scenario on top of another one, which goes on to say what this one does not.
    pub(super) fn over(self, other: Self) -> Self {
        Self {
            pace: self.pace.or(other.pace),
            users: self.users.or(other.users),
            laps: self.laps.or(other.laps),
            duration: self.duration.or(other.duration),
            warm_up: self.warm_up.or(other.warm_up),
            rules: self.rules.on(other.rules),
            level: self.level.or(other.level),
            objectives: match self.objectives.is_empty() {
                true => other.objectives,
                false => self.objectives,
            },
            checks: [other.checks, self.checks].concat(),
        }
    }
}
