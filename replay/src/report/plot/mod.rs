//! The report's plots, as SVG that takes its colours from the page.
//!
//! What is drawn is said in shapes of numbers (`course.rs`, `outcomes.rs`, `distribution.rs`); `draw.rs` is all
//! that knows plotters. Every colour is a marker that the page's style sheet replaces, so that one
//! drawing serves light, dark and paper.

mod axis;
mod course;
mod distribution;
mod draw;
mod outcomes;
mod palette;
mod thin;

pub(super) use self::course::{lateness, memory, rate, response};
pub(super) use self::distribution::distribution;
pub(super) use self::draw::PlotError;
pub(super) use self::outcomes::{outcomes, troubles};

use self::axis::Axis;
use self::draw::Shape;
use self::palette::Role;

/// A drawing with what explains it.
pub(super) struct Plot {
    /// Its name in the page.
    pub(super) name: &'static str,
    /// What it shows.
    pub(super) title: &'static str,
    /// What its colours mean, in the order in which they are drawn from the top.
    pub(super) keys: Vec<Key>,
    /// What was left out, where the run was too long to draw each second.
    pub(super) note: Option<String>,
    /// The drawing.
    pub(super) svg: String,
}

/// A colour and what it means.
pub(super) struct Key {
    /// The class of the page's style sheet.
    pub(super) class: &'static str,
    /// What it means.
    pub(super) label: String,
}

impl Key {
    fn new(role: Role, label: impl Into<String>) -> Self {
        Self {
            class: role.class(),
            label: label.into(),
        }
    }
}

/// What a plot says of itself before it is drawn.
struct About {
    name: &'static str,
    title: &'static str,
    /// The same in numbers, for those who do not see it.
    about: String,
    keys: Vec<Key>,
    note: Option<String>,
}

impl About {
    fn drawn(self, axes: [&Axis; 2], shapes: &[Shape]) -> Result<Plot, PlotError> {
        let svg = draw::svg(axes, shapes)?;
        Ok(Plot {
            svg: draw::described(&svg, self.name, self.title, &self.about),
            name: self.name,
            title: self.title,
            keys: self.keys,
            note: self.note,
        })
    }
}

/// The class of each role in the page's style sheet, and the colour that it replaces.
#[cfg(test)]
pub(super) fn markers() -> impl Iterator<Item = (&'static str, String)> {
    Role::ALL.into_iter().map(|role| (role.class(), role.hex()))
}

#[cfg(test)]
mod tests;
