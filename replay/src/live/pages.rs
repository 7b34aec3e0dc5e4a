//! What the live page has to show: rendered when somebody asks, and once for all who do.

use std::cell::RefCell;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use crate::report::html::{self, LivePart};
use crate::summary::Summary;

use super::phase::Phase;
use super::{Command, State};

/// The state of the run, and what was rendered of it last.
pub(super) struct Pages {
    state: Arc<watch::Sender<State>>,
    control: Option<Control>,
    rendered: RefCell<Option<Rendered>>,
}

/// What steers the run.
pub(super) struct Control {
    /// What only the page knows.
    pub(super) token: String,
    pub(super) commands: mpsc::UnboundedSender<Command>,
}

struct Rendered {
    summary: Arc<Summary>,
    is_over: bool,
    content: String,
    event: Bytes,
}

impl Pages {
    pub(super) fn new(
        state: Arc<watch::Sender<State>>,
        commands: Option<mpsc::UnboundedSender<Command>>,
    ) -> Self {
        let control = commands.map(|commands| Control {
            token: Uuid::new_v4().simple().to_string(),
            commands,
        });
        Self {
            state,
            control,
            rendered: RefCell::new(None),
        }
    }

    /// What steers the run, where that is allowed.
    pub(super) fn control(&self) -> Option<&Control> {
        self.control.as_ref()
    }

    /// Tells of each change.
    pub(super) fn changes(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// How far the run is.
    pub(super) fn phase(&self) -> Phase {
        self.state.borrow().phase
    }

    /// Notes what a command makes of the run.
    pub(super) fn enter(&self, phase: Phase) {
        self.state.send_if_modified(|state| {
            // It may have ended meanwhile.
            let is_new = state.phase != phase && state.phase != Phase::Over;
            if is_new {
                state.phase = phase;
            }
            is_new
        });
    }

    /// The latest summary.
    pub(super) fn summary(&self) -> Option<Arc<Summary>> {
        self.state.borrow().summary.clone()
    }

    /// The whole page.
    pub(super) fn page(&self) -> Result<String, html::HtmlError> {
        let state = self.state.borrow().clone();
        let part = LivePart {
            token: self.control.as_ref().map(|control| control.token.clone()),
            phase: state.phase.name(),
            words: state.phase.words(),
            commands: state.phase.commands(),
        };
        let content = self.with(&state, |rendered| rendered.content.clone());
        html::live(&part, content.as_deref())
    }

    /// The latest content as an event; nothing before the first summary.
    pub(super) fn event(&self, state: &State) -> Option<Bytes> {
        self.with(state, |rendered| rendered.event.clone())
    }

    fn with<T>(&self, state: &State, take: impl FnOnce(&Rendered) -> T) -> Option<T> {
        let summary = state.summary.as_ref()?;
        let is_over = state.phase == Phase::Over;
        let mut rendered = self.rendered.borrow_mut();
        let is_fresh = |it: &Rendered| Arc::ptr_eq(&it.summary, summary) && it.is_over == is_over;
        if !rendered.as_ref().is_some_and(is_fresh) {
            *rendered = None;
        }
        let rendered = rendered.get_or_insert_with(|| render(summary, is_over));
        Some(take(rendered))
    }
}

fn render(summary: &Arc<Summary>, is_over: bool) -> Rendered {
    // The report of the run says the same again, where somebody hears it.
    let content = html::content(summary, is_over)
        .unwrap_or_else(|_error| "<p>These numbers cannot be drawn.</p>".to_owned());
    Rendered {
        summary: Arc::clone(summary),
        is_over,
        event: super::events::event("summary", &content),
        content,
    }
}
