//! The report in a browser: what it shows, with and without its script, on screens and paper.

use std::fs;
use std::path::PathBuf;

use rehearsal_tests::origin::Origin;
use rehearsal_tests::webdriver::{Browser, Medium, Script, View};
use rehearsal_tests::{finish, project};
use serde_json::Value;
use tempfile::TempDir;

/// Results of a run against an application that answers everything.
struct Results {
    folder: TempDir,
}

impl Results {
    fn of_a_run() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let origin = Origin::start().unwrap();
        let [out, capture] = [
            folder.path().join("out"),
            project().join("captures/peak.jsonl"),
        ]
        .map(|path| path.display().to_string());
        let target = format!("http://{}", origin.address);
        let args = [
            "--verbatim",
            "--speed",
            "20x",
            "--target",
            &target,
            "--out",
            &out,
        ];
        let args = args.into_iter().chain(["--config", "/dev/null", &capture]);
        let replay = finish("replay", args, &[]).unwrap();
        assert!(matches!(replay.code, 0 | 96), "{replay:?}");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("out").join(name)
    }

    fn page(&self) -> String {
        format!("file://{}", self.path("report.html").display())
    }

    fn summary(&self) -> Value {
        let summary = fs::read_to_string(self.path("summary.json")).unwrap();
        serde_json::from_str(&summary).unwrap()
    }
}

/// What the summary has at a path such as `endpoints.0.latency.response.p99.9`.
fn at<'a>(summary: &'a Value, path: &str) -> Option<&'a Value> {
    if path.is_empty() {
        return Some(summary);
    }
    // The longest key that there is: some have dots in them.
    let ends = path.match_indices('.').map(|(end, _)| end);
    let mut ends: Vec<_> = ends.chain([path.len()]).collect();
    ends.reverse();
    ends.into_iter().find_map(|end| {
        let (key, rest) = (&path[..end], path[end..].trim_start_matches('.'));
        let value = key
            .parse::<usize>()
            .ok()
            .and_then(|place| summary.get(place))
            .or_else(|| summary.get(key))?;
        at(value, rest)
    })
}

const NUMBERS: &str = "return Array.from(document.querySelectorAll('[data-name]'), \
    it => [it.dataset.name, it.dataset.value])";
/// The names of plots, with the number of shapes that can be seen of each.
const PLOTS: &str = "return Array.from(document.querySelectorAll('section svg[role=img]'), svg => { \
    const seen = Array.from(svg.querySelectorAll('polyline, polygon')).filter(it => { \
        const box = it.getBoundingClientRect(); return box.width > 0 && box.height > 0; }); \
    const named = svg.getAttribute('aria-labelledby').split(' ') \
        .map(id => document.getElementById(id).textContent).join('; '); \
    return [svg.closest('section').id, seen.length, named]; })";
const FIRST_COLUMN: &str = "return Array.from(document.querySelectorAll('#table-endpoints tbody th'), \
    it => it.textContent)";
const SORTED_BY: &str = "return Array.from(document.querySelectorAll('#table-endpoints [aria-sort]'), \
    it => it.textContent + ' ' + it.ariaSort)";

fn texts(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap().iter();
    list.map(|it| it.as_str().unwrap()).collect()
}

#[test]
#[ignore = "needs chromium; run by make test"]
fn the_report_shows_what_the_summary_has_and_sorts() {
    let results = Results::of_a_run();
    let summary = results.summary();
    let browser = Browser::start(Script::Allowed).unwrap();
    browser.open(&results.page()).unwrap();

    let plots = browser.run(PLOTS).unwrap();
    let mut names = Vec::new();
    for plot in plots.as_array().unwrap() {
        assert!(plot[1].as_u64() > Some(0), "{plot}");
        assert!(plot[2].as_str().unwrap().len() > 40, "{plot}");
        names.push(plot[0].as_str().unwrap());
    }
    let wanted = ["rate", "response", "distribution", "outcomes", "lateness"];
    for name in wanted.map(|name| format!("plot-{name}")) {
        assert!(names.contains(&name.as_str()), "{name}: {names:?}");
    }

    let numbers = browser.run(NUMBERS).unwrap();
    let numbers = numbers.as_array().unwrap();
    assert!(numbers.len() > 300, "{}", numbers.len());
    for number in numbers {
        let (name, value) = (number[0].as_str().unwrap(), number[1].as_str().unwrap());
        let expected = at(&summary, name).unwrap_or_else(|| panic!("{name} is not there"));
        match expected.as_f64() {
            Some(expected) => assert_eq!(value.parse(), Ok(expected), "{name}"),
            None => assert_eq!((expected, value), (&Value::Null, "null"), "{name}"),
        }
    }

    // Most requests come first; then what was clicked on.
    let endpoints = summary["endpoints"].as_array().unwrap();
    let in_order = |by: &dyn Fn(&Value) -> f64| {
        let mut sorted: Vec<_> = endpoints.iter().collect();
        sorted.sort_by(|a, b| by(b).total_cmp(&by(a)));
        let routes = sorted.into_iter().map(|it| it["route"].as_str().unwrap());
        routes.map(str::to_owned).collect::<Vec<_>>()
    };
    let by_requests = in_order(&|it| it["totals"]["sent"].as_f64().unwrap());
    let by_p95 = in_order(&|it| it["latency"]["response"]["p95"].as_f64().unwrap());
    assert_eq!(texts(&browser.run(FIRST_COLUMN).unwrap()), by_requests);
    let p95 = "#table-endpoints th:nth-child(7) button";
    browser.click(p95).unwrap();
    assert_eq!(texts(&browser.run(FIRST_COLUMN).unwrap()), by_p95);
    assert_eq!(texts(&browser.run(SORTED_BY).unwrap()), ["p95 descending"]);
    browser.press(p95, ENTER).unwrap();
    assert_eq!(texts(&browser.run(SORTED_BY).unwrap()), ["p95 ascending"]);
    browser
        .press("#table-endpoints th:first-child button", " ")
        .unwrap();
    let mut by_name = by_requests.clone();
    by_name.sort_unstable();
    assert_eq!(texts(&browser.run(FIRST_COLUMN).unwrap()), by_name);

    assert_eq!(browser.complaints().unwrap(), [""; 0]);
    assert_eq!(browser.requests().unwrap(), [results.page()]);
}

#[test]
#[ignore = "needs chromium; run by make test"]
fn the_report_is_read_without_script_on_any_screen_and_on_paper() {
    let results = Results::of_a_run();
    let summary = results.summary();
    let browser = Browser::start(Script::Blocked).unwrap();
    let views = [
        ("light", 1_200, Medium::Light),
        ("dark", 1_200, Medium::Dark),
        ("narrow", 400, Medium::Light),
        ("print", 794, Medium::Print),
    ];
    let mut grounds = Vec::new();
    for (name, width, medium) in views {
        browser.emulate(View { width, medium }).unwrap();
        browser.open(&results.page()).unwrap();
        let png = browser.screenshot(&format!("report-{name}")).unwrap();
        assert!(png.len() > 20_000, "{name}");
        // The browser's own script still runs; the page's has not made buttons of heads.
        assert_eq!(
            browser
                .run("return document.querySelectorAll('button').length")
                .unwrap(),
            0
        );
        let wide = "return document.documentElement.scrollWidth - innerWidth";
        assert!(browser.run(wide).unwrap().as_f64() <= Some(0.0), "{name}");
        grounds.push(colours(&browser));

        let table = browser.text("#table-endpoints").unwrap();
        for endpoint in summary["endpoints"].as_array().unwrap() {
            let route = endpoint["route"].as_str().unwrap();
            assert!(table.contains(route), "{name}: {route} {table}");
        }
        let plots = browser.run(PLOTS).unwrap();
        for plot in plots.as_array().unwrap() {
            assert!(plot[1].as_u64() > Some(0), "{name}: {plot}");
        }
    }
    let [light, dark, narrow, print] = grounds.try_into().unwrap();
    assert!(light[0] > 230.0 && light[1] < 60.0, "{light:?}");
    assert!(dark[0] < 40.0 && dark[1] > 200.0, "{dark:?}");
    assert_eq!(narrow, light);
    assert_eq!(print, [255.0, 0.0]);
    let pdf = browser.print().unwrap();
    assert!(pdf.starts_with(b"%PDF") && pdf.len() > 20_000);
    assert_eq!(browser.complaints().unwrap(), [""; 0]);
}

/// How light ground and text are, from 0 to 255.
fn colours(browser: &Browser) -> [f64; 2] {
    let colours = "const style = getComputedStyle(document.body); \
        const light = it => { const all = it.match(/[0-9.]+/g).map(Number); \
            return (all[0] + all[1] + all[2]) / 3; }; \
        return [light(style.backgroundColor), light(style.color)]";
    let colours = browser.run(colours).unwrap();
    [0, 1].map(|which| colours[which].as_f64().unwrap().round())
}

const ENTER: &str = "\u{e007}";
