//! What the relay passes on of what is there: the request's body, the answer's head and body.

use super::super::failure::Failure;
use super::super::{finish, forward, response};
use super::{Answer, Relay};
use crate::http1::body::{Body, Framing, Step};
use crate::http1::head::Response;
use crate::http1::write;
use crate::metrics::UpstreamError;
use crate::refusal::Refusal;
use crate::upstream::retry::Trouble;

impl Relay<'_, '_> {
    /// Passes on what came of the request's body.
    pub(super) fn pass_request(&mut self) -> Result<(), Failure> {
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
    pub(super) fn pass_answer(&mut self) -> Result<(), Failure> {
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
                if !self.client.wire.has_output() {
                    // The hand-shake is all of it that is recorded, hours before the end.
                    finish::record(self.exchange, self.shared.clock.now(), true);
                }
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
}
