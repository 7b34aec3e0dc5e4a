//! From a request to its answer.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::User;
use super::answer::Answer;
use super::lists::Lists;
use super::sessions::{Session, Sessions};
use crate::message::Message;

/// What all connections share.
pub(super) struct Service {
    users: Vec<User>,
    sessions: Mutex<Sessions>,
    lists: Mutex<Lists>,
}

impl Service {
    pub(super) fn new(users: &[User], life: Duration) -> Self {
        Self {
            users: users.to_vec(),
            sessions: Mutex::new(Sessions::new(life)),
            lists: Mutex::new(Lists::new(users.len())),
        }
    }

    pub(super) fn answer(&self, request: &Message) -> Answer {
        match (request.word(0), request.word(1)) {
            ("GET", "/login") => Answer::page("200 OK", FORM),
            ("POST", "/login") => self.log_in(request),
            _ => {
                let value = cookie(request, "sid").unwrap_or_default();
                let session = lock(&self.sessions).find(value);
                match session {
                    Some(session) => self.answer_user(request, session),
                    None => Answer::refusal("401 Unauthorized", "log in first"),
                }
            }
        }
    }

    fn log_in(&self, request: &Message) -> Answer {
        let (name, password) = (field(request, "username"), field(request, "password"));
        let mut users = self.users.iter();
        let found = users.position(|it| (&it.name, &it.password) == (&name, &password));
        match found {
            Some(user) => {
                let value = lock(&self.sessions).begin(user);
                Answer::see("/lists").with("Set-Cookie", &sid(&value))
            }
            None => Answer::page("401 Unauthorized", "<p>Nobody of that name and password."),
        }
    }

    fn answer_user(&self, request: &Message, mut session: Session) -> Answer {
        let renewed = session.renewed.take();
        let answer = self.route(request, &session);
        match renewed {
            Some(value) => answer.with("Set-Cookie", &sid(&value)),
            None => answer,
        }
    }

    fn route(&self, request: &Message, session: &Session) -> Answer {
        let path: Vec<&str> = request.word(1).split('/').skip(1).collect();
        let token = cookie(request, "csrf_token");
        if token.is_some() && path[0] != "lists" {
            return Answer::refusal("400 Bad Request", "a cookie strayed from its path");
        }
        let is_forged = request.header("x-csrf-token") != Some(session.token.as_str());
        let user = session.user;
        let mut lists = lock(&self.lists);
        match (request.word(0), path.as_slice()) {
            ("GET", ["lists"]) => {
                let answer = Answer::json("200 OK", &lists.all(user));
                if token == Some(session.token.as_str()) {
                    return answer;
                }
                let cookie = format!("csrf_token={}; Path=/lists", session.token);
                answer.with("Set-Cookie", &cookie)
            }
            ("POST", ["lists", ..]) if is_forged => {
                Answer::refusal("403 Forbidden", "the token is missing or wrong")
            }
            ("POST", ["lists"]) => {
                let title = sent(request)["title"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                let id = lists.add(user, &title);
                Answer::json("201 Created", &json!({ "id": id, "title": title }))
            }
            ("GET", ["lists", id]) => found("200 OK", lists.one(user, number(id))),
            ("POST", ["lists", id, "items"]) => {
                let sent = sent(request);
                let text = sent["text"].as_str().unwrap_or_default();
                found("201 Created", lists.add_item(user, number(id), text))
            }
            ("PATCH", ["items", id]) => {
                let done = sent(request)["done"] == true;
                found("200 OK", lists.change_item(user, number(id), done))
            }
            ("DELETE", ["items", id]) if lists.remove_item(user, number(id)) => {
                Answer::bare("204 No Content")
            }
            ("POST", ["logout"]) => {
                lock(&self.sessions).end(session);
                Answer::see("/login").with("Set-Cookie", "sid=; Path=/; Max-Age=0")
            }
            _ => found("", None),
        }
    }
}

fn found(status: &'static str, body: Option<Value>) -> Answer {
    match body {
        Some(body) => Answer::json(status, &body),
        None => Answer::refusal("404 Not Found", "nothing of yours is here"),
    }
}

fn sid(value: &str) -> String {
    format!("sid={value}; Path=/; HttpOnly")
}

/// An id in a path; none has the number 0.
fn number(text: &str) -> u64 {
    text.parse().unwrap_or(0)
}

fn sent(request: &Message) -> Value {
    serde_json::from_slice(&request.body).unwrap_or_default()
}

/// A field of a form.
fn field(request: &Message, name: &str) -> String {
    let form = String::from_utf8_lossy(&request.body).replace('+', " ");
    let mut pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.find(|(known, _)| *known == name);
    let value = value.map_or("", |(_, value)| value);
    percent_decode_str(value).decode_utf8_lossy().into_owned()
}

fn cookie<'r>(request: &'r Message, name: &str) -> Option<&'r str> {
    let mut cookies = request.all("cookie").flat_map(|line| line.split("; "));
    cookies.find_map(|cookie| cookie.strip_prefix(name)?.strip_prefix('='))
}

/// A thread that panicked leaves what it had done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const FORM: &str = "<form method=\"post\"><input name=\"username\"><input name=\"password\" \
                    type=\"password\"><button>Log in</button></form>";
