//! Who is logged in, by cookie.

use std::collections::HashMap;
use std::time::Duration;

use crate::deadline::Deadline;

/// All sessions, by the values of their cookies.
pub(super) struct Sessions {
    life: Duration,
    cookies: HashMap<String, Cookie>,
}

/// Whose session it is.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) user: usize,
    /// The token against forged requests, which is no other session's.
    pub(super) token: String,
    /// The cookie's next value, where it is time for one.
    pub(super) renewed: Option<String>,
}

struct Cookie {
    user: usize,
    token: String,
    half: Deadline,
    end: Deadline,
}

impl Sessions {
    pub(super) fn new(life: Duration) -> Self {
        Self {
            life,
            cookies: HashMap::new(),
        }
    }

    /// Begins one; the value of its cookie.
    pub(super) fn begin(&mut self, user: usize) -> String {
        self.give(user, opaque())
    }

    /// The one that has a cookie of this value.
    pub(super) fn find(&mut self, value: &str) -> Option<Session> {
        let cookie = self.cookies.get(value).filter(|it| !it.end.is_over())?;
        let (user, token) = (cookie.user, cookie.token.clone());
        let renewed = cookie.half.is_over();
        Some(Session {
            user,
            renewed: renewed.then(|| self.give(user, token.clone())),
            token,
        })
    }

    /// Ends one, whatever the values of its cookie were.
    pub(super) fn end(&mut self, session: &Session) {
        self.cookies.retain(|_, it| it.token != session.token);
    }

    fn give(&mut self, user: usize, token: String) -> String {
        let value = opaque();
        let cookie = Cookie {
            user,
            token,
            half: Deadline::after(self.life / 2),
            end: Deadline::after(self.life),
        };
        self.cookies.insert(value.clone(), cookie);
        value
    }
}

/// What nobody guesses.
fn opaque() -> String {
    format!("{:032x}", rand::random::<u128>())
}
