//! Places in the heads of requests and answers: method, path, query, headers, cookies.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::sheet::{Exchange, in_form, in_header, in_path, in_query};
use super::{Place, Value};

/// Puts values into an exchange.
type Plant = fn(&mut Exchange, &[Value]);

fn place(name: &str, room: usize, plant: Plant) -> Place {
    Place {
        name: name.to_owned(),
        room,
        takes: |_| true,
        plant: Box::new(plant),
    }
}

/// A place for what is left of a value when it is made a name.
fn name_place(name: &str, room: usize, plant: Plant) -> Place {
    Place {
        takes: |value| value.is_in(&value.as_name()),
        ..place(name, room, plant)
    }
}

/// All of them.
pub(super) fn places() -> Vec<Place> {
    let all = [targets(), sent(), credentials(), given(), whole_heads()];
    all.into_iter().flatten().collect()
}

fn targets() -> Vec<Place> {
    vec![
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
    ]
}

fn sent() -> Vec<Place> {
    vec![
        place("request header, unknown", 6, |it, v| {
            for (at, v) in v.iter().enumerate() {
                it.request
                    .header(&format!("X-Note-{at}"), in_header(&v.text));
            }
        }),
        name_place("request header, name", 2, |it, v| {
            for v in v {
                it.request.header(&format!("X-{}", v.as_name()), "1");
            }
        }),
        place("request header, kept", 5, |it, v| {
            let kept = [
                "Accept",
                "Cache-Control",
                "Prefer",
                "Accept-Encoding",
                "Pragma",
            ];
            for (name, v) in kept.iter().zip(v) {
                it.request.header(name, in_header(&v.text));
            }
        }),
        place("request header, kept word with it", 2, |it, v| {
            let text = in_header(&v[0].text).replace('"', "'");
            it.request
                .header("Accept", format!("application/json; profile=\"{text}\""));
            if let Some(v) = v.get(1) {
                it.request
                    .header("Cache-Control", format!("max-age=0, {}", in_query(&v.text)));
            }
        }),
        place("request header, key", 1, |it, v| {
            it.method = "POST".to_owned();
            it.request.header("Idempotency-Key", in_header(&v[0].text));
        }),
        place("request header, e-tags", 3, |it, v| {
            let names = ["If-Match", "If-None-Match", "If-Range"];
            for (name, v) in names.iter().zip(v) {
                let text = in_header(&v.text).replace('"', "'");
                it.request.header(name, format!("W/\"{text}\""));
            }
        }),
        place("request header, referer", 1, |it, v| {
            it.request.header(
                "Referer",
                format!("https://staging/people/{}?q={0}", in_query(&v[0].text)),
            );
        }),
        place("request header, client", 8, |it, v| {
            let names = [
                "User-Agent",
                "From",
                "Via",
                "Forwarded",
                "X-Real-IP",
                "X-Forwarded-Host",
                "Accept-Language",
                "If-Modified-Since",
            ];
            for (name, v) in names.iter().zip(v) {
                it.request.header(name, in_header(&v.text));
            }
        }),
        place("request header, forwarded for", 1, |it, v| {
            it.request.header("X-Forwarded-For", in_header(&v[0].text));
        }),
        place("cookie, field", 5, |it, v| {
            let cookies = v
                .iter()
                .map(|v| format!("{}={}", v.field, in_query(&v.text)));
            it.request
                .header("Cookie", cookies.collect::<Vec<_>>().join("; "));
        }),
        place("cookie, unknown", 5, |it, v| {
            let cookies = v.iter().map(|v| format!("zz=\"{}\"", in_query(&v.text)));
            it.request
                .header("Cookie", cookies.collect::<Vec<_>>().join("; "));
        }),
        name_place("cookie, name", 4, |it, v| {
            let cookies = v.iter().map(|v| format!("{}=1", v.as_name()));
            it.request
                .header("Cookie", cookies.collect::<Vec<_>>().join("; "));
        }),
        place("cookie, bare", 1, |it, v| {
            it.request.header("Cookie", in_header(&v[0].text));
        }),
    ]
}

fn credentials() -> Vec<Place> {
    vec![
        place("authorization, basic", 1, |it, v| {
            let pair = STANDARD.encode(format!("{}:secret", v[0].text));
            it.request.header("Authorization", format!("Basic {pair}"));
        }),
        place("authorization, bearer", 1, |it, v| {
            it.request
                .header("Authorization", format!("Bearer {}", in_header(&v[0].text)));
        }),
        place("authorization, digest", 1, |it, v| {
            let text = in_header(&v[0].text).replace('"', "'");
            it.request.header(
                "Authorization",
                format!(
                    "Digest username=\"{text}\", realm=\"clinic\", uri=\"/{}\"",
                    in_query(&text)
                ),
            );
        }),
        place("authorization, other scheme", 1, |it, v| {
            it.request
                .header("Authorization", format!("ApiKey {}", in_header(&v[0].text)));
        }),
        place("authorization, bare", 1, |it, v| {
            it.request.header("Authorization", in_header(&v[0].text));
        }),
        place("authorization, other headers", 4, |it, v| {
            let names = [
                "Proxy-Authorization",
                "X-API-Key",
                "X-CSRF-Token",
                "X-Auth-Request-Email",
            ];
            for (name, v) in names.iter().zip(v) {
                it.request.header(name, in_header(&v.text));
            }
        }),
        place("log-in", 2, |it, v| {
            it.method = "POST".to_owned();
            it.target = "/api/v1/auth/login".to_owned();
            it.request
                .header("Content-Type", "application/x-www-form-urlencoded");
            let (user, password) = (&v[0].text, &v[v.len() - 1].text);
            it.request.body = format!(
                "grant_type=password&username={}&password={}",
                in_form(user),
                in_form(password)
            )
            .into_bytes();
            it.answer.header("Content-Type", "application/json");
            it.answer.header(
                "Set-Cookie",
                format!("access_token={}; HttpOnly; Path=/", in_query(user)),
            );
            let answer = serde_json::json!({"access_token": user, "refresh_token": password, "token_type": "bearer"});
            it.answer.body = answer.to_string().into_bytes();
        }),
        place("websocket", 4, |it, v| {
            it.target = "/api/v1/ws".to_owned();
            it.query(&format!("token={}", in_query(&v[0].text)));
            it.request.header("Connection", "Upgrade");
            it.request.header("Upgrade", "websocket");
            it.request.header("Sec-WebSocket-Version", "13");
            it.request
                .header("Sec-WebSocket-Key", "AAECAwQFBgcICQoLDA0ODw==");
            let last = &v[v.len() - 1].text;
            let offered = format!("chat, {}", in_query(&v[v.len() / 3].text));
            it.request
                .header("Sec-WebSocket-Protocol", offered.as_str());
            it.request.upgraded = frame(&v[v.len() / 2].text);
            (it.status, it.reason) = (101, "Switching Protocols".to_owned());
            it.answer.header("Connection", "Upgrade");
            it.answer.header("Upgrade", "websocket");
            it.answer.header("Sec-WebSocket-Protocol", in_query(last));
            it.answer.upgraded = frame(last);
        }),
    ]
}

fn given() -> Vec<Place> {
    vec![
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
    ]
}

fn whole_heads() -> Vec<Place> {
    vec![
        Place {
            takes: |value| value.is_in(&as_method(value)),
            ..place("method", 1, |it, v| it.method = as_method(&v[0]))
        },
        name_place("host", 1, |it, v| {
            it.request
                .header("Host", format!("{}.staging", v[0].as_name()));
        }),
        place("reason", 1, |it, v| it.reason = in_header(&v[0].text)),
        place("request trailer", 2, |it, v| {
            it.method = "POST".to_owned();
            it.request.header("Content-Type", "application/json");
            it.request.body = b"{}".to_vec();
            it.request.trailers = v
                .iter()
                .map(|v| ("X-Sum".to_owned(), in_header(&v.text)))
                .collect();
        }),
        place("answer trailer", 2, |it, v| {
            it.answer.header("Content-Type", "application/json");
            it.answer.body = b"{}".to_vec();
            it.answer.trailers = v
                .iter()
                .map(|v| ("X-Sum".to_owned(), in_header(&v.text)))
                .collect();
        }),
    ]
}

/// In capitals, as a method has to be, and short enough for one.
fn as_method(value: &Value) -> String {
    let letters = value.text.chars().filter(char::is_ascii_alphabetic);
    letters.take(32).collect::<String>().to_uppercase()
}

/// A text in an unmasked frame: what is in one does not matter to who passes it on.
fn frame(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81, u8::try_from(text.len()).unwrap_or(125)];
    frame.extend(text.bytes());
    frame
}
