//! Places in bodies: each format in requests, in answers, in errors, and compressed.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use super::formats::{FORMATS, Format, JSON_FIELDS};
use super::sheet::{Exchange, Message, in_form, in_query};
use super::{Place, Value};

/// Whose body it is.
#[derive(Clone, Copy)]
enum Side {
    Request,
    Answer,
    Error,
}

const SIDES: [(&str, Side); 3] = [
    ("request", Side::Request),
    ("answer", Side::Answer),
    ("error", Side::Error),
];

/// Statuses of errors, in turn.
const ERRORS: [(u16, &str); 7] = [
    (400, "Bad Request"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (409, "Conflict"),
    (422, "Unprocessable Content"),
    (429, "Too Many Requests"),
    (500, "Internal Server Error"),
];

impl Side {
    /// The message that has the body, in an exchange in which it can have one.
    fn message(self, it: &mut Exchange) -> &mut Message {
        if !matches!(self, Self::Answer) {
            it.method = "POST".to_owned();
        }
        if matches!(self, Self::Error) {
            let (status, reason) = ERRORS[it.number as usize % ERRORS.len()];
            (it.status, it.reason) = (status, reason.to_owned());
        }
        match self {
            Self::Request => &mut it.request,
            Self::Answer | Self::Error => &mut it.answer,
        }
    }
}

/// All of them, for values of every kind.
pub(super) fn places() -> Vec<Place> {
    let mut places = Vec::new();
    for (whose, side) in SIDES {
        for format in &FORMATS {
            places.push(place(
                &format!("{whose}, {}", format.name),
                side,
                format,
                &[],
            ));
        }
        for codings in CODINGS {
            for format in FORMATS.iter().filter(|format| format.compressed) {
                let name = format!("{whose}, {}, {}", format.name, codings.join(" "));
                places.push(place(&name, side, format, codings));
            }
        }
    }
    places
}

fn place(name: &str, side: Side, format: &'static Format, codings: &'static [&str]) -> Place {
    let write = format.write;
    let content_type = format.content_type;
    Place {
        name: name.to_owned(),
        room: format.room,
        takes: format.takes,
        plant: Box::new(move |it, values| {
            let message = side.message(it);
            if !content_type.is_empty() {
                message.header("Content-Type", content_type);
            }
            if !codings.is_empty() {
                message.header("Content-Encoding", codings.join(", "));
            }
            let body = write(values);
            message.body = codings
                .iter()
                .fold(body, |body, coding| encoded(&body, coding));
        }),
    }
}

/// Those for values under the names of the application's fields.
pub(super) fn places_of_fields() -> Vec<Place> {
    let json = SIDES
        .iter()
        .map(|(whose, side)| place(&format!("{whose}, field names"), *side, &JSON_FIELDS, &[]));
    let mut places: Vec<_> = json.collect();
    places.push(Place {
        name: "form, field names".to_owned(),
        room: 16,
        takes: |_| true,
        plant: Box::new(|it, values| {
            let message = Side::Request.message(it);
            message.header("Content-Type", "application/x-www-form-urlencoded");
            let pairs = values
                .iter()
                .map(|v| format!("{}={}", v.field, in_form(&v.text)));
            message.body = pairs.collect::<Vec<_>>().join("&").into_bytes();
        }),
    });
    places.push(Place {
        name: "query, field names".to_owned(),
        room: 8,
        takes: |_| true,
        plant: Box::new(|it, values: &[Value]| {
            let mut pairs = values
                .iter()
                .map(|v| format!("{}={}", v.field, in_query(&v.text)));
            pairs.by_ref().for_each(|pair| it.query(&pair));
        }),
    });
    places
}

/// Content encodings, in the order in which they are applied. `lie` is none, whatever it says.
const CODINGS: [&[&str]; 6] = [
    &["gzip"],
    &["deflate"],
    &["br"],
    &["zstd"],
    &["gzip", "br"],
    &["lie"],
];

fn encoded(body: &[u8], coding: &str) -> Vec<u8> {
    let written = match coding {
        "gzip" => {
            let mut out = GzEncoder::new(Vec::new(), Compression::fast());
            out.write_all(body).and_then(|()| out.finish())
        }
        "deflate" => {
            let mut out = ZlibEncoder::new(Vec::new(), Compression::fast());
            out.write_all(body).and_then(|()| out.finish())
        }
        "br" => {
            let mut out = Vec::new();
            let mut writer = brotli::CompressorWriter::new(&mut out, 4096, 4, 20);
            let written = writer.write_all(body);
            drop(writer);
            written.map(|()| out)
        }
        "zstd" => zstd::encode_all(body, 1),
        _ => Ok(body.to_vec()),
    };
    // Memory does not refuse anything.
    written.unwrap_or_default()
}
