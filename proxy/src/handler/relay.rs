//! The relay: a request's body to the server and the answer to the client, both at once.
//!
//! What is there is passed on without waiting; then one wait covers all four directions, so that
//! neither side can block the other.

mod pass;

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use pingora_timeout::timeout;

use super::client::{self, Client};
use super::failure::Failure;
use super::forward::Replay;
use crate::exchange::Exchange;
use crate::http1::body::Body;
use crate::http1::connection::{Connection, ENOUGH};
use crate::http1::head::Search;
use crate::metrics::UpstreamError;
use crate::refusal::Refusal;
use crate::route::Route;
use crate::shared::Shared;

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
