//! Places in the heads of requests and answers: method, path, query, headers, cookies.

mod given;
mod sent;
mod targets;

use super::sheet::{Exchange, in_header};
use super::{Place, Value};

/// A place in a head.
struct Head {
    name: &'static str,
    /// How many values it takes.
    room: usize,
    takes: fn(&Value) -> bool,
    plant: fn(&mut Exchange, &[Value]),
}

const fn place(name: &'static str, room: usize, plant: fn(&mut Exchange, &[Value])) -> Head {
    Head {
        name,
        room,
        takes: |_| true,
        plant,
    }
}

/// A place for what is left of a value when it is made a name.
const fn name_place(name: &'static str, room: usize, plant: fn(&mut Exchange, &[Value])) -> Head {
    Head {
        takes: |value| value.is_in(&value.as_name()),
        ..place(name, room, plant)
    }
}

/// All of them.
pub(super) fn places() -> Vec<Place> {
    let heads = targets::TARGETS.into_iter().chain(sent::SENT);
    let heads = heads.chain(sent::CREDENTIALS).chain(given::GIVEN);
    heads.chain(OTHERS).map(Place::from).collect()
}

impl From<Head> for Place {
    fn from(head: Head) -> Self {
        Self {
            name: head.name.to_owned(),
            room: head.room,
            takes: head.takes,
            plant: Box::new(head.plant),
        }
    }
}

/// Neither in the target nor among the headers at the start.
const OTHERS: [Head; 5] = [
    Head {
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
];

/// In capitals, as a method has to be, and short enough for one.
fn as_method(value: &Value) -> String {
    let letters = value.text.chars().filter(char::is_ascii_alphabetic);
    letters.take(32).collect::<String>().to_uppercase()
}
