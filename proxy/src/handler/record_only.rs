//! Routes without an upstream: a request is read to its end, recorded and answered here.
//!
//! nginx's `mirror` sends copies of requests to such a route. Nobody sees their answers, so none is
//! recorded.

use http::StatusCode;

use super::answer;
use super::client::{Client, is_late};
use super::failure::{self, Failure};
use crate::exchange::Exchange;
use crate::http1::body::Step;
use crate::http1::write;
use crate::refusal::Refusal;
use crate::shared::Shared;

/// Reads the rest of the request and answers with a status alone.
pub(super) async fn answer(
    shared: &Shared,
    client: &mut Client,
    exchange: &mut Exchange<'_>,
    status: StatusCode,
) -> Result<(), Failure> {
    if let Err(failure) = read(client, exchange).await {
        return failure::answer(shared, client, exchange, failure).await;
    }
    answer::send_empty(client, exchange, status).await?;
    Ok(())
}

async fn read(client: &mut Client, exchange: &mut Exchange<'_>) -> Result<(), Failure> {
    let limit = exchange.route().map_or(0, |route| route.body_limit);
    let mut waits = exchange.request.waits_to_continue();
    loop {
        let step = client.body.step(&mut client.wire.input, |data| {
            exchange.body_bytes += data.len() as u64;
            if let Some(tap) = exchange.tap() {
                tap.request_piece(data);
            }
        });
        if exchange.body_bytes > limit {
            return Err(Failure::Refused(Refusal::BodyTooLarge(limit)));
        }
        match step {
            Ok(Step::Done) => return Ok(()),
            Ok(Step::More) => {}
            Err(error) => return Err(Failure::Refused(Refusal::Ambiguous(error.0))),
        }
        if std::mem::take(&mut waits) && exchange.body_bytes == 0 {
            write::status_line(&mut client.wire.output, 100, b"Continue");
            write::head_end(&mut client.wire.output);
            client.flush().await?;
        }
        match client.fill().await {
            Ok(count) if count > 0 => {}
            Err(error) if is_late(&error) => return Err(Failure::Refused(Refusal::Slow)),
            _ => return Err(Failure::ClientGone),
        }
    }
}
