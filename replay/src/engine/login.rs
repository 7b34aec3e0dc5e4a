//! Logs in, and refreshes tokens, where the capture does not.
//!
//! Outside the measured requests.

use std::fmt;

use http::{HeaderValue, header};
use secrecy::ExposeSecret as _;

use crate::clock;
use crate::locator::Seen;
use crate::plan::{Player, USER_AGENT, address, loadtest_path};
use crate::settings::AuthRequest;
use crate::slot::{self, Place};

use super::Job;
use super::client::{Client, EVERYBODY};
use super::fill::{append, mark};
use super::memory::Memory;
use super::outcome::{Keep, Outgoing, Payload, header_line};

/// Gets a player a new token for its old one, if that is how it is done and can be.
pub(super) async fn refresh(
    job: &Job,
    client: &Client,
    memory: &Memory,
    player: &Player,
) -> Option<Result<(), LoginFailed>> {
    let refresh = job.auth.refresh.as_ref()?;
    let has_token = memory
        .players
        .refresh(player.identity, |_token| ())
        .is_some();
    if refresh.body.contains(REFRESH) && !has_token {
        return None;
    }
    Some(ask(job, client, memory, player, refresh).await)
}

/// Sends a log-in or a refresh for a player, and keeps its token, and the cookies that its session got.
pub(super) async fn ask(
    job: &Job,
    client: &Client,
    memory: &Memory,
    player: &Player,
    what: &AuthRequest,
) -> Result<(), LoginFailed> {
    let Some(user) = job.pool.users.get(player.test_user) else {
        return Ok(());
    };
    let failed = |reason| LoginFailed {
        route: format!("{} {}", what.method, what.path),
        username: user.username.clone(),
        reason,
    };
    let head = Writing {
        job,
        memory,
        player,
    }
    .request(what);
    let request = Outgoing {
        head: &head,
        body: Payload::Bytes(&[]),
        is_head: false,
        is_idempotent: false,
        keep: Keep::ALL,
    };
    let outcome = client.send(EVERYBODY, request, clock::now_ns()).await;
    let answer = outcome
        .answer
        .map_err(|failure| failed(Reason::NoAnswer(failure.name())))?;
    let seen = Seen::of(&answer.head, &answer.body);
    memory.take_cookies(job.place_of(player.session), &what.path, &seen);
    let now_ns = clock::now_ns();
    if memory
        .players
        .take(player.identity, &seen, &job.auth, now_ns)
    {
        return Ok(());
    }
    Err(failed(match answer.status {
        200..400 => Reason::NoToken(job.auth.token.to_string()),
        403 if job.via_loadtest => Reason::Refused,
        status => Reason::Status(status),
    }))
}

/// A log-in or refresh that brought no token.
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

/// A request that the capture does not have.
struct Writing<'a> {
    job: &'a Job,
    memory: &'a Memory,
    player: &'a Player,
}

impl Writing<'_> {
    /// The whole of it, as HTTP/1.1 writes it.
    fn request(&self, what: &AuthRequest) -> Vec<u8> {
        let job = self.job;
        let body = self.body(&what.body, slot::place_in_body(&what.content_type));
        let (path, gated) = loadtest_path(&what.path, job.via_loadtest);
        let mut out = Vec::new();
        let prefix = &job.target.prefix;
        append(
            &mut out,
            format_args!("{} {prefix}{path} HTTP/1.1\r\n", what.method),
        );
        header_line(&mut out, b"host", job.target.host.as_bytes());
        header_line(&mut out, b"content-type", what.content_type.as_bytes());
        header_line(&mut out, b"user-agent", USER_AGENT.as_bytes());
        let address = job
            .addresses
            .and_then(|range| address(range, self.player.player));
        if let Some(address) = address {
            header_line(&mut out, b"x-forwarded-for", address.to_string().as_bytes());
        }
        for extra in &job.headers {
            header_line(
                &mut out,
                extra.name.as_str().as_bytes(),
                extra.value.as_bytes(),
            );
        }
        self.credentials(what, &mut out);
        if gated {
            mark(job, &mut out);
        }
        header_line(
            &mut out,
            b"content-length",
            body.len().to_string().as_bytes(),
        );
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(body.as_bytes());
        out
    }

    /// What the session has by now: its cookies, and for a refresh its token where that is sent some
    /// other way. A log-in with a token that is over would be refused by some.
    fn credentials(&self, what: &AuthRequest, out: &mut Vec<u8>) {
        let (job, memory) = (self.job, self.memory);
        let session = job.place_of(self.player.session);
        if let Some(cookies) = memory.all_cookies(session, &what.path, job.is_secure())
            && HeaderValue::from_str(&cookies).is_ok()
        {
            header_line(out, b"cookie", cookies.as_bytes());
        }
        let is_refresh = what.body.contains(REFRESH) || !what.body.contains(PASSWORD);
        if is_refresh
            && let Some(sends) = &job.auth.sends
            && sends.header != header::COOKIE
            && let Some(value) = memory
                .players
                .access(self.player.identity, |it| sends.value(it))
            && HeaderValue::from_str(&value).is_ok()
        {
            header_line(out, sends.header.as_str().as_bytes(), value.as_bytes());
        }
    }

    /// The body with its holes filled. What fills one is never taken for a hole.
    fn body(&self, template: &str, place: Place) -> String {
        let mut rest = template;
        let mut out = String::new();
        while let Some((at, hole)) = first_hole(rest) {
            out.push_str(&rest[..at]);
            self.fill(hole, place, &mut out);
            rest = &rest[at + hole.len()..];
        }
        out + rest
    }

    fn fill(&self, hole: &str, place: Place, out: &mut String) {
        let mut put = |value: &str| out.push_str(&slot::encode(value, place));
        let user = &self.job.pool.users[self.player.test_user];
        match hole {
            USERNAME => put(&user.username),
            PASSWORD => put(user.password.expose_secret()),
            _ => {
                let _there = self.memory.players.refresh(self.player.identity, put);
            }
        }
    }
}

fn first_hole(text: &str) -> Option<(usize, &'static str)> {
    let found = [USERNAME, PASSWORD, REFRESH].into_iter();
    let found = found.filter_map(|hole| Some((text.find(hole)?, hole)));
    found.min()
}

const USERNAME: &str = "{{username}}";
const PASSWORD: &str = "{{password}}";
const REFRESH: &str = "{{refresh}}";
