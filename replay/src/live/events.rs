//! Server-sent events: each new state of the run, and its end.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::channel::{Channel, Sender};
use serde::Serialize;
use tokio::time::sleep;

use super::pages::Pages;
use super::phase::Phase;

/// What a client is told until the run is over, as a body.
pub(super) fn stream(pages: Rc<Pages>) -> Channel<Bytes> {
    // One waits at most: who reads slowly gets the latest next, and not all that came before it.
    let (sender, body) = Channel::new(1);
    tokio::task::spawn_local(follow(pages, sender));
    body
}

/// An event with its data in one line, whatever is in it.
pub(super) fn event(name: &str, data: &(impl Serialize + ?Sized)) -> Bytes {
    // Text and lists of text can always be written.
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("event: {name}\ndata: {data}\n\n").into()
}

async fn follow(pages: Rc<Pages>, mut sender: Sender<Bytes>) {
    let mut changes = pages.changes();
    let (mut told, mut shown) = (None, None);
    if sender.send_data(RETRY.into()).await.is_err() {
        return;
    }
    loop {
        let state = changes.borrow_and_update().clone();
        let mut news = Vec::new();
        if told != Some(state.phase) {
            news.extend(phase(state.phase));
            told = Some(state.phase);
        }
        if let Some(event) = pages.event(&state).filter(|it| shown.as_ref() != Some(it)) {
            news.extend_from_slice(&event);
            shown = Some(event);
        }
        let is_over = state.phase == Phase::Over;
        if is_over {
            news.extend(event("end", state.phase.words()));
        }
        if !news.is_empty() && sender.send_data(news.into()).await.is_err() || is_over {
            return;
        }
        tokio::select! {
            // The sender lives as long as the pages.
            _changed = changes.changed() => {}
            () = sleep(SILENCE) => {
                if sender.send_data(STILL_HERE.into()).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn phase(phase: Phase) -> Bytes {
    let words = phase.words().to_owned();
    event("phase", &(phase.name(), words, phase.commands()))
}

/// How soon a browser connects again.
const RETRY: &str = "retry: 1000\n\n";
/// A comment: who has left is noticed by writing.
const STILL_HERE: &str = ":\n\n";
const SILENCE: Duration = Duration::from_secs(15);
