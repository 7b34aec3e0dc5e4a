//! Places in the headers of answers.

use super::super::sheet::{in_header, in_query};
use super::{Head, name_place, place};

pub(super) const GIVEN: [Head; 15] = [
    place("answer header, unknown", 6, |it, v| {
        for (at, v) in v.iter().enumerate() {
            it.answer
                .header(&format!("X-Note-{at}"), in_header(&v.text));
        }
    }),
    name_place("answer header, name", 2, |it, v| {
        for v in v {
            it.answer.header(&format!("X-{}", v.as_name()), "1");
        }
    }),
    place("answer header, kept", 8, |it, v| {
        let kept = [
            "Vary",
            "Cache-Control",
            "RateLimit",
            "Retry-After",
            "X-PHI-Fields",
            "Preference-Applied",
            "X-Frame-Options",
            "Pragma",
        ];
        for (name, v) in kept.iter().zip(v) {
            it.answer.header(name, in_header(&v.text));
        }
    }),
    place("answer header, type", 1, |it, v| {
        let text = in_header(&v[0].text).replace('"', "'");
        it.answer
            .header("Content-Type", format!("text/plain; name=\"{text}\""));
    }),
    place("answer header, e-tag", 1, |it, v| {
        let text = in_header(&v[0].text).replace('"', "'");
        it.answer.header("ETag", format!("\"{text}\""));
    }),
    place("answer header, dates", 2, |it, v| {
        for (name, v) in ["Last-Modified", "Expires"].iter().zip(v) {
            it.answer.header(name, in_header(&v.text));
        }
    }),
    place("answer header, location", 1, |it, v| {
        (it.status, it.reason) = (302, "Found".to_owned());
        let text = in_query(&v[0].text);
        it.answer.header(
            "Location",
            format!("https://staging/people/{text}?q={text}#{text}"),
        );
    }),
    place("answer header, other places", 4, |it, v| {
        (it.status, it.reason) = (201, "Created".to_owned());
        let text = |at: usize| in_query(&v[at % v.len()].text);
        it.answer
            .header("Location", format!("/api/v1/people/{}", text(0)));
        it.answer
            .header("Content-Location", format!("/people?q={}", text(1)));
        it.answer
            .header("Link", format!("</people/{}>; rel=next", text(2)));
        it.answer
            .header("Refresh", format!("0; url=/people/{}", text(3)));
    }),
    place("answer header, file", 2, |it, v| {
        let (plain, encoded) = (&v[0].text, &v[v.len() - 1].text);
        let plain = in_header(plain).replace('"', "'");
        it.answer.header(
            "Content-Disposition",
            format!(
                "attachment; filename=\"{plain}.csv\"; filename*=UTF-8''{}.csv",
                in_query(encoded)
            ),
        );
    }),
    place("answer header, server", 5, |it, v| {
        let names = [
            "Server",
            "Via",
            "Server-Timing",
            "Warning",
            "Access-Control-Allow-Origin",
        ];
        for (name, v) in names.iter().zip(v) {
            it.answer.header(name, in_header(&v.text));
        }
    }),
    place("answer header, challenge", 1, |it, v| {
        (it.status, it.reason) = (401, "Unauthorized".to_owned());
        let text = in_header(&v[0].text).replace('"', "'");
        it.answer
            .header("WWW-Authenticate", format!("Basic realm=\"{text}\""));
    }),
    place("set-cookie, field", 3, |it, v| {
        for v in v {
            it.answer.header(
                "Set-Cookie",
                format!("{}={}; HttpOnly", v.field, in_query(&v.text)),
            );
        }
    }),
    place("set-cookie, unknown", 3, |it, v| {
        for v in v {
            it.answer.header(
                "Set-Cookie",
                format!("zz=\"{}\"; Max-Age=60", in_query(&v.text)),
            );
        }
    }),
    name_place("set-cookie, name", 2, |it, v| {
        for v in v {
            it.answer
                .header("Set-Cookie", format!("{}=1; SameSite=Lax", v.as_name()));
        }
    }),
    place("set-cookie, attributes", 2, |it, v| {
        let (path, domain) = (in_query(&v[0].text), in_query(&v[v.len() - 1].text));
        it.answer.header(
            "Set-Cookie",
            format!("theme=dark; Path=/people/{path}; Domain={domain}.org"),
        );
    }),
];
