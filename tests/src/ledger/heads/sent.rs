//! Places in the headers of requests, and in what opens a connection of another kind.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::sheet::{in_form, in_header, in_query};
use super::{Head, name_place, place};

/// Headers and cookies.
pub(super) const SENT: [Head; 13] = [
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
];

/// What says who a client is.
pub(super) const CREDENTIALS: [Head; 8] = [
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
];

/// A text in an unmasked frame: what is in one does not matter to who passes it on.
fn frame(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81, u8::try_from(text.len()).unwrap_or(125)];
    frame.extend(text.bytes());
    frame
}
