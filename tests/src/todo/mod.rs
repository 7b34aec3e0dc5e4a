//! A to-do service, quite unlike staging: a log-in by form, a session in cookies, numbers for ids.
//!
//! One thread a connection; everything is in memory.

mod answer;
pub mod browser;
mod lists;
mod service;
mod sessions;
pub mod users;

use std::fs;
use std::io::{self, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use toml::{Table, Value};

use self::service::Service;
use crate::message::Message;
use crate::project;

/// A running service; it ends with the process.
///
/// - `GET /login` a page with a form; `POST /login` takes it: 303, and a cookie `sid`
/// - `GET /lists` the user's own; sets a cookie `csrf_token` for `/lists` and what is below
/// - `POST /lists`, `POST /lists/{id}/items` in JSON, with that token in `X-CSRF-Token`, else 403
/// - `GET /lists/{id}`, `PATCH /items/{id}`, `DELETE /items/{id}`
/// - `POST /logout`: 303
///
/// 401 without a session, 404 for what is unknown or somebody else's, 400 for a `csrf_token` that
/// comes where its path does not lead. In the second half of a session's life answers give it another
/// `sid`; the one before is good to its own end.
pub struct Todo {
    /// Where it listens.
    pub address: String,
}

/// Somebody who may log in. Everybody has a list with two items to begin with.
#[derive(Clone, Debug)]
pub struct User {
    /// The name to log in with.
    pub name: String,
    /// The password.
    pub password: String,
}

impl Todo {
    /// Starts one on a free port, whose sessions live for `life` after they were last renewed. No two
    /// of a process have an id in common, unless one makes ten thousand.
    pub fn start(users: &[User], life: Duration) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let service = Arc::new(Service::new(users, life));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let service = Arc::clone(&service);
                // Whoever is at the other end finds out by itself that a connection broke.
                thread::spawn(move || drop(serve(stream, &service)));
            }
        });
        Ok(Self { address })
    }
}

impl User {
    /// So many of them, with made-up names and passwords.
    pub fn some(count: usize) -> Vec<Self> {
        let user = |number| Self {
            name: format!("wanda.thistlewood.{number}"),
            password: format!("correct-horse-{number}-staple"),
        };
        (1..=count).map(user).collect()
    }
}

/// A policy for it: the generic one, told of the service's own words, and that its session cookie
/// proves who the client is. That a cookie called `sid` does is nothing that holds for every
/// application, so the generic one takes it for a session's name.
pub fn policy() -> Result<String> {
    let generic = fs::read_to_string(project().join("config/anonymize-generic.toml"))?;
    let mut policy: Table = generic.parse()?;
    let templates = ["/items/{id}", "/lists", "/lists/{id}", "/lists/{id}/items"];
    list(&mut policy["paths"], "templates")?.extend(templates.map(Value::from));
    list(&mut policy["keys"], "keep")?.extend(["done", "lists"].map(Value::from));
    let rules = policy["field"].as_array_mut().context("no rules")?;
    for rule in rules {
        let kind = rule["kind"].as_str().unwrap_or_default().to_owned();
        let names = list(rule, "names")?;
        match kind.as_str() {
            "session" => names.retain(|name| name.as_str() != Some("sid")),
            "credential" => names.push("sid".into()),
            _ => {}
        }
    }
    Ok(toml::to_string(&policy)?)
}

fn list<'a>(table: &'a mut Value, name: &str) -> Result<&'a mut Vec<Value>> {
    let list = table.get_mut(name).and_then(Value::as_array_mut);
    list.with_context(|| format!("the generic policy has no `{name}`"))
}

fn serve(stream: TcpStream, service: &Service) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(request) = Message::read(&mut stream)? {
        let answer = service.answer(&request);
        stream.get_mut().write_all(&answer.bytes())?;
        if request.header("connection") == Some("close") {
            break;
        }
    }
    Ok(())
}
