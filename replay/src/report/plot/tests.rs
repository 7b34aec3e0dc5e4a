//! Every plot, drawn from samples.

use super::*;
use crate::report::sample::{judged, summary};
use crate::summary::Outcomes;

#[test]
fn drawings_are_described_and_have_a_shape_for_all_that_is_known() {
    let summary = judged();
    let series = &summary.series;
    let memory = memory(summary.course.memory.as_ref().unwrap());
    let plots = [
        (rate(series).unwrap(), 1, 1),
        (response(series).unwrap(), 0, 3),
        (outcomes(series).unwrap(), 3, 0),
        (troubles(series).unwrap().unwrap(), 2, 0),
        (lateness(series).unwrap(), 1, 0),
        (memory.unwrap().unwrap(), 0, 1),
    ];
    for (plot, areas, lines) in plots {
        let count = |role: Role, what: &str| {
            let lines = plot.svg.lines();
            let lines = lines.filter(|it| it.starts_with(what) && it.contains(&role.hex()));
            lines.count()
        };
        let all = |what: &str| -> usize {
            let roles = Role::ALL.into_iter().filter(|role| *role != Role::Grid);
            roles.map(|role| count(role, what)).sum()
        };
        assert_eq!(
            (all("<polygon"), all("<polyline")),
            (areas, lines),
            "{}",
            plot.name
        );
        let head = format!(
            " role=\"img\" aria-labelledby=\"{0}-title {0}-about\">",
            plot.name
        );
        assert!(
            plot.svg.lines().next().unwrap().ends_with(&head),
            "{}",
            plot.svg
        );
        assert!(plot.svg.contains(plot.title));
        assert!(!plot.svg.contains("NaN"), "{}", plot.svg);
    }
}

#[test]
fn the_distribution_has_its_percentiles_marked() {
    let times = summary().latency.response;
    let plot = distribution(&times).unwrap().unwrap();
    for name in ["p50 ", "p95 ", "p99 "] {
        assert!(plot.svg.contains(name), "{name}");
    }
    assert!(plot.svg.matches("<polygon").count() > 10);
}

#[test]
fn a_run_without_trouble_has_no_plot_of_it() {
    let mut series = summary().series;
    for second in &mut series {
        second.outcomes = Outcomes {
            c2xx: second.sent,
            ..Outcomes::default()
        };
    }
    assert!(troubles(&series).unwrap().is_none());
}

#[test]
fn nothing_at_all_can_be_drawn() {
    for plot in [rate, response, outcomes, lateness] {
        assert!(plot(&[]).unwrap().svg.ends_with("</svg>\n"));
    }
}

#[test]
fn a_day_is_drawn_small() {
    let one = summary().series[3].clone();
    let day: Vec<_> = (0..86_400)
        .map(|second| crate::summary::Second {
            second,
            p99: one.p99 + second * 7 % 900,
            ..one.clone()
        })
        .collect();
    for plot in [rate, response, outcomes, lateness] {
        let plot = plot(&day).unwrap();
        assert!(plot.svg.len() < 60_000, "{} {}", plot.name, plot.svg.len());
        assert!(
            plot.note
                .unwrap()
                .starts_with("Each point stands for 3 min: ")
        );
    }
}
