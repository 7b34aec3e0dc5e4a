//! What a body is written in.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value as Json, json};

use super::Value;
use super::sheet::{in_form, in_query};

/// A way to write values into a body.
pub(super) struct Format {
    pub(super) name: &'static str,
    /// Empty when the message says nothing of it.
    pub(super) content_type: &'static str,
    /// How many values a body takes.
    pub(super) room: usize,
    pub(super) takes: fn(&Value) -> bool,
    pub(super) write: fn(&[Value]) -> Vec<u8>,
    /// Whether it is tried compressed, too.
    pub(super) compressed: bool,
}

const fn format(
    name: &'static str,
    content_type: &'static str,
    write: fn(&[Value]) -> Vec<u8>,
) -> Format {
    Format {
        name,
        content_type,
        room: 16,
        takes: |_| true,
        write,
        compressed: false,
    }
}

const fn compressed(format: Format) -> Format {
    Format {
        compressed: true,
        ..format
    }
}

const JSON: &str = "application/json";
const XML: &str = "application/xml";
const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=frontier";

/// JSON under the values' own names.
pub(super) const JSON_FIELDS: Format = format("json fields", JSON, |v| text(fields(v)));

/// All of them.
pub(super) const FORMATS: [Format; 44] = [
    compressed(format("json fields", JSON, |v| text(fields(v)))),
    format("json unknown fields", JSON, |v| {
        text(object(v, |at, v| (format!("zz{at}"), json!(v.text))))
    }),
    format("json nested", JSON, |v| text(nested(v))),
    format("json list", JSON, |v| {
        text(v.iter().map(|v| json!(v.text)).collect::<Json>())
    }),
    format("json lists of objects", JSON, |v| {
        let items = v.iter().map(|v| json!({"id": 1, "name": v.text}));
        text(json!({"items": items.collect::<Json>(), "total": 16}))
    }),
    format("json keys", JSON, |v| {
        text(object(v, |_, v| (v.text.clone(), json!(1))))
    }),
    format("json keys of objects", JSON, |v| {
        text(json!({"people": object(v, |_, v| (v.text.clone(), json!({"role": "faculty"})))}))
    }),
    Format {
        room: 1,
        ..format("json string", JSON, |v| text(json!(v[0].text)))
    },
    Format {
        takes: |value| value.text.len() >= 10 && value.text.bytes().all(|b| b.is_ascii_digit()),
        ..format("json numbers", JSON, |v| {
            let pairs = v.iter().map(|v| format!("\"{}\":{}", v.field, v.text));
            format!(
                "{{\"zz\":[{}],{}}}",
                v[0].text,
                pairs.collect::<Vec<_>>().join(",")
            )
            .into_bytes()
        })
    },
    format("json escaped", JSON, |v| {
        let items = v
            .iter()
            .map(|v| format!("{{\"{}\":\"{}\"}}", escaped(&v.field), escaped(&v.text)));
        format!("[{}]", items.collect::<Vec<_>>().join(",")).into_bytes()
    }),
    format("json kept fields", JSON, |v| {
        const KEPT: [&str; 8] = [
            "status",
            "role",
            "type",
            "algorithm",
            "severity",
            "entity_type",
            "token_type",
            "time_of_day",
        ];
        let items = v
            .chunks(KEPT.len())
            .map(|v| object(v, |at, v| (KEPT[at].to_owned(), json!(v.text))));
        text(items.collect::<Json>())
    }),
    format("json in json", JSON, |v| {
        text(json!({"details": fields(v).to_string()}))
    }),
    format("json in json in json", JSON, |v| {
        text(json!({"data": json!({"metadata": fields(v).to_string()}).to_string()}))
    }),
    format("base64 in json", JSON, |v| {
        text(object(v, |at, v| {
            (
                format!("zz{at}"),
                json!(STANDARD.encode(format!("{}{}", "-".repeat(at % 3), v.text))),
            )
        }))
    }),
    format("base64 json in json", JSON, |v| {
        text(json!({"data": URL_SAFE.encode(text(fields(v)))}))
    }),
    format("base64 gzip in json", JSON, |v| {
        text(json!({"data": STANDARD.encode(gzip(&text(fields(v))))}))
    }),
    format("data url in json", JSON, |v| {
        text(object(v, |_, v| {
            (
                v.field.clone(),
                json!(format!(
                    "data:text/plain;base64,{}",
                    STANDARD.encode(&v.text)
                )),
            )
        }))
    }),
    format("hex in json", JSON, |v| {
        text(object(v, |at, v| {
            (
                format!("zz{at}"),
                json!(
                    v.text
                        .bytes()
                        .map(|b| format!("{b:02x}"))
                        .collect::<String>()
                ),
            )
        }))
    }),
    format("url-encoded in json", JSON, |v| {
        text(object(v, |at, v| {
            (
                format!("zz{at}"),
                json!(format!("/people?q={}", in_query(&v.text))),
            )
        }))
    }),
    format("html in json", JSON, |v| {
        text(object(v, |_, v| {
            (
                v.field.clone(),
                json!(format!("<p>{}</p>", markup(&v.text))),
            )
        }))
    }),
    format("json cut short", JSON, |v| {
        let mut body = text(fields(v));
        body.truncate(body.len() - 1);
        body
    }),
    format("json twice", JSON, |v| {
        [text(fields(v)), text(json!({}))].concat()
    }),
    format("json beyond the limit", JSON, |v| {
        text(json!({"items": fields(v), "notes": "long ".repeat(20_000)}))
    }),
    format("json lines", "application/x-ndjson", |v| {
        v.iter()
            .flat_map(|v| [text(json!({"name": v.text})), b"\n".to_vec()].concat())
            .collect()
    }),
    format("json as text", "text/plain", |v| text(fields(v))),
    format("json of no type", "", |v| text(fields(v))),
    format("json after a mark", JSON, |v| {
        ["\u{feff}".as_bytes(), &text(fields(v))].concat()
    }),
    format(
        "json problem",
        "application/problem+json; charset=utf-8",
        |v| {
            let items = v.iter().map(|v| json!({"loc": ["body", v.field], "msg": format!("value is not {}", v.text), "input": v.text}));
            text(json!({"title": "Invalid", "detail": items.collect::<Json>()}))
        },
    ),
    compressed(format("form", FORM, |v| {
        let pairs = v
            .iter()
            .map(|v| format!("{}={}", v.field, in_query(&v.text)));
        pairs.collect::<Vec<_>>().join("&").into_bytes()
    })),
    format("form keys", FORM, |v| {
        let pairs = v.iter().map(|v| format!("{}=1", in_form(&v.text)));
        pairs.collect::<Vec<_>>().join("&").into_bytes()
    }),
    format("multipart", MULTIPART, |v| {
        multipart(v, |v| (format!("name=\"{}\"", v.field), v.text.clone()))
    }),
    format("multipart files", MULTIPART, |v| {
        multipart(v, |v| {
            (
                format!(
                    "name=\"file\"; filename=\"{}.csv\"\r\nContent-Type: text/csv",
                    v.text.replace(['"', '\n'], " ")
                ),
                String::new(),
            )
        })
    }),
    compressed(format("text", "text/plain; charset=utf-8", |v| {
        v.iter()
            .map(|v| format!("Seen today: {}.\n", v.text))
            .collect::<String>()
            .into_bytes()
    })),
    format("csv", "text/csv", |v| {
        let rows = v
            .iter()
            .map(|v| format!("7,\"{}\",faculty\r\n", v.text.replace('"', "\"\"")));
        format!("id,name,role\r\n{}", rows.collect::<String>()).into_bytes()
    }),
    format("calendar", "text/calendar", |v| {
        let rows = v
            .iter()
            .map(|v| format!("BEGIN:VEVENT\r\nSUMMARY:{}\r\nEND:VEVENT\r\n", v.text));
        rows.collect::<String>().into_bytes()
    }),
    format("html", "text/html", |v| {
        let rows = v.iter().map(|v| {
            format!(
                "<tr title=\"{0}\"><td>{0}<!-- {0} --></td></tr>",
                markup(&v.text)
            )
        });
        format!(
            "<!doctype html><title>500</title><table>{}</table>",
            rows.collect::<String>()
        )
        .into_bytes()
    }),
    compressed(format("xml", XML, |v| {
        xml(v, |v| format!("<{0}>{1}</{0}>", v.field, markup(&v.text)))
    })),
    format("xml attributes", "application/soap+xml", |v| {
        xml(v, |v| {
            format!("<person {}='{}'/>", v.field, markup(&v.text))
        })
    }),
    format("xml sections", "text/xml", |v| {
        xml(v, |v| {
            format!("<note><![CDATA[{0}]]><!-- {0} --></note>", v.text)
        })
    }),
    Format {
        takes: |value| value.is_in(&value.as_name()),
        ..format("xml names", XML, |v| {
            xml(v, |v| format!("<n-{0}>1</n-{0}>", v.as_name()))
        })
    },
    format("graphql in json", JSON, |v| {
        let asked: String = v
            .iter()
            .map(|v| format!(" add(name: {}) {{ id }}", json!(v.text)))
            .collect();
        text(
            json!({"query": format!("mutation {{{asked} }}"), "variables": fields(v), "operationName": "Add"}),
        )
    }),
    format("graphql", "application/graphql", |v| {
        let asked: String = v
            .iter()
            .map(|v| {
                format!(
                    " p(name: {}) {{ id }} # {}\n",
                    json!(v.text),
                    v.marks[0].replace('\n', " ")
                )
            })
            .collect();
        format!("query {{{asked} }}").into_bytes()
    }),
    format("bytes", "application/octet-stream", |v| {
        v.iter()
            .flat_map(|v| [b"\x00\xff\x01".as_slice(), v.text.as_bytes()].concat())
            .collect()
    }),
    format("utf-16", "text/plain; charset=utf-16", |v| {
        let text: String = v.iter().map(|v| format!("{};", v.text)).collect();
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }),
];

fn text(value: Json) -> Vec<u8> {
    value.to_string().into_bytes()
}

fn object(values: &[Value], pair: impl Fn(usize, &Value) -> (String, Json)) -> Json {
    let pairs = values.iter().enumerate().map(|(at, value)| pair(at, value));
    Json::Object(pairs.collect::<Map<_, _>>())
}

fn fields(values: &[Value]) -> Json {
    object(values, |_, v| (v.field.clone(), json!(v.text)))
}

/// Each value deeper than the one before.
fn nested(values: &[Value]) -> Json {
    values.iter().fold(
        json!({}),
        |inner, v| json!({"person": {&v.field: v.text, "contacts": [{"value": v.text}, inner]}}),
    )
}

fn escaped(text: &str) -> String {
    text.encode_utf16()
        .map(|unit| format!("\\u{unit:04X}"))
        .collect()
}

fn markup(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            'a' | 'Ō' => out.push_str(&format!("&#x{:x};", c as u32)),
            _ => out.push(c),
        }
    }
    out
}

fn xml(values: &[Value], each: impl Fn(&Value) -> String) -> Vec<u8> {
    let inner: String = values.iter().map(each).collect();
    format!("<?xml version=\"1.0\"?><people>{inner}</people>").into_bytes()
}

/// `each` gives what stands after the disposition, with further headers, and the content.
fn multipart(values: &[Value], each: impl Fn(&Value) -> (String, String)) -> Vec<u8> {
    let parts = values.iter().map(|value| {
        let (head, content) = each(value);
        format!("--frontier\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
    });
    (parts.collect::<String>() + "--frontier--\r\n").into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    // Memory does not refuse anything.
    out.write_all(bytes)
        .and_then(|()| out.finish())
        .unwrap_or_default()
}
