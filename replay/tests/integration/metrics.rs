//! The memory of a target, read while it is loaded.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use crate::capture::{Recorded, Recording};
use crate::program::{Ended, Replay};
use crate::server::{Answer, Server};

/// Requests over so many seconds.
fn over(seconds: u64) -> Recording {
    let requests = (0..=seconds * 10).map(|number| Recorded::get(number * 100, 1, "/x"));
    Recording::new().with_all(requests)
}

/// A server that tells its metrics in this way, and answers all else.
fn telling(metrics: impl Fn() -> Answer + Send + Sync + 'static) -> Server {
    Server::start(move |seen| match seen.path.as_str() {
        "/metrics" => metrics(),
        _ => 200.into(),
    })
}

/// Two processes, of which one takes 10 MB more each time that somebody asks.
fn growing() -> Server {
    let asked = AtomicU64::new(0);
    telling(move || {
        let bytes = 50_000_000 + 10_000_000 * asked.fetch_add(1, Ordering::Relaxed);
        let text = format!(
            "# TYPE process_resident_memory_bytes gauge\n\
             process_resident_memory_bytes{{pid=\"7\"}} {bytes}.0\n\
             process_resident_memory_bytes{{pid=\"8\"}} 5e+07\n"
        );
        Answer::With(200, Vec::new(), text.into_bytes())
    })
}

fn reading(recording: &Recording, server: &Server, url: &str) -> Ended {
    let replay = Replay::of(recording, server).args(["--target-metrics", url]);
    replay.run().measured().balanced()
}

fn samples(ended: &Ended) -> Vec<(u64, u64)> {
    let samples = ended.summary["course"]["memory"]["samples"].as_array();
    let number = |value: &Value| value.as_u64().unwrap();
    samples.map_or_else(Vec::new, |samples| {
        let samples = samples.iter();
        samples
            .map(|sample| (number(&sample["second"]), number(&sample["bytes"])))
            .collect()
    })
}

#[test]
fn memory_that_grows_is_seen() {
    let server = growing();
    let ended = reading(&over(4), &server, &server.url());
    let memory = &ended.summary["course"]["memory"];
    assert_eq!(memory["url"], server.url());
    let samples = samples(&ended);
    assert!(samples.len() >= 5, "{samples:?}");
    for (place, pair) in samples.windows(2).enumerate() {
        assert!(
            pair[0].0 <= pair[1].0 && pair[0].1 < pair[1].1,
            "{place}: {samples:?}"
        );
    }
    let (first, last) = (samples[0], samples[samples.len() - 1]);
    assert!(first.0 == 0 && last.0 >= 3, "{samples:?}");
    let growth = last.1 as f64 / first.1 as f64 - 1.0;
    assert!(
        (memory["growth"].as_f64().unwrap() - growth).abs() < 1e-6,
        "{memory}"
    );
    // None of it is a request of the run.
    assert_eq!(ended.summary["totals"]["sent"], 41);
    assert!(!ended.stderr.contains("warning"), "{}", ended.stderr);
}

#[test]
fn an_answer_in_chunks_is_read_and_so_is_one_that_ends_with_its_connection() {
    for answer in [
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
         10\r\nprocess_resident\r\n13\r\n_memory_bytes 4096\n\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\nprocess_resident_memory_bytes 4096\n",
    ] {
        let server = telling(move || Answer::Raw(answer));
        let ended = reading(&over(0), &server, &format!("{}/metrics", server.url()));
        let samples = samples(&ended);
        assert!(
            !samples.is_empty() && samples.iter().all(|(_, bytes)| *bytes == 4_096),
            "{ended:#?}"
        );
        assert!(ended.summary["course"]["memory"]["growth"].is_null());
    }
}

#[test]
fn a_target_that_tells_nothing_is_one_warning() {
    let warned = |server: &Server, url: &str| {
        let ended = reading(&over(0), server, url);
        assert!(ended.summary["course"]["memory"].is_null());
        let warnings: Vec<_> = ended.stderr.lines().collect();
        let [warning] = warnings[..] else {
            panic!("{ended:#?}");
        };
        let said = warning.strip_prefix("warning: ").unwrap();
        assert_eq!(ended.summary["warnings"], serde_json::json!([said]));
        said.replace(&server.url(), "[url]")
    };
    let server = telling(|| Answer::With(200, Vec::new(), b"up 1\n".to_vec()));
    insta::assert_snapshot!(warned(&server, &server.url()), @"the target's memory is not known, [url]: it does not tell process_resident_memory_bytes; is `--target-metrics` right?");
    insta::assert_snapshot!(warned(&server, "http://127.0.0.1:9"), @"the target's memory is not known, http://127.0.0.1:9: Connection refused (os error 111); is `--target-metrics` right?");
    let server = telling(|| 403.into());
    insta::assert_snapshot!(warned(&server, &server.url()), @"the target's memory is not known, [url]: it answers 403; is `--target-metrics` right?");
    let server = telling(|| Answer::Raw("HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\nprocess_"));
    insta::assert_snapshot!(warned(&server, &server.url()), @"the target's memory is not known, [url]: the connection ended within its answer; is `--target-metrics` right?");
    let server = telling(|| Answer::Raw("nothing of the kind\r\n\r\n"));
    insta::assert_snapshot!(warned(&server, &server.url()), @"the target's memory is not known, [url]: the answer is no HTTP/1.1; is `--target-metrics` right?");
}

#[test]
fn metrics_are_read_only_where_the_target_may_be() {
    let server = growing();
    let replay =
        Replay::of(&over(0), &server).args(["--target-metrics", "http://203.0.113.7/metrics"]);
    let ended = replay.run();
    assert_eq!((ended.code, ended.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(ended.stderr, @"error: `--target-metrics`: target `203.0.113.7` is at 203.0.113.7, which is neither loopback nor a private range; if it may be loaded, say so with `--allow-target 203.0.113.7`");
    assert_eq!(server.seen().len(), 0);
    assert!(!replay.path("out").exists());
}

#[test]
fn the_file_names_them_too() {
    let server = growing();
    let file = format!("target_metrics = \"{}/metrics\"\n", server.url());
    let replay = Replay::of(&over(0), &server).file("config/replay.toml", &file);
    assert!(!samples(&replay.run().measured()).is_empty());
}
