//! Tokens of a worker's identities: what live log-ins gave, and who waits for one.
//!
//! Secrets stay in their type until the moment they are written into a request.

use std::cell::RefCell;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Notify;

use crate::settings::Auth;

/// What log-ins gave so far.
pub(super) struct Tokens {
    identities: RefCell<Vec<Identity>>,
    changed: Notify,
}

#[derive(Clone, Default)]
struct Identity {
    access: Option<SecretString>,
    refresh: Option<SecretString>,
    /// Requests on their way whose answer brings a token.
    expected: u32,
}

impl Tokens {
    /// For that many identities, none of which has a token.
    pub(super) fn new(identities: usize) -> Self {
        Self {
            identities: RefCell::new(vec![Identity::default(); identities]),
            changed: Notify::new(),
        }
    }

    /// The access token in clear, for a request.
    pub(super) fn access(&self, identity: u32) -> Option<String> {
        clear(self.identities.borrow()[identity as usize].access.as_ref())
    }

    /// The refresh token in clear, for a request.
    pub(super) fn refresh(&self, identity: u32) -> Option<String> {
        clear(self.identities.borrow()[identity as usize].refresh.as_ref())
    }

    /// Takes note that a request which brings a token goes out.
    pub(super) fn expect(&self, identity: u32) {
        self.identities.borrow_mut()[identity as usize].expected += 1;
    }

    /// Takes what a log-in's answer gave; `None` is an answer without a body to read.
    pub(super) fn take(&self, identity: u32, body: Option<&[u8]>, auth: &Auth) -> bool {
        let body = body.unwrap_or_default();
        let access = auth.token.text_in(body);
        let given = access.is_some();
        if let Some(access) = access {
            let entry = &mut self.identities.borrow_mut()[identity as usize];
            entry.access = Some(access.into());
            entry.refresh = auth.refresh_token.text_in(body).map(Into::into);
        }
        given
    }

    /// Takes note that an expected answer is in, whatever it brought.
    pub(super) fn settle(&self, identity: u32) {
        let entry = &mut self.identities.borrow_mut()[identity as usize];
        entry.expected = entry.expected.saturating_sub(1);
        self.changed.notify_waiters();
    }

    /// Waits while there is no token but one may still come from more than `own` requests;
    /// tells whether it had to.
    pub(super) async fn wait(&self, identity: u32, own: u32) -> bool {
        let pending = || {
            let entry = &self.identities.borrow()[identity as usize];
            entry.access.is_none() && entry.expected > own
        };
        let mut waited = false;
        while pending() {
            waited = true;
            self.changed.notified().await;
        }
        waited
    }
}

fn clear(secret: Option<&SecretString>) -> Option<String> {
    secret.map(|secret| secret.expose_secret().to_owned())
}
