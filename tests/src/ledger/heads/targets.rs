//! Places in paths and queries.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::super::sheet::{in_form, in_path, in_query};
use super::{Head, place};

pub(super) const TARGETS: [Head; 16] = [
    place("path, id", 1, |it, v| {
        it.target = format!("/api/v1/people/{}", in_path(&v[0].text));
    }),
    place("path, text", 1, |it, v| {
        it.target = format!("/api/v1/procedures/by-name/{}", in_path(&v[0].text));
    }),
    place("path, dates", 2, |it, v| {
        let segments = v.iter().map(|v| in_path(&v.text) + "/");
        it.target = format!("/api/v1/schedule/{}x", segments.collect::<String>());
    }),
    place("path, unknown", 2, |it, v| {
        let segments = v.iter().map(|v| format!("/chart/{}", in_path(&v.text)));
        it.target = format!("/wards{}", segments.collect::<String>());
    }),
    place("path, parameter", 1, |it, v| {
        it.target = format!("/api/v1/people;who={}", in_path(&v[0].text));
    }),
    place("path, file", 1, |it, v| {
        it.target = format!("/api/v1/uploads/{}.pdf", in_path(&v[0].text));
    }),
    place("query, field", 6, |it, v| {
        v.iter()
            .for_each(|v| it.query(&format!("{}={}", v.field, in_query(&v.text))));
    }),
    place("query, unknown", 6, |it, v| {
        v.iter()
            .for_each(|v| it.query(&format!("zz={}", in_form(&v.text))));
    }),
    place("query, key", 3, |it, v| {
        v.iter()
            .for_each(|v| it.query(&format!("{}=1", in_query(&v.text))));
    }),
    place("query, filter", 4, |it, v| {
        v.iter()
            .for_each(|v| it.query(&format!("f[{}]={}", v.field, in_form(&v.text))));
    }),
    place("query, bare", 1, |it, v| it.query(&in_query(&v[0].text))),
    place("query, semicolons", 2, |it, v| {
        let pairs = v
            .iter()
            .map(|v| format!("{}={}", v.field, in_query(&v.text)));
        it.query(&pairs.collect::<Vec<_>>().join(";"));
    }),
    place("query, json", 3, |it, v| {
        let fields = v.iter().map(|v| (v.field.clone(), v.text.clone().into()));
        let json = serde_json::Value::Object(fields.collect());
        it.query(&format!("filter={}", in_query(&json.to_string())));
    }),
    place("query, url", 1, |it, v| {
        let inner = format!("https://staging/people/{}?q={0}#{0}", in_query(&v[0].text));
        it.query(&format!("next={}", in_query(&inner)));
    }),
    place("query, base64", 2, |it, v| {
        for v in v {
            let text = URL_SAFE_NO_PAD.encode(format!("v1:{}", v.text));
            it.query(&format!("cursor={text}"));
        }
    }),
    place("query, kept words", 3, |it, v| {
        let names = ["role", "status", "page_size"];
        for (name, v) in names.iter().zip(v) {
            it.query(&format!("{name}={}", in_query(&v.text)));
        }
    }),
];
