//! Logs in the sessions that were recorded without their log-in.
//!
//! Outside the measured requests.

use std::fmt;

use secrecy::ExposeSecret as _;

use crate::clock;
use crate::plan::{Player, USER_AGENT, address, loadtest_path};
use crate::settings::Login;
use crate::slot::{self, Place};
use crate::users::TestUser;

use super::Job;
use super::client::{Client, EVERYBODY};
use super::fill::{append, mark};
use super::outcome::{KEPT_BODY, Outgoing, Payload};
use super::players::Players;

/// Logs a player in and keeps its token.
pub(super) async fn log_in(
    job: &Job,
    client: &Client,
    players: &Players,
    player: &Player,
) -> Result<(), LoginFailed> {
    let user = job.pool.users.get(player.test_user);
    let (Some(login), Some(user)) = (&job.auth.login, user) else {
        return Ok(());
    };
    let failed = |reason| LoginFailed {
        route: format!("{} {}", login.method, login.path),
        username: user.username.clone(),
        reason,
    };
    let head = request(job, login, user, player);
    let request = Outgoing {
        head: &head,
        body: Payload::Bytes(&[]),
        is_head: false,
        is_idempotent: false,
        keep: KEPT_BODY,
    };
    let outcome = client.send(EVERYBODY, request, clock::now_ns()).await;
    let answer = outcome
        .answer
        .map_err(|failure| failed(Reason::NoAnswer(failure.name())))?;
    if players.take(player.identity, &answer.body, &job.auth) {
        return Ok(());
    }
    Err(failed(match answer.status {
        200..300 => Reason::NoToken(job.auth.token.to_string()),
        403 if job.via_loadtest => Reason::Refused,
        status => Reason::Status(status),
    }))
}

/// A log-in that brought no token.
#[derive(Debug)]
pub(crate) struct LoginFailed {
    route: String,
    username: String,
    reason: Reason,
}

#[derive(Debug)]
enum Reason {
    NoAnswer(&'static str),
    NoToken(String),
    Refused,
    Status(u16),
}

impl fmt::Display for LoginFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` as `{}`: ", self.route, self.username)?;
        match &self.reason {
            Reason::NoAnswer(failure) => write!(f, "no answer ({failure})"),
            Reason::NoToken(place) => write!(f, "no token at `{place}` of the answer"),
            Reason::Refused => f.write_str("answered 403, as it is when LOAD_TEST_KEY is wrong"),
            Reason::Status(status) => write!(f, "answered {status}"),
        }
    }
}

/// The whole request, as HTTP/1.1 writes it.
fn request(job: &Job, login: &Login, user: &TestUser, player: &Player) -> Vec<u8> {
    let place = slot::place_in_body(&login.content_type);
    let body = body(&login.body, user, place);
    let (path, gated) = loadtest_path(&login.path, job.via_loadtest);
    let mut out = Vec::new();
    let prefix = &job.target.prefix;
    append(
        &mut out,
        format_args!("{} {prefix}{path} HTTP/1.1\r\n", login.method),
    );
    line(&mut out, "host", job.target.host.as_bytes());
    line(&mut out, "content-type", login.content_type.as_bytes());
    line(&mut out, "user-agent", USER_AGENT.as_bytes());
    if let Some(address) = job
        .addresses
        .and_then(|range| address(range, player.player))
    {
        line(&mut out, "x-forwarded-for", address.to_string().as_bytes());
    }
    for extra in &job.headers {
        line(&mut out, extra.name.as_str(), extra.value.as_bytes());
    }
    if gated {
        mark(job, &mut out);
    }
    line(
        &mut out,
        "content-length",
        body.len().to_string().as_bytes(),
    );
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body.as_bytes());
    out
}

fn line(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        out.extend_from_slice(part);
    }
}

fn body(template: &str, user: &TestUser, place: Place) -> String {
    // The password goes in last: nothing of it is taken for a hole.
    let (before, after) = template
        .split_once("{{password}}")
        .unwrap_or((template, ""));
    let username = slot::encode(&user.username, place);
    let fill = |text: &str| text.replace("{{username}}", &username);
    let password = if template.contains("{{password}}") {
        slot::encode(user.password.expose_secret(), place)
    } else {
        "".into()
    };
    format!("{}{password}{}", fill(before), fill(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_filled_and_encoded() {
        let user = TestUser {
            username: "a\"{{password}}".to_owned(),
            password: "p&{{username}}".to_owned().into(),
            role: String::new(),
        };
        let json = r#"{"username":"{{username}}","password":"{{password}}"}"#;
        assert_eq!(
            body(json, &user, Place::Json),
            r#"{"username":"a\"{{password}}","password":"p&{{username}}"}"#
        );
        assert_eq!(
            body("u={{username}}&p={{password}}", &user, Place::Form),
            "u=a%22%7B%7Bpassword%7D%7D&p=p%26%7B%7Busername%7D%7D"
        );
    }
}
