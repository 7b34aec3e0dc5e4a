//! Posts a short message to the webhook that `REPLAY_SLACK_WEBHOOK` names.
//!
//! Who knows the URL can post, so it comes from the environment alone and is in no message, not
//! even in one of the HTTP library. Nothing that goes wrong here changes how the run ended.

use std::env;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use secrecy::{ExposeSecret as _, SecretString};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Proxy};
use url::{Host, Url};

use crate::console;
use crate::report::slack::message;
use crate::summary::Summary;

/// Posts how the run went, where a webhook is named.
pub(crate) fn tell(summary: &Summary) {
    let webhook = env::var(WEBHOOK).ok().filter(|url| !url.is_empty());
    let Some(webhook) = webhook.map(SecretString::from) else {
        return;
    };
    let message = message(summary, link().as_deref());
    if let Err(error) = post(&webhook, &message, TIMEOUT) {
        console::warning(&format_args!("no message was posted to {WEBHOOK}: {error}"));
    }
}

/// Where the CI run is seen, where this is one.
fn link() -> Option<String> {
    let of = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let (server, repository) = (of("GITHUB_SERVER_URL")?, of("GITHUB_REPOSITORY")?);
    Some(format!(
        "{server}/{repository}/actions/runs/{}",
        of("GITHUB_RUN_ID")?
    ))
}

fn post(webhook: &SecretString, message: &str, timeout: Duration) -> Result<(), Unposted> {
    let url = Url::parse(webhook.expose_secret()).map_err(|_error| Unposted::Insecure)?;
    let is_here = is_here(&url);
    if url.scheme() != "https" && !is_here {
        return Err(Unposted::Insecure);
    }
    let config = Agent::config_builder()
        .timeout_global(Some(timeout))
        .max_redirects(0)
        .proxy(if is_here { None } else { Proxy::try_from_env() })
        .tls_config(tls());
    let agent = config.build().new_agent();
    let request = agent.post(url.as_str()).content_type("application/json");
    let status = request.send(message)?.status();
    match status.is_success() {
        true => Ok(()),
        false => Err(Unposted::Refused(status.as_u16())),
    }
}

/// Whether it is on this machine, where nobody listens in between.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(v4)) => v4.is_loopback(),
        Some(Host::Ipv6(v6)) => v6.is_loopback(),
        None => false,
    }
}

/// Believes the system's authorities.
fn tls() -> TlsConfig {
    let found = rustls_native_certs::load_native_certs().unwrap_or_default();
    let roots = found.iter().map(|it| Certificate::from_der(it).to_owned());
    TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(roots.collect())))
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
        .build()
}

/// Why a message was not posted, without a word of where to.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Unposted {
    /// Its certificate is not one to be believed.
    #[error("TLS could not be agreed on")]
    Distrusted,
    /// The URL is none that can be kept secret.
    #[error("it is no https URL")]
    Insecure,
    /// It answered with another status.
    #[error("it answered with {0}")]
    Refused(u16),
    /// It took too long.
    #[error("it did not answer in time")]
    TimedOut,
    /// There is no connection.
    #[error("it cannot be reached ({0})")]
    Unreachable(io::ErrorKind),
}

impl From<ureq::Error> for Unposted {
    fn from(error: ureq::Error) -> Self {
        match error {
            ureq::Error::StatusCode(status) => Self::Refused(status),
            ureq::Error::Timeout(_) => Self::TimedOut,
            ureq::Error::Tls(_) | ureq::Error::Rustls(_) => Self::Distrusted,
            ureq::Error::HostNotFound => Self::Unreachable(io::ErrorKind::NotFound),
            // An error of TLS can come as one of the socket.
            ureq::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                Self::Distrusted
            }
            ureq::Error::Io(error) => Self::Unreachable(error.kind()),
            _ => Self::Unreachable(io::ErrorKind::Other),
        }
    }
}

/// Where the webhook's URL is.
const WEBHOOK: &str = "REPLAY_SLACK_WEBHOOK";

const TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::mpsc::{self, Receiver};
    use std::thread;

    use super::*;
    use crate::report::sample::judged;

    /// A webhook that answers one request like this, and tells its head and its body.
    fn webhook(answer: &'static str) -> (SecretString, Receiver<(String, String)>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/services/SECRET", listener.local_addr().unwrap());
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut head = String::new();
            while reader.read_line(&mut head).unwrap() > 2 {}
            let lower = head.to_ascii_lowercase();
            let length = lower
                .lines()
                .find_map(|it| it.strip_prefix("content-length: "));
            let mut body = vec![0; length.unwrap().parse().unwrap()];
            reader.read_exact(&mut body).unwrap();
            tell.send((lower, String::from_utf8(body).unwrap()))
                .unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        (SecretString::from(url), told)
    }

    #[test]
    fn the_message_is_posted_as_json() {
        let (url, told) = webhook("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        let message = message(&judged(), None);
        post(&url, &message, TIMEOUT).unwrap();
        let (head, body) = told.recv().unwrap();
        assert!(
            head.starts_with("post /services/secret http/1.1\r\n"),
            "{head}"
        );
        assert!(head.contains("content-type: application/json"), "{head}");
        assert_eq!(body, message);
    }

    #[test]
    fn whatever_goes_wrong_is_told_without_the_url() {
        let failed = |url: &SecretString| {
            let told = post(url, "{}", TIMEOUT).unwrap_err().to_string();
            assert!(
                !told.contains("SECRET") && !told.contains("127.0.0.1"),
                "{told}"
            );
            told
        };
        let (url, _told) = webhook("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n");
        assert_eq!(failed(&url), "it answered with 500");
        let moved = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/SECRET\r\n\
                     content-length: 0\r\n\r\n";
        let (url, _told) = webhook(moved);
        assert_eq!(failed(&url), "it answered with 302");
        let (url, _told) = webhook("nonsense\r\n\r\n");
        assert_eq!(failed(&url), "it cannot be reached (other error)");
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let url = SecretString::from(format!("http://{free}/SECRET"));
        assert_eq!(failed(&url), "it cannot be reached (connection refused)");
        for url in [
            "http://hooks.example.com/SECRET",
            "SECRET",
            "file:///SECRET",
        ] {
            assert_eq!(failed(&SecretString::from(url)), "it is no https URL");
        }
    }

    #[test]
    fn nobody_waits_for_ever() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let posted = post(&SecretString::from(url), "{}", Duration::from_millis(50));
        assert_eq!(posted, Err(Unposted::TimedOut));
    }
}
