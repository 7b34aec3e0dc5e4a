//! A tap on one exchange: notes what passes, without parsing and with little copying.

use std::net::IpAddr;
use std::time::Duration;

use trace::raw::RawBody;

use super::selection::Ended;
use crate::http1::head::{Request, Response};
use crate::server::connection::Protocol;

/// What is noted of one exchange.
pub(crate) struct Tap {
    /// Bytes of each body that are kept.
    limit: usize,
    pub(super) origin: Origin,
    pub(super) request: Request,
    pub(super) request_body: RawBody,
    pub(super) answer: Answer,
    pub(super) response_body: RawBody,
    pub(super) first_byte: Duration,
    pub(super) total: Duration,
    pub(super) aborted: bool,
}

/// The head of an answer.
pub(super) enum Answer {
    None,
    /// Given by the proxy, in JSON.
    Here(u16),
    Upstream(Response),
}

/// Where and when an exchange began.
#[derive(Clone, Copy)]
pub(crate) struct Origin {
    /// From the capture's start to the request's head.
    pub(crate) at: Duration,
    /// The client connection's number.
    pub(crate) connection: u64,
    pub(crate) protocol: Protocol,
    pub(crate) client: IpAddr,
}

impl Tap {
    pub(crate) fn new(request: Request, origin: Origin, limit: usize) -> Self {
        Self {
            limit,
            origin,
            request,
            request_body: RawBody::default(),
            answer: Answer::None,
            response_body: RawBody::default(),
            first_byte: Duration::ZERO,
            total: Duration::ZERO,
            aborted: false,
        }
    }

    pub(crate) fn request_piece(&mut self, piece: &[u8]) {
        self.request_body.push(piece, self.limit);
    }

    /// Notes the head of an answer.
    pub(crate) fn response(&mut self, response: Response) {
        self.answer = Answer::Upstream(response);
    }

    /// Notes an answer of the proxy's own.
    pub(crate) fn answered_here(&mut self, status: u16, body: &[u8]) {
        self.answer = Answer::Here(status);
        self.response_piece(body);
    }

    pub(crate) fn response_piece(&mut self, piece: &[u8]) {
        self.response_body.push(piece, self.limit);
    }

    /// What is known when it has ended.
    pub(super) fn ended(&self) -> Ended {
        let (sent, answered) = (self.request_body.total(), self.response_body.total());
        Ended {
            status: match &self.answer {
                Answer::None => 0,
                Answer::Here(status) => *status,
                Answer::Upstream(response) => response.status,
            },
            body: sent.max(answered),
        }
    }

    pub(crate) const fn finish(&mut self, first_byte: Duration, total: Duration, aborted: bool) {
        self.first_byte = first_byte;
        self.total = total;
        self.aborted = aborted;
    }
}
