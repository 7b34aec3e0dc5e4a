//! The same run with all that can be judged: rules, checks, levels, a baseline, its course.

use crate::summary::{
    Change, Check, Compared, Comparison, Course, Level, Memory, MemorySample, Peak, Slo, SloRow,
    Status, Summary, Threshold, Trend, Unit,
};

/// A run that broke a rule.
pub(crate) fn judged() -> Summary {
    let mut summary = super::summary();
    summary.verdict.status = Status::Fail;
    summary.verdict.reasons = vec![
        "http_req_duration{endpoint:POST /api/v1/auth/login}: p(95)<10 does not hold: it is 16.4 ms"
            .to_owned(),
    ];
    summary.thresholds = thresholds();
    summary.checks = vec![
        Check {
            name: "people are listed".to_owned(),
            passes: 1_199,
            fails: 1,
        },
        Check {
            name: "log-in gives a token".to_owned(),
            passes: 400,
            fails: 0,
        },
    ];
    summary.slo = slo();
    summary.comparison = Some(comparison());
    summary.course = course();
    summary.advice =
        vec!["POST /api/v1/auth/login is slower than the rest: look there first".to_owned()];
    summary
}

fn thresholds() -> Vec<Threshold> {
    let held = Threshold {
        metric: "http_req_duration".to_owned(),
        expression: "p(95)<500".to_owned(),
        value: Some(14.2),
        limit: Some(500.0),
        unit: Unit::Milliseconds,
        ok: true,
        samples: 1_999,
        known: true,
        second: None,
        aborted: false,
    };
    vec![
        Threshold {
            expression: "p(99.9)<1s".to_owned(),
            value: Some(31.0),
            limit: Some(1_000.0),
            known: false,
            ..held.clone()
        },
        Threshold {
            metric: "http_req_duration{endpoint:POST /api/v1/auth/login}".to_owned(),
            expression: "p(95)<10 for 5s".to_owned(),
            value: Some(16.4),
            limit: Some(10.0),
            ok: false,
            samples: 400,
            second: Some(3),
            ..held.clone()
        },
        Threshold {
            metric: "http_req_failed".to_owned(),
            expression: "rate<0.01".to_owned(),
            value: Some(0.001),
            limit: Some(0.01),
            unit: Unit::Share,
            samples: 2_000,
            ..held.clone()
        },
        Threshold {
            metric: "http_req_duration{status:503}".to_owned(),
            expression: "max<100".to_owned(),
            value: None,
            limit: Some(100.0),
            samples: 0,
            ..held.clone()
        },
        held,
    ]
}

fn slo() -> Slo {
    let row = SloRow {
        name: "API p95".to_owned(),
        metric: "http_req_duration p(95)".to_owned(),
        value: Some(14.2),
        unit: Unit::Milliseconds,
        normal: Some("<500ms".to_owned()),
        load: Some("<2s".to_owned()),
        critical: Some(">5s".to_owned()),
        level: Level::Normal,
        ok: true,
    };
    Slo {
        asked: Some(Level::Normal),
        stands: Level::Load,
        rows: vec![
            SloRow {
                name: "Error rate".to_owned(),
                metric: "http_req_failed rate".to_owned(),
                value: Some(0.001),
                unit: Unit::Share,
                normal: Some("<0.1%".to_owned()),
                load: Some("<1%".to_owned()),
                critical: Some(">5%".to_owned()),
                level: Level::Load,
                ok: false,
            },
            SloRow {
                name: "Schedule generation p95".to_owned(),
                metric: "http_req_duration{endpoint:POST /api/**/generate} p(95)".to_owned(),
                value: None,
                level: Level::Unknown,
                ..row.clone()
            },
            row,
        ],
    }
}

fn comparison() -> Comparison {
    let row = Compared {
        route: None,
        metric: "response p95".to_owned(),
        unit: Unit::Milliseconds,
        before: 14.0,
        after: 14.2,
        change: Some(0.0143),
        band: Some([-0.031, 0.044]),
        verdict: Change::Unchanged,
    };
    Comparison {
        baseline: vec!["baselines/main.json".to_owned()],
        runs: vec!["this run".to_owned()],
        max_regression: 0.1,
        verdict: Change::Mixed,
        notes: vec!["one run on each side: three or more tell noise from change better".to_owned()],
        rows: vec![
            row.clone(),
            Compared {
                route: Some("POST /api/v1/auth/login".to_owned()),
                before: 12.0,
                after: 16.4,
                change: Some(0.3667),
                band: Some([0.21, 0.49]),
                verdict: Change::Regressed,
                ..row.clone()
            },
            Compared {
                metric: "rate".to_owned(),
                unit: Unit::PerSecond,
                before: 0.0,
                after: 166.6,
                change: None,
                band: None,
                ..row
            },
        ],
    }
}

fn course() -> Course {
    Course {
        trend: Some(Trend {
            spans: 12,
            slope_us_per_hour: 1_200_000.0,
            change: 0.31,
            p_value: 0.0021,
            rising: true,
            steady: true,
        }),
        trend_p95: None,
        peak: Some(Peak {
            from: 4,
            until: 7,
            rate_before: 80.0,
            rate: 330.0,
            p95_before: 9_000,
            p95: 31_000,
            p95_after: 9_400,
            recovery_s: Some(2.0),
            recovered: 0.8,
            seconds_after: 5,
        }),
        memory: Some(Memory {
            url: "http://127.0.0.1:8001/metrics".to_owned(),
            samples: (0..12)
                .map(|second| MemorySample {
                    second,
                    bytes: 50_000_000 + second * 400_000,
                })
                .collect(),
            growth: Some(0.07),
        }),
    }
}
