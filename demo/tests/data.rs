//! The data: the same for one seed, new ids at each start, and personal all over.

mod common;

use std::collections::BTreeSet;

use common::{Client, start};
use rehearsal_demo::staging::{Staging, personal_values};
use serde_json::Value;

/// Everything that a coordinator can list, and all ids in it.
async fn snapshot(staging: &Staging) -> (String, BTreeSet<String>) {
    let user = Client::of_role(staging, "coordinator").await;
    let paths = [
        "/people",
        "/assignments?page_size=5000",
        "/blocks",
        "/rotation-templates",
        "/absences?page_size=500",
        "/swaps/history?page_size=100",
        "/schedule/validate?start_date=2026-11-01&end_date=2026-11-30",
    ];
    let mut text = String::new();
    let mut ids = BTreeSet::new();
    for path in paths {
        let mut body = user.get(path).await.expect(200);
        strip_ids(&mut body, &mut ids);
        text += &body.to_string();
    }
    (text, ids)
}

fn strip_ids(value: &mut Value, ids: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| strip_ids(item, ids)),
        Value::Object(fields) => fields.values_mut().for_each(|field| strip_ids(field, ids)),
        Value::String(text) if text.len() == 36 && text.matches('-').count() == 4 => {
            ids.insert(std::mem::take(text));
        }
        _ => {}
    }
}

#[tokio::test]
async fn one_seed_gives_one_data_set_with_new_ids() {
    let (one, two) = (start().await, start().await);
    let ((data, ids), (other_data, other_ids)) = (snapshot(&one).await, snapshot(&two).await);
    assert!(data == other_data, "the data differ");
    assert!(ids.is_disjoint(&other_ids));
    assert!(ids.len() > 6000, "{}", ids.len());
}

#[tokio::test]
async fn personal_values_are_what_staging_serves() {
    let staging = start().await;
    let (data, _) = snapshot(&staging).await;
    let values = personal_values(1);
    let served = values
        .iter()
        .filter(|value| data.contains(value.as_str()))
        .count();
    assert!(values.len() > 600, "{}", values.len());
    // Passwords and the mail addresses of accounts are not listed anywhere.
    assert!(
        served * 10 > values.len() * 8,
        "{served} of {}",
        values.len()
    );
    assert!(
        values.iter().all(|value| value.len() >= 9),
        "{:?}",
        values.iter().min_by_key(|value| value.len())
    );
    assert_ne!(values, personal_values(2));
}

#[tokio::test]
async fn metrics_count_by_template() {
    let staging = start().await;
    let client = Client::new(&staging);
    client
        .get("/blocks/6f2c1a52-9d39-4a8e-8a3f-3a9e1c2b7d10")
        .await
        .expect(404);
    client.get("/nothing/here").await.expect(404);
    let text = client
        .send(hyper::Method::GET, "/metrics", String::new())
        .await
        .text;
    let blocks =
        r#"http_requests_total{handler="/api/v1/blocks/{block_id}",method="GET",status="4xx"} 1"#;
    assert!(text.contains(blocks), "{text}");
    assert!(
        text.contains(r#"http_requests_total{handler="none",method="GET",status="4xx"} 1"#),
        "{text}"
    );
    assert!(
        text.contains("http_request_duration_seconds_count"),
        "{text}"
    );
    let memory = text
        .lines()
        .find_map(|line| line.strip_prefix("process_resident_memory_bytes "));
    let bytes: u64 = memory.unwrap().parse().unwrap();
    assert!((1 << 20..1 << 34).contains(&bytes), "{bytes}");
}
