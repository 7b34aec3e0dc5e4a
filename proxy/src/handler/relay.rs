//! The relay: a request's body to the server and the answer to the client, both at once.
//!
//! What is there is passed on without waiting; then one wait covers all four directions, so that
//! neither side can block the other.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use pingora_timeout::timeout;

use super::client::{self, Client};
use super::failure::Failure;
use super::forward::{self, Replay};
use super::response;
use crate::exchange::Exchange;
use crate::http1::body::{Body, Framing, Step};
use crate::http1::connection::{Connection, ENOUGH};
use crate::http1::head::{Response, Search};
use crate::http1::write;
use crate::metrics::UpstreamError;
use crate::refusal::Refusal;
use crate::route::Route;
use crate::shared::Shared;
use crate::upstream::retry::Trouble;

/// One request under way.
pub(super) struct Relay<'r, 'c> {
    shared: &'r Shared,
    client: &'r mut Client,
    upstream: &'r mut Connection,
    exchange: &'r mut Exchange<'c>,
    replay: &'r mut Replay,
    route: &'r Route,
    search: Search,
    answer: Answer,
    /// Whether the server has ended its side of the connection.
    ended: bool,
    /// Whether it did so out of order, so that this cannot be the end of an answer.
    broken: bool,
    /// Whether the server can be sent no more.
    deaf: bool,
    /// Whether the client has ended its side after an upgrade.
    hung_up: bool,
    /// Whether the server can take another request afterwards.
    keeps_alive: bool,
}

/// How far the answer is.
enum Answer {
    /// Not begun.
    Awaited,
    Body(Body),
    /// Both sides speak another protocol now.
    Upgraded,
    Done,
}

impl<'r, 'c> Relay<'r, 'c> {
    /// A relay whose request head waits to be written.
    pub(super) fn new(
        shared: &'r Shared,
        client: &'r mut Client,
        upstream: &'r mut Connection,
        exchange: &'r mut Exchange<'c>,
        replay: &'r mut Replay,
        route: &'r Route,
    ) -> Self {
        Self {
            shared,
            client,
            upstream,
            exchange,
            replay,
            route,
            search: Search::default(),
            answer: Answer::Awaited,
            ended: false,
            broken: false,
            deaf: false,
            hung_up: false,
            keeps_alive: false,
        }
    }

    /// Relays until the answer is complete; true when the server can take another request.
    pub(super) async fn run(mut self) -> Result<bool, Failure> {
        self.pass_request()?;
        loop {
            self.wait().await?;
            self.pass_request()?;
            self.pass_answer()?;
            if matches!(self.answer, Answer::Done) {
                self.client.end().await?;
                let told_all = self.client.body.is_done() && !self.upstream.has_output();
                return Ok(self.keeps_alive && told_all && !self.deaf);
            }
        }
    }

    /// Passes on what came of the request's body.
    fn pass_request(&mut self) -> Result<(), Failure> {
        if matches!(self.answer, Answer::Upgraded) {
            let sent = &mut self.client.wire.input;
            if !self.deaf {
                self.upstream.output.extend_from_slice(sent);
            }
            sent.clear();
            return Ok(());
        }
        if self.client.body.is_done() || !self.upstream.has_room() {
            return Ok(());
        }
        let (exchange, replay) = (&mut *self.exchange, &mut *self.replay);
        let (out, deaf) = (&mut self.upstream.output, self.deaf);
        let chunked = self.client.body.framing() == Framing::Chunked;
        let step = self.client.body.step(&mut self.client.wire.input, |data| {
            exchange.body_bytes += data.len() as u64;
            replay.push(data);
            if let Some(tap) = exchange.tap() {
                tap.request_piece(data);
            }
            match (deaf, chunked) {
                (true, _) => {}
                (false, true) => write::chunk(out, data),
                (false, false) => out.extend_from_slice(data),
            }
        });
        let refused = |refusal| Err(Failure::Refused(refusal));
        if self.exchange.body_bytes > self.route.body_limit {
            return refused(Refusal::BodyTooLarge(self.route.body_limit));
        }
        match step {
            Ok(Step::Done) => {
                self.client.expect_nothing();
                if chunked && !self.deaf {
                    write::last_chunk(&mut self.upstream.output);
                }
            }
            Ok(Step::More) => {}
            Err(error) => return refused(Refusal::Ambiguous(error.0)),
        }
        Ok(())
    }

    /// Passes on what came of the answer.
    fn pass_answer(&mut self) -> Result<(), Failure> {
        const BROKEN: Failure = Failure::Upstream(UpstreamError::Protocol);
        while matches!(self.answer, Answer::Awaited) {
            match Response::take(&mut self.upstream.input, &mut self.search) {
                Ok(Some(response)) => self.head(&response)?,
                Ok(None) if self.ended => return Err(BROKEN),
                Ok(None) => return Ok(()),
                Err(_malformed) => return Err(BROKEN),
            }
        }
        match &mut self.answer {
            Answer::Body(body) => {
                let (client, exchange) = (&mut *self.client, &mut *self.exchange);
                let step = body.step(&mut self.upstream.input, |data| {
                    client.put(data);
                    exchange.answer_bytes += data.len() as u64;
                    if let Some(tap) = exchange.tap() {
                        tap.response_piece(data);
                    }
                });
                match step {
                    Ok(Step::Done) => self.answer = Answer::Done,
                    Ok(Step::More) if !self.ended => {}
                    Ok(Step::More) if !self.broken && body.end() => self.answer = Answer::Done,
                    _ => return Err(BROKEN),
                }
            }
            Answer::Upgraded => {
                self.client.put(&self.upstream.input);
                self.upstream.input.clear();
                if self.ended || (self.hung_up && !self.owes_upstream()) {
                    self.answer = Answer::Done;
                }
            }
            Answer::Awaited | Answer::Done => {}
        }
        // What follows an answer that nobody asked for makes the connection useless.
        if matches!(self.answer, Answer::Done) && !self.upstream.input.is_empty() {
            self.keeps_alive = false;
        }
        Ok(())
    }

    /// Passes on a head.
    fn head(&mut self, response: &Response) -> Result<(), Failure> {
        let out = &mut self.client.wire.output;
        match response.status {
            101 if self.exchange.request.asks_for_websocket() => {
                self.note_head(response);
                response::write_upgrade(&mut self.client.wire.output, self.exchange, response);
                self.client.keep_alive(false);
                self.client.expect_nothing();
                self.answer = Answer::Upgraded;
            }
            101 => return Err(Failure::Upstream(UpstreamError::Protocol)),
            100..=199 if self.client.is_old => {}
            100..=199 => response::write_informational(out, response),
            _ => {
                let framing = Framing::of_response(response, self.exchange.request.method())
                    .map_err(|_reason| Failure::Upstream(UpstreamError::Protocol))?;
                self.judge(response.status)?;
                self.note_head(response);
                self.keeps_alive = response.keeps_alive() && framing != Framing::UntilClose;
                if !self.client.body.is_done() || self.shared.is_draining() {
                    self.client.keep_alive(false);
                }
                response::write_head(self.client, self.exchange, response, framing);
                self.answer = Answer::Body(Body::new(framing));
            }
        }
        Ok(())
    }

    /// Holds a status that is a failure against the server; another may do better.
    fn judge(&mut self, status: u16) -> Result<(), Failure> {
        let (Some(upstream), Some(lease)) = (self.exchange.upstream(), &self.exchange.lease) else {
            return Ok(());
        };
        if !upstream.retry.is_failure(status) {
            lease.answered();
            return Ok(());
        }
        let trouble = Trouble::Status(status);
        if forward::may_go_again(self.exchange, self.client, self.replay, trouble) {
            self.exchange.status = status;
            return Err(Failure::Upstream(UpstreamError::Status));
        }
        lease.failed(self.exchange.clock().now());
        Ok(())
    }

    fn note_head(&mut self, response: &Response) {
        self.client.has_answer = true;
        self.exchange.status = response.status;
        self.exchange.first_byte = Some(self.exchange.clock().now());
        if let Some(tap) = self.exchange.tap() {
            tap.response(response.clone());
        }
    }

    /// Waits until something can go on.
    async fn wait(&mut self) -> Result<(), Failure> {
        let Some(patience) = self.patience() else {
            return poll_fn(|context| self.poll(context)).await;
        };
        match timeout(patience, poll_fn(|context| self.poll(context))).await {
            Ok(moved) => moved,
            // Nobody has anything to say: that is nobody's failure.
            Err(_elapsed) if self.is_idle() => {
                self.answer = Answer::Done;
                Ok(())
            }
            Err(_elapsed) => Err(Failure::Upstream(UpstreamError::Timeout)),
        }
    }

    /// How long the server may take; none where it is the client that keeps us waiting, who has a
    /// time of its own.
    fn patience(&self) -> Option<Duration> {
        let timeouts = self.route.timeouts;
        let upgraded = matches!(self.answer, Answer::Upgraded);
        if self.client.wire.has_output() {
            None
        } else if self.owes_upstream() {
            Some(timeouts.write)
        } else if upgraded || self.client.body.is_done() {
            Some(timeouts.read)
        } else {
            None
        }
    }

    /// Reads and writes whatever can be read and written.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        let mut moved = false;
        if self.owes_upstream()
            && let Poll::Ready(flushed) = self.upstream.poll_flush(context)
        {
            moved = true;
            if flushed.is_err() {
                // It may have answered before it stopped reading.
                self.deaf = true;
                self.upstream.output.clear();
            }
        }
        if self.client.wire.has_output()
            && let Poll::Ready(flushed) = self.client.poll_flush(context)
        {
            moved = true;
            if flushed.is_err() {
                return Poll::Ready(Err(Failure::ClientGone));
            }
        }
        if self.client.wire.has_room()
            && !self.ended
            && let Poll::Ready(filled) = self.upstream.poll_fill(context)
        {
            moved = true;
            self.ended = !matches!(filled, Ok(count) if count > 0);
            self.broken = filled.is_err();
        }
        if self.listens()
            && let Poll::Ready(filled) = self.client.poll_fill(context)
        {
            moved = true;
            if filled.as_ref().is_err_and(client::is_late) {
                return Poll::Ready(Err(Failure::Refused(Refusal::Slow)));
            }
            if !matches!(filled, Ok(count) if count > 0) {
                if !matches!(self.answer, Answer::Upgraded) {
                    return Poll::Ready(Err(Failure::ClientGone));
                }
                self.hung_up = true;
            }
        }
        if moved {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    /// Whether there is something to write to the server.
    fn owes_upstream(&self) -> bool {
        !self.deaf && self.upstream.has_output()
    }

    /// Whether there was an upgrade, and nothing waits to be passed on.
    fn is_idle(&self) -> bool {
        let waits = self.client.wire.has_output() || self.owes_upstream();
        matches!(self.answer, Answer::Upgraded) && !waits
    }

    /// Whether there is room for what the client sends. Behind a complete request that is the next
    /// one, or the news that the client has gone.
    fn listens(&self) -> bool {
        if self.client.body.is_done() && !matches!(self.answer, Answer::Upgraded) {
            self.client.wire.input.len() < ENOUGH
        } else {
            self.upstream.has_room() && !self.hung_up
        }
    }
}
