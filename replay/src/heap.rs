//! A heap by key: whatever has the least key comes out first. Values need no order of their own.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Values by key, the least first.
#[derive(Debug)]
pub(crate) struct Heap<K, V>(BinaryHeap<Reverse<Keyed<K, V>>>);

#[derive(Debug)]
struct Keyed<K, V> {
    key: K,
    value: V,
}

impl<K: Ord, V> Heap<K, V> {
    /// Puts a value in.
    pub(crate) fn push(&mut self, key: K, value: V) {
        self.0.push(Reverse(Keyed { key, value }));
    }

    /// The least key and its value.
    pub(crate) fn peek(&self) -> Option<(&K, &V)> {
        let first = self.0.peek();
        first.map(|Reverse(first)| (&first.key, &first.value))
    }

    /// Takes the value with the least key out, if the key is one of these.
    pub(crate) fn pop_if(&mut self, is_wanted: impl FnOnce(&K) -> bool) -> Option<V> {
        self.peek().filter(|(key, _)| is_wanted(key))?;
        self.pop()
    }

    /// Takes the value with the least key out.
    pub(crate) fn pop(&mut self) -> Option<V> {
        self.0.pop().map(|Reverse(first)| first.value)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl<K: Ord, V> Default for Heap<K, V> {
    fn default() -> Self {
        Self(BinaryHeap::new())
    }
}

impl<K: Ord, V> Ord for Keyed<K, V> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

impl<K: Ord, V> PartialOrd for Keyed<K, V> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K: Ord, V> PartialEq for Keyed<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<K: Ord, V> Eq for Keyed<K, V> {}
