//! A map that is bounded by forgetting what was not used of late.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

/// Two halves: when the newer one is full, the older one is forgotten and the newer one is the
/// older from then on. What is used moves to the newer half.
pub(crate) struct Recent<K, V, S> {
    newer: HashMap<K, V, S>,
    older: HashMap<K, V, S>,
    /// What a value weighs.
    weigh: fn(&V) -> usize,
    /// What the values of the newer half weigh.
    weight: usize,
    /// What either half may weigh.
    half: usize,
}

impl<K: Hash + Eq, V, S: BuildHasher + Clone + Default> Recent<K, V, S> {
    /// Empty, for values that weigh no more than `most` together. Those that are used stay as long
    /// as they weigh no more than half of it.
    pub(crate) fn new(most: usize, weigh: fn(&V) -> usize) -> Self {
        let hasher = S::default();
        Self {
            newer: HashMap::with_hasher(hasher.clone()),
            older: HashMap::with_hasher(hasher),
            weigh,
            weight: 0,
            half: most / 2,
        }
    }

    /// The value of a key, without its being used.
    pub(crate) fn peek<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.newer.get(key).or_else(|| self.older.get(key))
    }

    /// The value of a key.
    pub(crate) fn get<Q>(&mut self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        if let Some((key, value)) = self.older.remove_entry(key) {
            self.put(key, value);
        }
        self.newer.get(key)
    }

    /// Sets the value of a key.
    pub(crate) fn put(&mut self, key: K, value: V) {
        self.take(&key);
        let added = (self.weigh)(&value);
        if self.weight + added > self.half {
            self.older.clear();
            std::mem::swap(&mut self.newer, &mut self.older);
            self.weight = 0;
        }
        self.weight += added;
        self.newer.insert(key, value);
    }

    /// Takes the value of a key out.
    pub(crate) fn take<Q>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let Some(value) = self.newer.remove(key) else {
            return self.older.remove(key);
        };
        self.weight -= (self.weigh)(&value);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::hash_map::RandomState;

    use proptest::collection;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::*;

    const fn one(_: &u32) -> usize {
        1
    }

    #[test]
    fn what_is_used_stays() {
        let mut map = Recent::<u32, u32, RandomState>::new(8, one);
        for key in 0..1000 {
            map.put(key, key);
            assert_eq!(map.get(&0).copied(), Some(0), "{key}");
        }
        assert_eq!(map.peek(&500), None);
        assert_eq!(map.peek(&999), Some(&999));
    }

    proptest! {
        #[test]
        fn it_is_bounded_and_never_wrong(
            keys in collection::vec((0..40_u32, any::<bool>()), 0..400),
            most in 2..30_usize,
        ) {
            let mut map = Recent::<u32, u32, RandomState>::new(most, one);
            let mut last = HashMap::new();
            for (place, (key, put)) in keys.into_iter().enumerate() {
                if put {
                    let value = u32::try_from(place).unwrap();
                    map.put(key, value);
                    last.insert(key, value);
                    prop_assert_eq!(map.peek(&key), Some(&value));
                } else if let Some(found) = map.get(&key) {
                    prop_assert_eq!(Some(found), last.get(&key));
                }
                prop_assert!(map.newer.len() + map.older.len() <= most.max(2));
                prop_assert!(map.newer.keys().all(|key| !map.older.contains_key(key)));
            }
        }
    }
}
