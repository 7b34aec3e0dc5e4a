//! Users at work on their lists, each in a browser of its own, all at once.
//!
//! What they do follows from the seed; when answers come does not.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use super::User;
use super::browser::Browser;
use crate::message::Message;

/// How often each status was answered.
pub type Statuses = BTreeMap<u16, u64>;

/// Lets each user log in, work for so many rounds, and log out.
pub fn work(address: &str, users: &[User], rounds: usize, seed: u64) -> Result<Statuses> {
    let work = |(number, user): (u64, &User)| {
        let rng = Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_mul(1_000).wrapping_add(number));
        let mut at_work = AtWork {
            browser: Browser::new(address),
            user: user.clone(),
            rng,
            statuses: Statuses::new(),
        };
        thread::spawn(move || at_work.rounds(rounds).map(|()| at_work.statuses))
    };
    let threads: Vec<_> = (0..).zip(users).map(work).collect();
    let mut all = Statuses::new();
    for thread in threads {
        let statuses = thread
            .join()
            .map_err(|_panic| anyhow!("a user panicked"))??;
        for (status, times) in statuses {
            *all.entry(status).or_default() += times;
        }
    }
    Ok(all)
}

struct AtWork {
    browser: Browser,
    user: User,
    rng: Xoshiro256PlusPlus,
    statuses: Statuses,
}

impl AtWork {
    fn rounds(&mut self, rounds: usize) -> Result<()> {
        self.log_in()?;
        for _ in 0..rounds {
            let lists = self.call("GET", "/lists", None)?;
            if self.rng.random_ratio(1, 3) {
                self.begin_list()?;
            } else {
                self.go_on(&lists)?;
            }
        }
        self.call("POST", "/logout", None)?;
        Ok(())
    }

    fn log_in(&mut self) -> Result<()> {
        self.take("GET", "/login", &[], "")?;
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let (name, password) = (encode(&self.user.name), encode(&self.user.password));
        let form = format!("username={name}&password={password}");
        let kind = "Content-Type: application/x-www-form-urlencoded";
        let lists = self.take("POST", "/login", &[kind], &form)?;
        ensure!(lists.word(1) == "200", "{} cannot log in", self.user.name);
        Ok(())
    }

    /// A new list, with two items, of which one is done at once.
    fn begin_list(&mut self) -> Result<()> {
        let title = TITLES[self.rng.random_range(0..TITLES.len())];
        let list = self.call("POST", "/lists", Some(json!({ "title": title })))?;
        let path = format!("/lists/{}", id(&list)?);
        let item = self.add_item(&path)?;
        self.add_item(&path)?;
        self.call("GET", &path, None)?;
        self.set_done(id(&item)?)
    }

    /// One of the lists there are: one of its items is done, another one new or gone.
    fn go_on(&mut self, lists: &Value) -> Result<()> {
        let list = self.one_of(&lists["lists"]).context("no lists")?;
        let path = format!("/lists/{}", id(&list)?);
        let list = self.call("GET", &path, None)?;
        match self.one_of(&list["items"]) {
            Some(item) if self.rng.random_ratio(1, 4) => {
                self.call("DELETE", &format!("/items/{}", id(&item)?), None)?;
            }
            Some(item) => self.set_done(id(&item)?)?,
            None => {}
        }
        self.add_item(&path).map(drop)
    }

    fn add_item(&mut self, list: &str) -> Result<Value> {
        let text = TEXTS[self.rng.random_range(0..TEXTS.len())];
        let path = format!("{list}/items");
        self.call("POST", &path, Some(json!({ "text": text })))
    }

    fn set_done(&mut self, item: u64) -> Result<()> {
        let path = format!("/items/{item}");
        let done = json!({ "done": self.rng.random_bool(0.8) });
        self.call("PATCH", &path, Some(done)).map(drop)
    }

    /// A request of the page's script, as JSON; whose session is over logs in and tries again.
    fn call(&mut self, method: &str, path: &str, body: Option<Value>) -> Result<Value> {
        let mut answer = self.ask(method, path, body.as_ref())?;
        if answer.word(1) == "401" {
            self.log_in()?;
            answer = self.ask(method, path, body.as_ref())?;
        }
        Ok(serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    fn ask(&mut self, method: &str, path: &str, body: Option<&Value>) -> Result<Message> {
        let Some(body) = body else {
            return self.take(method, path, &[], "");
        };
        let token = self.browser.cookie("csrf_token").unwrap_or_default();
        let token = format!("X-CSRF-Token: {token}");
        let kind = "Content-Type: application/json";
        let headers = match path {
            path if path.starts_with("/lists") => &[kind, &token][..],
            _ => &[kind],
        };
        self.take(method, path, headers, &body.to_string())
    }

    /// A request after a short pause; goes where the answer leads.
    fn take(&mut self, method: &str, path: &str, headers: &[&str], body: &str) -> Result<Message> {
        thread::sleep(Duration::from_millis(self.rng.random_range(2..12)));
        let answer = self.browser.send(method, path, headers, body)?;
        let status = answer.word(1).parse()?;
        *self.statuses.entry(status).or_default() += 1;
        match answer.header("location") {
            Some(path) if status == 303 => self.take("GET", path, &[], ""),
            _ => Ok(answer),
        }
    }

    fn one_of(&mut self, items: &Value) -> Option<Value> {
        let items = items.as_array().filter(|items| !items.is_empty())?;
        items.get(self.rng.random_range(0..items.len())).cloned()
    }
}

fn id(thing: &Value) -> Result<u64> {
    let id = thing["id"].as_u64();
    id.with_context(|| format!("no id in {thing}"))
}

const TITLES: [&str; 3] = [
    "Divorce papers",
    "Surprise for Ottoline",
    "Before the biopsy",
];
const TEXTS: [&str; 4] = [
    "Call the lawyer about the house",
    "Hide the ring in the tool shed",
    "Ask Dr. Featherstonehaugh for the results",
    "Sell the motorcycle to Barnaby",
];
