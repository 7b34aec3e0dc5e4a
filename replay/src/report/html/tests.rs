//! The page, from samples.

use super::*;
use crate::report::sample::{judged, summary};
use crate::summary::{Intervals, RouteDivergence, Second, Status, Threshold};

#[test]
fn the_page_stands_alone_and_shows_the_numbers() {
    let page = render(&judged()).unwrap();
    for needle in [
        "<svg",
        "FAIL",
        "GET /api/v1/people/{id}",
        "captures/peak.jsonl",
        "p(95)&#60;10 for 5s",
        "people are listed",
        "baselines/main.json",
    ] {
        assert!(page.contains(needle), "{needle}");
    }
    for outside in ["<link", "src=", "@import", "url(", "href=\"h", "href=\"/"] {
        assert!(!page.contains(outside), "{outside}");
    }
    // The policy allows one script and one style, and neither of attributes.
    assert_eq!(page.matches("<script>").count(), 1);
    assert_eq!(page.matches("<style>").count(), 1);
    assert!(!page.contains("style=\"") && !page.contains("onclick"));
}

/// What `summary.json` has at a path such as `endpoints.0.latency.response.p99.9`.
fn at<'a>(json: &'a serde_json::Value, path: &str) -> &'a serde_json::Value {
    let (path, last) = match path.strip_suffix(".p99.9") {
        Some(path) => (path, Some("p99.9")),
        None => (path, None),
    };
    let value = path
        .split('.')
        .fold(json, |value, key| match key.parse::<usize>() {
            Ok(place) => &value[place],
            Err(_) => &value[key],
        });
    last.map_or(value, |last| &value[last])
}

#[test]
fn every_number_is_that_of_the_summary() {
    let summary = judged();
    let json = serde_json::to_value(&summary).unwrap();
    let page = render(&summary).unwrap();
    let mut names = Vec::new();
    for element in page.split("data-name=\"").skip(1) {
        let (name, rest) = element.split_once("\" data-value=\"").unwrap();
        let (value, _) = rest.split_once('"').unwrap();
        let expected = at(&json, name);
        match expected.as_f64() {
            Some(expected) => assert_eq!(value.parse::<f64>().unwrap(), expected, "{name}"),
            None => assert_eq!((expected.is_null(), value), (true, "null"), "{name}"),
        }
        names.push(name);
    }
    for wanted in [
        "totals.sent",
        "latency.response.p99.9",
        "phases.waiting.p50",
        "endpoints.2.latency.response.max",
        "thresholds.3.value",
        "slo.rows.1.value",
        "checks.0.fails",
        "comparison.rows.2.change",
        "course.peak.p95_after",
        "course.memory.growth",
        "divergence.routes.1.equal_ratio",
    ] {
        assert!(names.contains(&wanted), "{wanted}: {names:?}");
    }
}

#[test]
fn what_a_capture_says_is_never_markup() {
    let hostile = "GET /\"'><script>alert(1)</script><b onmouseover=x>&amp;`${1}";
    let mut summary = judged();
    summary.capture.file = hostile.to_owned();
    summary.settings.target = hostile.to_owned();
    summary.endpoints[0].route = hostile.to_owned();
    summary.divergence.routes[0].route = hostile.to_owned();
    summary.divergence.noise_from = Some(hostile.to_owned());
    summary.thresholds[0].metric = hostile.to_owned();
    summary.checks[0].name = hostile.to_owned();
    summary.slo.rows[0].name = hostile.to_owned();
    summary.comparison.as_mut().unwrap().rows[1].route = Some(hostile.to_owned());
    summary.course.memory.as_mut().unwrap().url = hostile.to_owned();
    summary.verdict.reasons.push(hostile.to_owned());
    summary.warnings.push(hostile.to_owned());
    summary.advice.push(hostile.to_owned());
    summary.errors.insert(hostile.to_owned(), 1);
    for page in [render(&summary).unwrap(), content(&summary, false).unwrap()] {
        assert!(!page.contains("<script>alert") && !page.contains("<b onmouseover"));
        assert!(!page.contains("/\"'>"), "it can leave an attribute");
        assert!(page.matches("&#60;script&#62;alert(1)").count() >= 13);
    }
}

#[test]
fn below_an_invalid_verdict_everything_says_so() {
    let mut summary = judged();
    assert!(!render(&summary).unwrap().contains("class=\"void\""));
    summary.verdict.status = Status::Invalid;
    summary.verdict.reasons = vec!["40 arrivals were dropped".to_owned()];
    let page = render(&summary).unwrap();
    let (head, below) = page.split_once("class=\"void-note\"").unwrap();
    assert!(head.contains("40 arrivals were dropped") && !head.contains("<table"));
    let headings = below.matches("<h2>").count();
    // Those of fidelity, settings and warnings are about the run itself.
    assert_eq!(below.matches("class=\"void\"").count() + 2, headings);
    // An interruption alone does not make numbers void.
    summary.interrupted = true;
    assert!(!render(&summary).unwrap().contains("class=\"void\""));
}

#[test]
fn what_is_not_known_is_in_parentheses_and_what_is_has_its_interval() {
    let mut summary = summary();
    summary.latency.response.count = 100;
    summary.latency.response.intervals = Some(Intervals {
        p50: Some([5_000, 6_000]),
        p90: None,
        p95: Some([8_000, 9_500]),
        p99: None,
        p999: None,
    });
    let page = render(&summary).unwrap();
    let cell = |name: &str| {
        let start = page
            .find(&format!("<td class=\"n\" data-name=\"{name}\""))
            .unwrap();
        let cell = &page[start..start + page[start..].find("</td>").unwrap()];
        cell.split_once('>').unwrap().1.to_owned()
    };
    assert!(
        cell("latency.response.p50").ends_with("<small>5.00\u{a0}ms\u{a0}– 6.00\u{a0}ms</small>")
    );
    assert!(
        cell("latency.response.p95").ends_with("<small>8.00\u{a0}ms\u{a0}– 9.50\u{a0}ms</small>")
    );
    assert!(cell("latency.response.p99").starts_with("<span class=\"few\">("));
    assert!(page.contains("id=\"few\""));
}

#[test]
fn rules_say_what_has_to_be_known_of_their_values() {
    let page = render(&judged()).unwrap();
    for note in [
        "nothing to measure, so the rule holds",
        "1,999 samples are too few to know it",
        "the worst window begins at 3 s",
    ] {
        assert!(page.contains(note), "{note}");
    }
    // The broken one is first.
    let rules = &page[page.find("id=\"thresholds\"").unwrap()..];
    assert!(rules.find("broken").unwrap() < rules.find("held").unwrap());
}

/// A day of requests to thousands of routes with long names.
#[test]
fn a_long_run_with_many_routes_makes_a_small_page() {
    let mut summary = judged();
    let second = summary.series[3].clone();
    summary.series = (0..86_400)
        .map(|number| Second {
            second: number,
            p99: second.p99 + number * 7_919 % 20_000,
            failed: number % 3,
            ..second.clone()
        })
        .collect();
    let (endpoint, route) = (&summary.endpoints[0], &summary.divergence.routes[0]);
    let (endpoint, route) = (endpoint.clone(), route.clone());
    let name = |number: usize| format!("GET /api/v1/{}/{number}", "part/".repeat(40));
    summary.endpoints = (0..5_000)
        .map(|number| crate::summary::Endpoint {
            route: name(number),
            ..endpoint.clone()
        })
        .collect();
    summary.divergence.routes = (0..5_000)
        .map(|number| RouteDivergence {
            route: name(number),
            ..route.clone()
        })
        .collect();
    let rule = summary.thresholds[0].clone();
    summary.thresholds = (0..5_000)
        .map(|number| Threshold {
            metric: name(number),
            ..rule.clone()
        })
        .collect();
    let page = render(&summary).unwrap();
    assert!(page.len() < 2_000_000, "{}", page.len());
    assert!(page.contains("4700 more in summary.json"));
    assert!(page.contains("Each point stands for 3 min"));
}

#[test]
fn the_style_has_a_colour_for_every_marker_and_legend() {
    for (class, marker) in crate::report::plot::markers() {
        assert!(STYLE.contains(&format!("\"{marker}\"]")), "{marker}");
        assert!(
            ["grid", "text"].contains(&class) || STYLE.contains(&format!(".legend .{class} ")),
            "{class}"
        );
    }
}

#[test]
fn a_live_page_has_a_token_only_where_it_may_steer() {
    let mut part = LivePart {
        token: None,
        phase: "running",
        words: "goes on",
        commands: vec!["pause"],
    };
    let page = live(&part, None).unwrap();
    assert!(!page.contains("<meta name=\"rehearsal") && !page.contains("<button"));
    assert!(page.contains("There are no numbers yet"));
    part.token = Some("abc".to_owned());
    let page = live(&part, Some("<p>here</p>")).unwrap();
    assert!(page.contains("<meta name=\"rehearsal-token\" content=\"abc\">"));
    assert!(page.contains("<p>here</p>") && page.contains("data-command=\"pause\">"));
    assert!(page.contains("data-command=\"resume\" hidden>"));
}
