//! Logs in, before the run starts, the sessions that were recorded without their log-in.
//!
//! Outside the measured requests.

use std::fmt;

use bytes::Bytes;
use http::uri::Uri;
use http::{HeaderValue, Request, header};
use http_body_util::Full;
use secrecy::ExposeSecret;

use crate::clock;
use crate::plan::{USER_AGENT, loadtest_path};
use crate::settings::Login;
use crate::slot::{self, Place};
use crate::users::TestUser;

use super::Job;
use super::client::Client;
use super::fill::mark;
use super::tokens::Tokens;

/// Logs an identity in and keeps its token.
pub(super) async fn log_in(
    job: &Job,
    client: &Client,
    tokens: &Tokens,
    identity: u32,
) -> Result<(), LoginFailed> {
    let (Some(login), Some(user)) = (&job.auth.login, job.test_user(identity)) else {
        return Ok(());
    };
    let failed = |reason| LoginFailed {
        route: format!("{} {}", login.method, login.path),
        username: user.username.clone(),
        reason,
    };
    let request = request(job, login, user, identity).ok_or_else(|| failed(Reason::Request))?;
    let outcome = client.send(request, clock::now_ns(), true).await;
    let answer = outcome
        .answer
        .map_err(|failure| failed(Reason::NoAnswer(failure.name())))?;
    if tokens.take(identity, answer.body.as_deref(), &job.auth) {
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
    Request,
    Status(u16),
}

impl fmt::Display for LoginFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` as `{}`: ", self.route, self.username)?;
        match &self.reason {
            Reason::NoAnswer(failure) => write!(f, "no answer ({failure})"),
            Reason::NoToken(place) => write!(f, "no token at `{place}` of the answer"),
            Reason::Refused => f.write_str("answered 403, as it is when LOAD_TEST_KEY is wrong"),
            Reason::Request => f.write_str("it can't be written as an HTTP request"),
            Reason::Status(status) => write!(f, "answered {status}"),
        }
    }
}

fn request(
    job: &Job,
    login: &Login,
    user: &TestUser,
    identity: u32,
) -> Option<Request<Full<Bytes>>> {
    let place = slot::place_in_body(&login.content_type);
    let mut request = Request::new(Full::new(Bytes::from(body(&login.body, user, place))));
    *request.method_mut() = login.method.clone();
    let (path, gated) = loadtest_path(&login.path, job.via_loadtest);
    *request.uri_mut() = format!("{}{path}", job.target.prefix).parse::<Uri>().ok()?;
    let headers = request.headers_mut();
    headers.insert(header::HOST, job.target.host.clone());
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_str(&login.content_type).ok()?,
    );
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    if let Some(address) = job.user(identity).address {
        headers.insert(
            "x-forwarded-for",
            HeaderValue::from_str(&address.to_string()).ok()?,
        );
    }
    for extra in &job.headers {
        headers.insert(extra.name.clone(), extra.value.clone());
    }
    if gated {
        mark(job, headers);
    }
    Some(request)
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
