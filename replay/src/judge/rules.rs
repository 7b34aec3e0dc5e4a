//! Thresholds: what is asked of the numbers of a run, and where that was written.
//!
//! Pure. A rule is written as k6 writes it, in `replay.toml`, a scenario file or a flag.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

use super::cursor::Misread;
use super::expression::Expression;
use super::selector::Selector;
use crate::settings::values::duration;

/// Something that is asked of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    /// What is measured.
    pub(crate) selector: Selector,
    /// What is asked of it.
    pub(crate) expression: Expression,
    /// Whether the run ends when it does not hold.
    pub(crate) aborts: bool,
    /// From when on it is looked at for that.
    pub(crate) abort_after: Duration,
}

/// Rules on one metric, as a file or a flag writes them.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Written {
    One(WrittenRule),
    Many(Vec<WrittenRule>),
}

/// One of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum WrittenRule {
    Text(String),
    Full(FullRule),
}

/// A rule that ends the run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct FullRule {
    threshold: String,
    #[serde(default)]
    abort_on_fail: bool,
    delay_abort_eval: Option<String>,
}

/// A text that is no rule.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoRule {
    /// The rule itself is wrong.
    #[error(transparent)]
    Misread(#[from] Misread),
    /// There is no such preset.
    #[error("there is no preset `{0}`; presets are {PRESET_NAMES}, and none")]
    Preset(String),
    /// There is no metric in it.
    #[error(
        "a threshold is written as in `http_req_duration: p(95)<500`, or is one of {PRESET_NAMES}, none"
    )]
    NoMetric,
    /// What is behind the metric is wrong JSON.
    #[error("`{0}` is wrong: {1}")]
    Json(String, serde_json::Error),
    /// It is known when the run is over.
    #[error("`{0}` is known only when the run is over; leave out abortOnFail")]
    OnlyAtEnd(String),
    /// A time is wrong.
    #[error("delayAbortEval: `{0}` is no time; write it as in `10s`")]
    Delay(String),
}

/// What one flag asks for.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    /// These rules, in place of others.
    Preset(Vec<Rule>),
    /// These, in place of others on the same metric.
    Rules(Vec<Rule>),
}

impl FromStr for Asked {
    type Err = NoRule;

    fn from_str(text: &str) -> Result<Self, NoRule> {
        let text = text.trim();
        if text.chars().all(|it| it.is_ascii_alphabetic()) {
            return preset(text).map(Self::Preset);
        }
        let (key, rest) = split(text).ok_or(NoRule::NoMetric)?;
        let written = if rest.starts_with(['{', '[', '"']) {
            serde_json::from_str(rest).map_err(|error| NoRule::Json(rest.to_owned(), error))?
        } else {
            let rules = rest.split(',').map(|it| WrittenRule::Text(it.to_owned()));
            Written::Many(rules.collect())
        };
        rules(key, written).map(Self::Rules)
    }
}

/// The key and what is asked of it. A route in the key has braces and colons of its own.
fn split(text: &str) -> Option<(&str, &str)> {
    let name = text.find(|it: char| !(it.is_ascii_alphanumeric() || it == '_'))?;
    let end = match text[name..].trim_start().starts_with('{') {
        false => name,
        true => {
            let mut closing = text.rmatch_indices('}');
            let is_end = |at: usize| text[at + 1..].trim_start().starts_with(':');
            closing.find(|(at, _)| is_end(*at))?.0 + 1
        }
    };
    let rest = text[end..].trim_start().strip_prefix(':')?;
    Some((text[..end].trim(), rest.trim()))
}

/// The rules that are written on one metric.
pub(crate) fn rules(key: &str, written: Written) -> Result<Vec<Rule>, NoRule> {
    let selector = Selector::parse(key)?;
    let all = match written {
        Written::One(rule) => vec![rule],
        Written::Many(rules) => rules,
    };
    let rule = |written| {
        let full = match written {
            WrittenRule::Full(full) => full,
            WrittenRule::Text(threshold) => FullRule {
                threshold,
                abort_on_fail: false,
                delay_abort_eval: None,
            },
        };
        let after = full.delay_abort_eval.unwrap_or_else(|| "0s".to_owned());
        if full.abort_on_fail && !selector.metric.is_known_meanwhile() {
            return Err(NoRule::OnlyAtEnd(selector.text.clone()));
        }
        Ok(Rule {
            expression: Expression::parse(&full.threshold, selector.metric)?,
            selector: selector.clone(),
            aborts: full.abort_on_fail,
            abort_after: match after.as_str() {
                "0" | "0s" => Duration::ZERO,
                after => duration(after).map_err(|_error| NoRule::Delay(after.to_owned()))?,
            },
        })
    };
    all.into_iter().map(rule).collect()
}

/// Rules that are usual.
pub(crate) fn preset(name: &str) -> Result<Vec<Rule>, NoRule> {
    let (_, texts) = PRESETS
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| NoRule::Preset(name.to_owned()))?;
    let each = texts.iter().map(|(key, text)| {
        let text = WrittenRule::Text((*text).to_owned());
        rules(key, Written::One(text))
    });
    Ok(each.collect::<Result<Vec<_>, _>>()?.concat())
}

/// The rules of a file's table, and all that is wrong in it.
pub(crate) fn table(table: BTreeMap<String, Written>) -> (Table, Vec<NoRule>) {
    let (mut found, mut wrong) = (Table::default(), Vec::new());
    for (key, written) in table {
        let read = match (key.as_str(), written) {
            ("preset", Written::One(WrittenRule::Text(name))) => {
                preset(&name).map(|rules| found.preset = Some(rules))
            }
            (key, written) => rules(key, written).map(|rules| found.rules.extend(rules)),
        };
        wrong.extend(read.err());
    }
    (found, wrong)
}

/// The rules of a file.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// Those of the preset that it names.
    preset: Option<Vec<Rule>>,
    /// Its own, in place of those of the preset on the same metric.
    rules: Vec<Rule>,
}

impl Table {
    /// This one on top of another one: a preset takes the place of all that the other asks for.
    pub(crate) fn on(self, other: Self) -> Self {
        match self.preset {
            Some(_) => self,
            None => Self {
                rules: layered(other.rules, self.rules),
                preset: other.preset,
            },
        }
    }

    /// All rules.
    pub(crate) fn all(self) -> Vec<Rule> {
        layered(self.preset.unwrap_or_default(), self.rules)
    }
}

/// Rules that come one after the other, the later ones in place of earlier ones on the same metric.
pub(crate) fn layered(first: Vec<Rule>, later: Vec<Rule>) -> Vec<Rule> {
    let replaced = |rule: &Rule| {
        later
            .iter()
            .any(|it| it.selector.text == rule.selector.text)
    };
    let mut all: Vec<_> = first.into_iter().filter(|rule| !replaced(rule)).collect();
    all.extend(later);
    all
}

const PRESET_NAMES: &str = "strict, default, relaxed";

type Texts = &'static [(&'static str, &'static str)];

const PRESETS: [(&str, Texts); 4] = [
    (
        "strict",
        &[
            ("http_req_duration", "p(95)<300"),
            ("http_req_duration", "p(99)<600"),
            ("http_req_failed", "rate<0.005"),
        ],
    ),
    (
        "default",
        &[
            ("http_req_duration", "p(95)<500"),
            ("http_req_duration", "p(99)<1000"),
            ("http_req_failed", "rate<0.01"),
            ("http_reqs", "count>0"),
        ],
    ),
    (
        "relaxed",
        &[
            ("http_req_duration", "p(95)<2000"),
            ("http_req_duration", "p(99)<5000"),
            ("http_req_failed", "rate<0.02"),
        ],
    ),
    ("none", &[]),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked(text: &str) -> Vec<String> {
        let (Asked::Rules(rules) | Asked::Preset(rules)) = text.parse().unwrap();
        let line = |rule: Rule| {
            let abort = match rule.aborts {
                true => format!(" aborts after {:?}", rule.abort_after),
                false => String::new(),
            };
            format!("{} {}{abort}", rule.selector.text, rule.expression.text)
        };
        rules.into_iter().map(line).collect()
    }

    fn wrong(text: &str) -> String {
        text.parse::<Asked>().unwrap_err().to_string()
    }

    #[test]
    fn flags_say_it_as_k6_does() {
        assert_eq!(
            asked("http_req_duration: p(95)<500, p(99)<1s for 10s"),
            [
                "http_req_duration p(95)<500",
                "http_req_duration p(99)<1s for 10s"
            ]
        );
        assert_eq!(
            asked(
                r#"http_reqs{endpoint:GET /a/{id}}: {"threshold":"rate>5","abortOnFail":true,"delayAbortEval":"10s"}"#
            ),
            ["http_reqs{endpoint:GET /a/{id}} rate>5 aborts after 10s"]
        );
        assert_eq!(
            asked(r#"http_req_failed{ endpoint:/a/** } : ["rate<1%", {"threshold":"rate<2%"}]"#)
                .len(),
            2
        );
        assert_eq!(asked("strict").len(), 3);
        assert_eq!(asked("none").len(), 0);
    }

    #[test]
    fn mistakes_are_told() {
        insta::assert_snapshot!(wrong("lax"), @"there is no preset `lax`; presets are strict, default, relaxed, and none");
        insta::assert_snapshot!(wrong("http_req_duration p(95)<500"), @"a threshold is written as in `http_req_duration: p(95)<500`, or is one of strict, default, relaxed, none");
        insta::assert_snapshot!(wrong("http_req_duration: p(95)<x"), @"`p(95)<x` is wrong at character 7, `x`: expected a number");
        insta::assert_snapshot!(wrong("http_req_duration{a: p(95)<5"), @"a threshold is written as in `http_req_duration: p(95)<500`, or is one of strict, default, relaxed, none");
        insta::assert_snapshot!(wrong(r#"http_reqs: {"threshold":"count>5""#), @r#"`{"threshold":"count>5"` is wrong: EOF while parsing an object at line 1 column 22"#);
        insta::assert_snapshot!(wrong(r#"http_reqs: {"threshold":"count>5","delayAbortEval":"soon"}"#), @"delayAbortEval: `soon` is no time; write it as in `10s`");
    }

    proptest! {
        /// Whatever is typed is a rule, or a mistake that is shown where it is.
        #[test]
        fn no_text_is_too_strange(text in ".{0,40}") {
            let _read = text.parse::<Asked>();
        }

        #[test]
        fn nothing_like_a_rule_is_too_strange(
            key in "(http_reqs|http_req_duration|vus|checks)[{}:,! a-zµ/*]{0,12}",
            rule in "(p|rate|count|value|avg)[()<>=!0-9.eE+%µsbaseline -]{0,14}( for [0-9a-z]{1,4})?",
        ) {
            if let Ok(Asked::Rules(rules)) = format!("{key}: {rule}").parse() {
                // What is a rule says what it was.
                prop_assert!(rules.iter().all(|it| !it.expression.text.is_empty()));
            }
        }
    }

    #[test]
    fn all_presets_are_rules() {
        for (name, texts) in PRESETS {
            assert_eq!(preset(name).unwrap().len(), texts.len());
        }
    }

    #[test]
    fn later_rules_replace_those_on_the_same_metric() {
        let rules = |text: &str| match text.parse().unwrap() {
            Asked::Rules(rules) | Asked::Preset(rules) => rules,
        };
        let both = layered(rules("default"), rules("http_req_duration: p(95)<800"));
        let texts: Vec<_> = both
            .iter()
            .map(|rule| rule.expression.text.as_str())
            .collect();
        assert_eq!(texts, ["rate<0.01", "count>0", "p(95)<800"]);
    }
}
