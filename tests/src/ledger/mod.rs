//! The planted ledger: made-up originals of every kind in every place of an exchange, and the
//! search for them in what a proxy leaves behind.
//!
//! [`Ledger::new`] makes the exchanges; [`search::Search`] finds what survived, however it is
//! encoded.

mod bodies;
mod decode;
mod fields;
mod formats;
mod heads;
mod kinds;
pub mod search;
mod sheet;
mod words;

use std::collections::BTreeMap;

use kinds::{KINDS, Kind};
use rand::seq::SliceRandom as _;
use words::Maker;

pub use sheet::{Exchange, Message};

/// All that is planted, and the exchanges in which it is.
pub struct Ledger {
    /// What they are made of; the same seed makes the same ones.
    pub seed: u64,
    /// In the order of their numbers, from 1.
    pub exchanges: Vec<Exchange>,
    /// Every value that may not survive.
    pub planted: Vec<Planted>,
}

/// A value in its place.
pub struct Planted {
    /// What is in it.
    pub value: Value,
    /// Where it is.
    pub place: String,
    /// The exchange's number.
    pub exchange: u32,
}

/// A made-up original.
#[derive(Clone)]
pub struct Value {
    /// What kind of identifier it is.
    pub kind: &'static str,
    /// What a field with it is called.
    pub field: String,
    /// As somebody would write it.
    pub text: String,
    /// What of it would be enough to know it by, the whole text first.
    pub marks: Vec<String>,
}

impl Value {
    fn new(kind: &Kind, field: String, maker: &mut Maker) -> Self {
        let written = (kind.make)(maker);
        let mut marks = written.marks;
        marks.insert(0, written.text.clone());
        Self {
            kind: kind.name,
            field,
            text: written.text,
            marks,
        }
    }

    /// What a name of a header, an element or a host may be made of.
    fn as_name(&self) -> String {
        let mut name: String = self
            .text
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        name.truncate(60);
        name.trim_matches('-').to_owned()
    }

    /// Whether as much of it is left in that as is enough to know it by.
    fn is_in(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.marks
            .iter()
            .any(|mark| text.contains(&mark.to_lowercase()))
    }
}

/// A place for values in an exchange.
struct Place {
    name: String,
    /// How many values it takes.
    room: usize,
    takes: fn(&Value) -> bool,
    plant: Box<dyn Fn(&mut Exchange, &[Value])>,
}

impl Ledger {
    /// Plants values of every kind, and under every name of a field, in every place.
    pub fn new(seed: u64) -> Self {
        let mut ledger = Self {
            seed,
            exchanges: Vec::new(),
            planted: Vec::new(),
        };
        let mut maker = Maker::new(seed);
        for place in heads::places().into_iter().chain(bodies::places()) {
            let values = KINDS
                .iter()
                .map(|kind| Value::new(kind, kind.field.to_owned(), &mut maker));
            let mut values: Vec<_> = values.filter(place.takes).collect();
            // So that neighbours, and who is first in a list, differ from run to run.
            values.shuffle(&mut maker.rng);
            ledger.plant(&place, &values);
        }
        for place in bodies::places_of_fields() {
            let values: Vec<_> = fields::all()
                .map(|(name, like)| Value::new(kinds::of_field(like), name, &mut maker))
                .collect();
            ledger.plant(&place, &values);
        }
        ledger
    }

    fn plant(&mut self, place: &Place, values: &[Value]) {
        for values in values.chunks(place.room) {
            let number = self.exchanges.len() as u32 + 1;
            let mut exchange = Exchange::new(number);
            (place.plant)(&mut exchange, values);
            self.exchanges.push(exchange);
            self.planted.extend(values.iter().map(|value| Planted {
                value: value.clone(),
                place: place.name.clone(),
                exchange: number,
            }));
        }
    }

    /// How many values there are of each kind.
    pub fn kinds(&self) -> BTreeMap<&'static str, usize> {
        let mut kinds = BTreeMap::new();
        for planted in &self.planted {
            *kinds.entry(planted.value.kind).or_default() += 1;
        }
        kinds
    }

    /// How many values there are in each place.
    pub fn places(&self) -> BTreeMap<&str, usize> {
        let mut places = BTreeMap::new();
        for planted in &self.planted {
            *places.entry(planted.place.as_str()).or_default() += 1;
        }
        places
    }
}
