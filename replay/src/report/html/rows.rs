//! Tables of a page that have too many rows for one.

/// Rows of a table, and how many there are beyond.
pub(super) struct Rows<T> {
    /// The first ones.
    pub(super) rows: Vec<T>,
    /// How many more are in `summary.json`.
    pub(super) more: usize,
}

impl<T> Rows<T> {
    /// The first rows of all.
    pub(super) fn of(all: impl ExactSizeIterator<Item = T>) -> Self {
        Self::first(MOST, all)
    }

    /// So many of all.
    pub(super) fn first(most: usize, all: impl ExactSizeIterator<Item = T>) -> Self {
        let more = all.len().saturating_sub(most);
        Self {
            rows: all.take(most).collect(),
            more,
        }
    }

    /// Whether there is nothing to tell.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// More than anybody reads, and few enough for a page of some hundred kilobytes.
const MOST: usize = 300;
