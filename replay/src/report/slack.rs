//! A short message for a chat: the verdict, why, and where to look.
//!
//! Pure. In Slack's Block Kit, of which others such as Mattermost take the text.

use serde_json::{Value, json};

use crate::summary::Summary;
use crate::words;

use super::rules::{Broken, broken};
use super::text;

/// The message as JSON; the link is that of the CI run.
pub(crate) fn message(summary: &Summary, link: Option<&str>) -> String {
    let (word, meaning) = text::verdict(summary);
    let settings = &summary.settings;
    let capture = summary.capture.file.rsplit('/').next().unwrap_or_default();
    let title = format!("*{word}*: {}", escaped(&meaning));
    let played = format!(
        "{} at {} to {}",
        escaped(capture),
        escaped(&settings.pace),
        escaped(&settings.target)
    );
    let p95 = words::micros(summary.latency.response.p95);
    let failed = words::percent(summary.totals.failed_ratio);
    let mut blocks = vec![
        section(&format!("{title}\n{played}")),
        json!({"type": "section", "fields": [
            mrkdwn(&format!("*Response p95*\n{p95}")),
            mrkdwn(&format!("*Failed*\n{failed} of {} requests", summary.totals.sent)),
        ]}),
    ];
    let broken = broken(summary);
    if !broken.is_empty() {
        blocks.push(section(&reasons(&broken)));
    }
    if let Some(link) = link {
        let link = format!("<{}|CI run>", escaped(link));
        blocks.push(json!({"type": "context", "elements": [mrkdwn(&link)]}));
    }
    let text = format!("{word}: {meaning} ({capture}, p95 {p95}, {failed} failed)");
    json!({"text": escaped(&text), "blocks": blocks}).to_string()
}

fn reasons(broken: &[Broken]) -> String {
    let shown = broken.iter().take(MOST);
    let mut lines: Vec<_> = shown
        .map(|it| format!("• {}: {}", escaped(&it.title), escaped(&it.text)))
        .collect();
    if broken.len() > MOST {
        lines.push(format!("{} more in summary.json", broken.len() - MOST));
    }
    lines.join("\n")
}

fn section(text: &str) -> Value {
    json!({"type": "section", "text": mrkdwn(text)})
}

fn mrkdwn(text: &str) -> Value {
    json!({"type": "mrkdwn", "text": text})
}

/// Text in one line, not endless, in which nobody is mentioned and nothing is linked.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if escaped.chars().count() >= MOST_CHARS {
            return escaped + "…";
        }
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Reasons that are told.
const MOST: usize = 5;

/// Slack takes 3000 characters a section, which is as many reasons with a title and a text each.
const MOST_CHARS: usize = 280;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{judged, summary};

    #[test]
    fn a_run_that_broke_rules() {
        let link = "https://github.com/acme/scheduler/actions/runs/7";
        let message: Value = serde_json::from_str(&message(&judged(), Some(link))).unwrap();
        insta::assert_snapshot!(serde_json::to_string_pretty(&message).unwrap());
    }

    #[test]
    fn every_part_is_as_long_as_slack_takes() {
        let mut summary = judged();
        summary.capture.file = "&".repeat(5_000);
        let rule = summary.thresholds[1].clone();
        summary.thresholds = vec![rule; 40];
        for rule in &mut summary.thresholds {
            rule.metric = "&".repeat(5_000);
        }
        let message: Value = serde_json::from_str(&message(&summary, None)).unwrap();
        for block in message["blocks"].as_array().unwrap() {
            let length = block["text"]["text"]
                .as_str()
                .map_or(0, |it| it.chars().count());
            assert!(length <= 3_000, "{length}");
        }
    }

    #[test]
    fn nobody_is_mentioned() {
        let mut summary = summary();
        summary.capture.file = "captures/<!channel>\n.jsonl".to_owned();
        let message = message(&summary, None);
        assert!(message.contains("&lt;!channel&gt; .jsonl"), "{message}");
        assert!(!message.contains("<!channel>") && !message.contains("captures/"));
    }
}
