//! Everybody's lists. Lists and items have numbers, which count up from a start of the instance's own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

/// All lists.
pub(super) struct Lists {
    lists: BTreeMap<u64, List>,
    next: u64,
}

struct List {
    user: usize,
    title: String,
    items: BTreeMap<u64, Item>,
}

struct Item {
    text: String,
    done: bool,
}

impl Lists {
    /// One with two items for each user.
    pub(super) fn new(users: usize) -> Self {
        let instance = INSTANCES.fetch_add(1, Ordering::Relaxed);
        let mut lists = Self {
            lists: BTreeMap::new(),
            next: 1_000 + APART * instance + rand::random_range(0..APART / 2),
        };
        for user in 0..users {
            let id = lists.add(user, "Groceries");
            lists.add_item(user, id, "Milk");
            lists.add_item(user, id, "Lamp oil");
        }
        lists
    }

    /// What a user's lists are called.
    pub(super) fn all(&self, user: usize) -> Value {
        let own = self.lists.iter().filter(|(_, list)| list.user == user);
        let told = own.map(|(id, list)| json!({ "id": id, "title": list.title }));
        json!({ "lists": told.collect::<Vec<_>>() })
    }

    pub(super) fn add(&mut self, user: usize, title: &str) -> u64 {
        let list = List {
            user,
            title: title.to_owned(),
            items: BTreeMap::new(),
        };
        let id = self.number();
        self.lists.insert(id, list);
        id
    }

    /// A list with its items.
    pub(super) fn one(&self, user: usize, id: u64) -> Option<Value> {
        let list = self.lists.get(&id).filter(|list| list.user == user)?;
        let items: Vec<_> = list
            .items
            .iter()
            .map(|(id, item)| told(*id, item))
            .collect();
        Some(json!({ "id": id, "title": list.title, "items": items }))
    }

    pub(super) fn add_item(&mut self, user: usize, list: u64, text: &str) -> Option<Value> {
        let id = self.number();
        let list = self.lists.get_mut(&list).filter(|it| it.user == user)?;
        let text = text.to_owned();
        let item = Item { text, done: false };
        let answer = told(id, &item);
        list.items.insert(id, item);
        Some(answer)
    }

    pub(super) fn change_item(&mut self, user: usize, id: u64, done: bool) -> Option<Value> {
        let item = self.own_items(user).find_map(|items| items.get_mut(&id))?;
        item.done = done;
        Some(told(id, item))
    }

    /// Whether there was one.
    pub(super) fn remove_item(&mut self, user: usize, id: u64) -> bool {
        self.own_items(user)
            .any(|items| items.remove(&id).is_some())
    }

    fn own_items(&mut self, user: usize) -> impl Iterator<Item = &mut BTreeMap<u64, Item>> {
        let own = self.lists.values_mut().filter(move |it| it.user == user);
        own.map(|list| &mut list.items)
    }

    const fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

fn told(id: u64, item: &Item) -> Value {
    json!({ "id": id, "text": item.text, "done": item.done })
}

/// How many there were in this process.
static INSTANCES: AtomicU64 = AtomicU64::new(0);

/// How far apart their numbers begin at most.
const APART: u64 = 20_000;
