//! What a person sees: help, the plan, the summary.

use crate::capture::{Recorded, Recording};
use crate::program::Replay;
use crate::server::Server;

fn recording() -> Recording {
    let people =
        (0..40).map(|number| Recorded::get(u64::from(number) * 100, number % 4, "/api/v1/people"));
    Recording::new()
        .with_all(people)
        .with(Recorded::get(4_000, 1, "/api/v1/people/7").flagged())
}

#[test]
fn the_help_is_complete() {
    let ended = Replay::new().args(["--help"]).run();
    assert_eq!(ended.code, 0);
    insta::assert_snapshot!(ended.stdout);
}

#[test]
fn a_dry_run_shows_the_plan_and_sends_nothing() {
    let server = Server::start(|_| 200.into());
    let replay =
        Replay::of(&recording(), &server).args(["--dry-run", "--speed", "2x", "--via-loadtest"]);
    let ended = replay.run();
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(ended.stdout.replace(&server.url(), "[target]"));
    assert_eq!(server.seen().len(), 0);
    assert!(!replay.path("out").exists());
}

#[test]
fn a_dry_run_tells_what_limits_would_refuse() {
    let proxy = r#"
        listen = ["127.0.0.1:8080"]
        [[route]]
        name = "login"
        prefix = "/api/v1/auth/login"
        limit = { rate = "5/min", concurrent = 5 }
        [[route]]
        name = "other"
        prefix = "/"
    "#;
    let paths = ["/api/v1/auth/login", "/"].into_iter().cycle().take(4);
    let exchanges = (0..)
        .zip(paths)
        .map(|(at_ms, path)| Recorded::get(at_ms, 1, path));
    let recording = Recording::new().with_all(exchanges);
    let replay = Replay::of(&recording, &Server::start(|_| 200.into())).file("proxy.toml", proxy);
    let ended = replay.args(["--dry-run", "--limits", "proxy.toml"]).run();
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    let table = ended.stdout.rsplit("\n\n").next().unwrap();
    insta::assert_snapshot!(table, @"
    limit                      requests   over the rate   over what may be at once
    login (5/min, 5 at once)          2               1                          0
    other (no limit)                  2               0                          0
    ");
    assert!(
        ended
            .stdout
            .contains("refused       1, by the limits of proxy.toml")
    );
}

#[test]
fn the_summary_reads_well() {
    let server = Server::start(|_| 200.into());
    let replay = Replay::of(&recording(), &server).args(["--speed", "50x"]);
    let ended = replay.run().measured();
    assert_eq!(ended.stderr, "");
    let measured = [
        " µs",
        " ms",
        " p99 ",
        "because",
        "duration ratio",
        "took",
        "gaps",
        "bytes",
    ];
    let stable: Vec<_> = ended
        .stdout
        .lines()
        .skip(1)
        .filter(|line| !measured.iter().any(|word| line.contains(word)))
        // A machine that is too busy gives cause for other advice.
        .filter(|line| !line.starts_with("  - "))
        .map(|line| without_ratios(&line.replace(&server.url(), "[target]")))
        .collect();
    insta::assert_snapshot!(stable.join("\n"));
    assert_eq!(ended.stdout.lines().last(), Some("report  out/report.html"));
}

/// The line without words such as `0.16x`, which are measured.
fn without_ratios(line: &str) -> String {
    let is_ratio = |word: &str| {
        let number = word.strip_suffix('x').map(str::parse::<f64>);
        word.contains('.') && matches!(number, Some(Ok(_)))
    };
    let end = line.rfind(' ').map_or(0, |at| at + 1);
    match is_ratio(&line[end..]) {
        true => line[..end].trim_end().to_owned() + " [ratio]",
        false => line.to_owned(),
    }
}

#[test]
fn results_without_a_name_never_replace_older_ones() {
    let server = Server::start(|_| 200.into());
    let replay = Replay::of(&Recording::new().with(Recorded::get(0, 1, "/")), &server);
    let replay = replay.without_out();
    replay.run();
    replay.run();
    for name in ["results/capture-1", "results/capture-2"] {
        assert!(replay.path(name).join("summary.json").exists(), "{name}");
        assert!(replay.path(name).join("report.html").exists(), "{name}");
    }
}
