//! JUnit's XML, as CI systems read it: a suite for each kind of rule, a case for each rule.
//!
//! Pure. The verdict is a case, too: an error where the run cannot be trusted, because then nothing
//! was tested. A rule without anything to measure is skipped.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::summary::{Change, Compared, Level, SloRow, Status, Summary, Threshold};
use crate::words;

use super::{rules, text};

/// The summary as XML.
pub(crate) fn render(summary: &Summary) -> io::Result<String> {
    let suites = suites(summary);
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let cases: Vec<_> = suites.iter().flat_map(|suite| &suite.cases).collect();
    writer
        .create_element("testsuites")
        .with_attribute(("name", "replay"))
        .with_attributes(counts(&cases).as_attributes())
        .with_attribute(("time", seconds(summary).as_str()))
        .write_inner_content(|writer| {
            let mut suites = suites.iter();
            suites.try_for_each(|suite| suite.write(summary, writer))
        })?;
    let text = String::from_utf8_lossy(&writer.into_inner()).into_owned();
    Ok(text + "\n")
}

/// A kind of rules.
struct Suite {
    name: &'static str,
    cases: Vec<Case>,
}

/// A rule, and how it went.
struct Case {
    class: String,
    name: String,
    outcome: Outcome,
}

enum Outcome {
    /// It cannot be told, for this reason.
    Error(&'static str, String),
    /// It does not hold.
    Failed(&'static str, String),
    /// It holds, and there is something to say.
    Passed(String),
    /// There was nothing to measure.
    Skipped(String),
}

fn suites(summary: &Summary) -> Vec<Suite> {
    let comparison = summary.comparison.iter().flat_map(|it| &it.rows);
    let suites = [
        ("verdict", vec![verdict(summary)]),
        (
            "thresholds",
            summary.thresholds.iter().map(threshold).collect(),
        ),
        ("checks", checks(summary)),
        ("slo", summary.slo.rows.iter().map(slo_row).collect()),
        ("comparison", comparison.map(compared).collect()),
    ];
    let suites = suites
        .into_iter()
        .map(|(name, cases)| Suite { name, cases });
    suites.filter(|suite| !suite.cases.is_empty()).collect()
}

fn verdict(summary: &Summary) -> Case {
    let (word, meaning) = text::verdict(summary);
    let fidelity = format!(
        "{} of what was planned was sent, at p99 {} late",
        words::percent(summary.fidelity.achieved_ratio),
        words::micros(summary.fidelity.judged_lateness_p99)
    );
    let why = [format!("{word}: {meaning}")].into_iter();
    let why = why.chain(summary.verdict.reasons.iter().cloned());
    let why = why.collect::<Vec<_>>().join("; ");
    Case {
        class: "replay.verdict".to_owned(),
        name: "verdict".to_owned(),
        outcome: match summary.verdict.status {
            _ if summary.interrupted => Outcome::Error("Interrupted", why),
            Status::Fail => Outcome::Failed("RunFailed", why),
            Status::Invalid => Outcome::Error("RunInvalid", why),
            Status::Pass => Outcome::Passed(fidelity),
        },
    }
}

fn threshold(rule: &Threshold) -> Case {
    let told = rules::threshold(rule);
    Case {
        class: format!("replay.thresholds.{}", rule.metric),
        name: rule.expression.clone(),
        outcome: match (rule.ok, rule.value) {
            (true, None) => Outcome::Skipped(told),
            (true, Some(_)) => Outcome::Passed(told),
            (false, _) => Outcome::Failed("ThresholdFailed", told),
        },
    }
}

fn checks(summary: &Summary) -> Vec<Case> {
    let cases = summary.checks.iter().map(|check| {
        let total = check.passes + check.fails;
        Case {
            class: "replay.checks".to_owned(),
            name: check.name.clone(),
            outcome: match check.fails {
                _ if total == 0 => Outcome::Skipped("there was nothing to check".to_owned()),
                0 => Outcome::Passed(format!("it held for all of {total} answers")),
                fails => {
                    // As with k6, a check by itself fails no run: a rule on `checks` does.
                    let told = format!("it did not hold for {fails} of {total} answers");
                    Outcome::Skipped(told)
                }
            },
        }
    });
    cases.collect()
}

fn slo_row(row: &SloRow) -> Case {
    let told = rules::slo_row(row);
    Case {
        class: format!("replay.slo.{}", row.metric),
        name: row.name.clone(),
        outcome: match (row.ok, row.level) {
            (true, Level::Unknown) => Outcome::Skipped(told),
            (true, _) => Outcome::Passed(told),
            (false, _) => Outcome::Failed("ObjectiveMissed", told),
        },
    }
}

fn compared(row: &Compared) -> Case {
    let told = rules::compared_row(row);
    Case {
        class: format!("replay.comparison.{}", rules::route(row)),
        name: row.metric.clone(),
        outcome: match row.verdict {
            Change::Regressed => Outcome::Failed("Regressed", told),
            Change::Improved | Change::Mixed | Change::Unchanged => Outcome::Passed(told),
        },
    }
}

impl Suite {
    fn write(&self, summary: &Summary, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        let cases: Vec<_> = self.cases.iter().collect();
        let suite = writer
            .create_element("testsuite")
            .with_attribute(("name", self.name))
            .with_attributes(counts(&cases).as_attributes())
            .with_attribute(("time", seconds(summary).as_str()))
            // JUnit's schema has no time zone here; it is UTC.
            .with_attribute(("timestamp", summary.started.trim_end_matches('Z')))
            .with_attribute(("hostname", "localhost"));
        suite.write_inner_content(|writer| {
            properties(summary, writer)?;
            self.cases.iter().try_for_each(|case| case.write(writer))
        })?;
        Ok(())
    }
}

fn properties(summary: &Summary, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
    let all = [
        ("tool", &summary.tool),
        ("run", &summary.run),
        ("capture", &summary.capture.file),
        ("target", &summary.settings.target),
        ("pace", &summary.settings.pace),
    ];
    writer
        .create_element("properties")
        .write_inner_content(|writer| {
            for (name, value) in all {
                let property = writer.create_element("property");
                let property = property.with_attribute(("name", name));
                property
                    .with_attribute(("value", plain(value).as_str()))
                    .write_empty()?;
            }
            Ok(())
        })?;
    Ok(())
}

impl Case {
    fn write(&self, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        let (class, name) = (plain(&self.class), plain(&self.name));
        let case = writer
            .create_element("testcase")
            .with_attribute(("classname", class.as_str()))
            .with_attribute(("name", name.as_str()))
            .with_attribute(("time", "0"));
        case.write_inner_content(|writer| {
            let (element, kind, told) = match &self.outcome {
                Outcome::Error(kind, told) => ("error", Some(*kind), told),
                Outcome::Failed(kind, told) => ("failure", Some(*kind), told),
                Outcome::Passed(told) => ("system-out", None, told),
                Outcome::Skipped(told) => ("skipped", None, told),
            };
            let told = plain(told);
            let mut element = writer.create_element(element);
            if !matches!(self.outcome, Outcome::Passed(_)) {
                element = element.with_attribute(("message", told.as_str()));
            }
            if let Some(kind) = kind {
                element = element.with_attribute(("type", kind));
            }
            // GitLab shows only what stands in the body.
            element.write_text_content(BytesText::new(&told))?;
            Ok(())
        })?;
        Ok(())
    }
}

/// How many cases there are, and what became of them, as attributes say it.
struct Tally([(&'static str, String); 4]);

impl Tally {
    fn as_attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, count)| (*name, count.as_str()))
    }
}

fn counts(cases: &[&Case]) -> Tally {
    let count = |is_so: fn(&Outcome) -> bool| {
        let cases = cases.iter().filter(|case| is_so(&case.outcome));
        cases.count().to_string()
    };
    Tally([
        ("tests", cases.len().to_string()),
        ("failures", count(|it| matches!(it, Outcome::Failed(..)))),
        ("errors", count(|it| matches!(it, Outcome::Error(..)))),
        ("skipped", count(|it| matches!(it, Outcome::Skipped(_)))),
    ])
}

fn seconds(summary: &Summary) -> String {
    format!("{:.3}", summary.totals.duration_s)
}

/// The text without what XML 1.0 cannot hold, in one line.
fn plain(text: &str) -> String {
    let kept = text.chars().filter_map(|c| match c {
        '\t' | '\n' | '\r' => Some(' '),
        '\u{fffe}' | '\u{ffff}' => None,
        c if c.is_control() => None,
        c => Some(c),
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use quick_xml::Reader;

    use super::*;
    use crate::report::sample::{judged, summary};
    use crate::summary::Check;

    /// An element with its attributes, as a reader sees it.
    type Element = (String, BTreeMap<String, String>);

    fn read(xml: &str) -> Vec<Element> {
        let mut reader = Reader::from_str(xml);
        reader.config_mut().check_end_names = true;
        let mut elements = Vec::new();
        let mut depth = 0;
        loop {
            match reader.read_event().unwrap() {
                Event::Start(start) => {
                    depth += 1;
                    elements.push(element(&start));
                }
                Event::Empty(start) => elements.push(element(&start)),
                Event::End(_) => depth -= 1,
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(depth, 0, "{xml}");
        elements
    }

    fn element(start: &quick_xml::events::BytesStart<'_>) -> Element {
        let attributes = start.attributes().map(|attribute| {
            let attribute = attribute.unwrap();
            let value = quick_xml::escape::unescape(&attribute.value)
                .unwrap()
                .into_owned();
            (attribute.key.as_ref().to_owned(), value)
        });
        (start.name().as_ref().to_owned(), attributes.collect())
    }

    #[test]
    fn a_run_that_broke_rules() {
        insta::assert_snapshot!(render(&judged()).unwrap());
    }

    #[test]
    fn the_counts_are_those_of_the_cases() {
        let mut invalid = judged();
        invalid.verdict.status = Status::Invalid;
        for (summary, expected) in [
            (judged(), [14, 4, 0, 3]),
            (invalid, [14, 3, 1, 3]),
            (summary(), [1, 0, 0, 0]),
        ] {
            let elements = read(&render(&summary).unwrap());
            let names = ["testcase", "failure", "error", "skipped"];
            let found = names.map(|name| elements.iter().filter(|it| it.0 == name).count());
            assert_eq!(found, expected);
            let attributes = ["tests", "failures", "errors", "skipped"];
            let said = attributes.map(|name| elements[0].1[name].parse::<usize>().unwrap());
            assert_eq!(said, expected);
            let suites = elements.iter().filter(|it| it.0 == "testsuite");
            let sums = attributes.map(|name| {
                let counts = suites
                    .clone()
                    .map(|it| it.1[name].parse::<usize>().unwrap());
                counts.sum::<usize>()
            });
            assert_eq!(sums, expected);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_name_makes_well_formed_xml(name in any::<String>(), metric in "\\PC*") {
            let mut summary = summary();
            summary.checks = vec![Check { name: name.clone(), passes: 0, fails: 1 }];
            summary.capture.file.clone_from(&name);
            summary.thresholds = judged().thresholds;
            summary.thresholds[0].metric = metric;
            summary.thresholds[1].expression.clone_from(&name);
            let xml = render(&summary).unwrap();
            let is_whole = |c: char| c == '\n' || !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
            prop_assert!(xml.chars().all(is_whole));
            let elements = read(&xml);
            let names: Vec<_> = elements.iter().filter_map(|it| it.1.get("name")).collect();
            prop_assert!(names.contains(&&plain(&name)));
        }
    }
}
