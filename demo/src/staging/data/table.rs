//! Rows by id, listed in the order they were added.
//!
//! The whole "database" of staging: a list that pages stably while rows come and go.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

/// Something with an id.
pub(crate) trait Row {
    /// The row's own id.
    fn id(&self) -> Uuid;
}

/// Rows of one kind.
pub(crate) struct Table<T> {
    rows: BTreeMap<u64, T>,
    places: HashMap<Uuid, u64>,
    next: u64,
}

impl<T: Row> Table<T> {
    pub(crate) fn insert(&mut self, row: T) {
        self.places.insert(row.id(), self.next);
        self.rows.insert(self.next, row);
        self.next += 1;
    }

    pub(crate) fn get(&self, id: Uuid) -> Option<&T> {
        self.rows.get(self.places.get(&id)?)
    }

    pub(crate) fn get_mut(&mut self, id: Uuid) -> Option<&mut T> {
        self.rows.get_mut(self.places.get(&id)?)
    }

    pub(crate) fn remove(&mut self, id: Uuid) -> Option<T> {
        self.rows.remove(&self.places.remove(&id)?)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.rows.values()
    }

    /// Newest first.
    pub(crate) fn latest(&self) -> impl Iterator<Item = &T> {
        self.rows.values().rev()
    }

    /// Drops the rows for which `gone` holds.
    pub(crate) fn remove_where(&mut self, gone: impl Fn(&T) -> bool) {
        let ids: Vec<Uuid> = self.iter().filter(|row| gone(row)).map(Row::id).collect();
        for id in ids {
            self.remove(id);
        }
    }
}

impl<T: Row> FromIterator<T> for Table<T> {
    fn from_iter<I: IntoIterator<Item = T>>(rows: I) -> Self {
        let mut table = Self {
            rows: BTreeMap::new(),
            places: HashMap::new(),
            next: 0,
        };
        rows.into_iter().for_each(|row| table.insert(row));
        table
    }
}
