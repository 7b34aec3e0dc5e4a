//! A staging backend without latencies, and a client that speaks to it over a real socket.
//!
//! Shared by the tests of this crate.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails"
)]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::handshake;
use hyper::{HeaderMap, Method, Request};
use hyper_util::rt::TokioIo;
use rehearsal_demo::staging::{Latencies, Staging, StagingConfig};
use serde_json::Value;
use tokio::net::TcpStream;

/// Settings for a test: a free port, no latencies.
pub(crate) fn config() -> StagingConfig {
    StagingConfig {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        latencies: Latencies::scaled(0.0).unwrap(),
        ..StagingConfig::default()
    }
}

/// A running backend for a test.
pub(crate) async fn start() -> Staging {
    Staging::start(config()).await.unwrap()
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    /// Asserts status and whole body.
    #[track_caller]
    pub(crate) fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status, self.text.as_str()), (status, body));
    }
}

/// Somebody who sends requests.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) addr: SocketAddr,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Client {
    pub(crate) fn new(staging: &Staging) -> Self {
        Self {
            addr: staging.addr(),
            headers: Vec::new(),
        }
    }

    /// Logged in as the first test user of a role.
    pub(crate) async fn of_role(staging: &Staging, role: &str) -> Self {
        Self::logged_in(staging, &format!("loadtest_{role}_01")).await
    }

    pub(crate) async fn logged_in(staging: &Staging, username: &str) -> Self {
        let client = Self::new(staging);
        let body = format!("username={username}&password=rehearsal-test-password");
        let tokens = client.form("/auth/login", &body).await.expect(200);
        client.bearer(tokens["access_token"].as_str().unwrap())
    }

    pub(crate) fn bearer(&self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn with(&self, name: &'static str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name, value.to_owned()));
        client
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, &format!("/api/v1{path}"), String::new())
            .await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, &format!("/api/v1{path}"), body.to_string())
            .await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, &format!("/api/v1{path}"), body.to_string())
            .await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, &format!("/api/v1{path}"), String::new())
            .await
    }

    pub(crate) async fn form(&self, path: &str, body: &str) -> Answer {
        self.send(Method::POST, &format!("/api/v1{path}"), body.to_owned())
            .await
    }

    pub(crate) async fn send(&self, method: Method, target: &str, body: String) -> Answer {
        let stream = TcpStream::connect(self.addr).await.unwrap();
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header("host", "staging.test");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let (head, body) = sender.send_request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }
}

/// Waits for `condition`, asking often, for five seconds at most.
pub(crate) async fn eventually<F: Future<Output = bool>>(mut condition: impl FnMut() -> F) {
    let asking = async {
        while !condition().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), asking)
        .await
        .expect("never came true");
}
