//! What colours mean: the markers that the page's style sheet replaces.
//!
//! People who confuse red and green tell them apart by lightness, and labels say the same again.

use plotters::style::RGBColor;

/// What something drawn stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Bar,
    C2xx,
    C3xx,
    C4xx,
    C5xx,
    Grid,
    Late,
    Memory,
    NoAnswer,
    P50,
    P95,
    P99,
    Planned,
    Sent,
    Text,
}

impl Role {
    /// The colour that the style sheet replaces; readable by itself if that is lost.
    pub(super) fn marker(self) -> RGBColor {
        self.said().1
    }

    /// The class of legends.
    pub(super) fn class(self) -> &'static str {
        self.said().0
    }

    fn said(self) -> (&'static str, RGBColor) {
        match self {
            Self::Bar => ("bar", RGBColor(0x5b, 0x8f, 0xd6)),
            Self::C2xx => ("c2xx", RGBColor(0x7f, 0xb3, 0xe6)),
            Self::C3xx => ("c3xx", RGBColor(0xb9, 0xc4, 0xd3)),
            Self::C4xx => ("c4xx", RGBColor(0xe0, 0xa0, 0x30)),
            Self::C5xx => ("c5xx", RGBColor(0xb3, 0x26, 0x1e)),
            Self::Grid => ("grid", RGBColor(0xe2, 0xe8, 0xf0)),
            Self::Late => ("late", RGBColor(0x5b, 0x70, 0x83)),
            Self::Memory => ("memory", RGBColor(0x2a, 0x7f, 0x8e)),
            Self::NoAnswer => ("none", RGBColor(0x4a, 0x1d, 0x5c)),
            Self::P50 => ("p50", RGBColor(0x2f, 0x6f, 0xd0)),
            Self::P95 => ("p95", RGBColor(0xb8, 0x6e, 0x00)),
            Self::P99 => ("p99", RGBColor(0x8e, 0x24, 0x60)),
            Self::Planned => ("planned", RGBColor(0x94, 0xa3, 0xb8)),
            Self::Sent => ("sent", RGBColor(0x20, 0x6b, 0xc4)),
            Self::Text => ("text", RGBColor(0x64, 0x74, 0x8b)),
        }
    }

    /// The marker as it stands in a drawing.
    #[cfg(test)]
    pub(super) fn hex(self) -> String {
        let RGBColor(red, green, blue) = self.marker();
        format!("#{red:02X}{green:02X}{blue:02X}")
    }

    /// All of them.
    #[cfg(test)]
    pub(super) const ALL: [Self; 15] = [
        Self::Bar,
        Self::C2xx,
        Self::C3xx,
        Self::C4xx,
        Self::C5xx,
        Self::Grid,
        Self::Late,
        Self::Memory,
        Self::NoAnswer,
        Self::P50,
        Self::P95,
        Self::P99,
        Self::Planned,
        Self::Sent,
        Self::Text,
    ];
}
