//! One user at work: logs in, keeps its tokens, sends what the screens ask for, thinks in between.
//!
//! An own generator per session: what one user does never depends on another's answers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::http::request::Builder;
use rand::RngExt;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::config::UsersConfig;
use super::persona::Persona;
use super::report::{Event, Exchange};
use super::screens::{self, Ask, Screen};
use super::turns::Turns;
use super::wire::{Received, Wire, WireError};
use crate::clock;
use crate::random::Seeded;

/// A user's session.
pub(super) struct Session {
    pub(super) rng: Seeded,
    pub(super) turns: Arc<Turns>,
    /// The id of the person behind the account, once a dashboard has told it.
    pub(super) person: Option<String>,
    persona: Persona,
    wire: Wire,
    events: mpsc::Sender<Event>,
    host: String,
    page: String,
    cookies: bool,
    tokens: Option<Tokens>,
    calls: usize,
    /// Whether the next request is a screen's first, for which the think time was the wait.
    fresh: bool,
}

/// What a log-in gave.
struct Tokens {
    access: String,
    refresh: String,
    cookie: Option<String>,
    /// When it is time to have them replaced.
    stale: Option<Instant>,
}

/// An answer as the screens see it.
pub(super) struct Reply {
    pub(super) status: u16,
    /// The entity tag.
    pub(super) tag: Option<String>,
    pub(super) body: Value,
}

impl Session {
    pub(super) fn new(
        config: &UsersConfig,
        persona: Persona,
        rng: Seeded,
        events: mpsc::Sender<Event>,
        turns: Arc<Turns>,
    ) -> Self {
        Self {
            rng,
            turns,
            person: None,
            persona,
            wire: Wire::new(config.target),
            events,
            host: config.target.to_string(),
            page: "/login".to_owned(),
            cookies: config.cookies,
            tokens: None,
            calls: 0,
            fresh: true,
        }
    }

    /// Lives through a plan: logs in at the first due time, then opens a screen whenever one is due.
    pub(super) async fn live(mut self, dues: Vec<Instant>) {
        if let Err(error) = self.work(&dues).await {
            let who = self.persona.number;
            self.tell(Event::Broken(format!("user {who}: {error}")))
                .await;
        }
        self.tell(Event::Left).await;
    }

    /// Sends a request as the page it belongs to, with tokens that are good for some time yet; a 401 is
    /// answered by one refresh and one more try.
    pub(super) async fn call(&mut self, ask: Ask) -> Result<Reply, WireError> {
        if !std::mem::take(&mut self.fresh) {
            let pause = self.rng.random_range(12..60);
            sleep(Duration::from_millis(pause)).await;
        }
        if self.is_stale() {
            self.refresh().await?;
        }
        let reply = self.exchange(&ask).await?;
        if reply.status == 401 && self.refresh().await? {
            return self.exchange(&ask).await;
        }
        Ok(reply)
    }

    /// Moves to another page of the frontend, which shows as `Referer`.
    pub(super) fn go(&mut self, page: &str) {
        page.clone_into(&mut self.page);
    }

    /// True once in `times`, on average.
    pub(super) fn sometimes(&mut self, times: u32) -> bool {
        self.rng.random_ratio(1, times)
    }

    async fn work(&mut self, dues: &[Instant]) -> Result<(), WireError> {
        if let Some(first) = dues.first() {
            sleep_until(*first).await;
        }
        if !self.log_in().await? {
            return Ok(());
        }
        self.tell(Event::Came).await;
        while let Some(due) = dues.get(self.calls) {
            sleep_until(*due).await;
            self.fresh = true;
            let screen = Screen::choose(
                self.persona.credentials.role,
                self.person.is_some(),
                &mut self.rng,
            );
            screens::visit(self, screen).await?;
        }
        if self.sometimes(2) {
            self.call(Ask::post("/auth/logout")).await?;
        }
        Ok(())
    }

    /// By form, as the frontend does, or by JSON, as other clients do.
    async fn log_in(&mut self) -> Result<bool, WireError> {
        let name = self.persona.credentials.username.clone();
        let password = self.persona.credentials.password.clone();
        let ask = if self.rng.random_bool(0.7) {
            Ask::post("/auth/login").form(&[("username", &name), ("password", &password)])
        } else {
            Ask::post("/auth/login/json").json(json!({ "username": name, "password": password }))
        };
        if !self.take_tokens(&ask).await? {
            return Ok(false);
        }
        self.go("/dashboard");
        let me = self.call(Ask::get("/auth/me")).await?;
        Ok(me.status == 200)
    }

    fn is_stale(&self) -> bool {
        let stale = self.tokens.as_ref().and_then(|tokens| tokens.stale);
        stale.is_some_and(|stale| clock::now() >= stale)
    }

    async fn refresh(&mut self) -> Result<bool, WireError> {
        let Some(tokens) = self.tokens.take() else {
            return Ok(false);
        };
        let ask = Ask::post("/auth/refresh").json(json!({ "refresh_token": tokens.refresh }));
        self.take_tokens(&ask).await
    }

    async fn take_tokens(&mut self, ask: &Ask) -> Result<bool, WireError> {
        let asked = clock::now();
        let received = self.send(ask).await?;
        let body: Value = serde_json::from_slice(&received.body).unwrap_or_default();
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let life = received.cookie.as_ref().and_then(|cookie| cookie.max_age);
        self.tokens = text("access_token")
            .zip(text("refresh_token"))
            .map(|(access, refresh)| Tokens {
                access,
                refresh,
                cookie: received.cookie.map(|cookie| cookie.pair),
                stale: life.map(|life| asked + life.mul_f64(USED)),
            });
        Ok(self.tokens.is_some())
    }

    async fn exchange(&mut self, ask: &Ask) -> Result<Reply, WireError> {
        let received = self.send(ask).await?;
        Ok(Reply {
            status: received.status.as_u16(),
            tag: received.tag,
            body: serde_json::from_slice(&received.body).unwrap_or_default(),
        })
    }

    async fn send(&mut self, ask: &Ask) -> Result<Received, WireError> {
        let request = self.request(ask)?;
        let received = self.wire.send(request).await?;
        self.calls += 1;
        let exchange = Exchange {
            endpoint: ask.endpoint(),
            status: received.status.as_u16(),
            identified: ask.carries_an_id(),
        };
        self.tell(Event::Answered(exchange)).await;
        Ok(received)
    }

    fn request(&self, ask: &Ask) -> Result<Request<Full<Bytes>>, WireError> {
        let mut builder: Builder = Request::builder()
            .method(ask.method.clone())
            .uri(ask.uri())
            .header("host", &self.host)
            .header("x-forwarded-for", self.persona.address.to_string())
            .header("user-agent", self.persona.agent)
            .header("accept", "application/json, text/plain, */*")
            .header("accept-language", self.persona.language)
            .header("referer", format!("{FRONTEND}{}", self.page));
        if let Some(tokens) = &self.tokens {
            builder = builder.header("authorization", format!("Bearer {}", tokens.access));
            if let Some(cookie) = tokens.cookie.as_ref().filter(|_| self.cookies) {
                builder = builder.header("cookie", cookie);
            }
        }
        for (name, value) in &ask.headers {
            builder = builder.header(*name, value);
        }
        Ok(builder.body(Full::new(ask.body.clone()))?)
    }

    async fn tell(&self, event: Event) {
        // A run that was given up no longer listens.
        self.events.send(event).await.ok();
    }
}

/// How much of a token's life is used before it is replaced, as a share of it.
const USED: f64 = 0.7;

/// Where the frontend's pages are.
const FRONTEND: &str = "https://scheduler.pacific-health.example";
