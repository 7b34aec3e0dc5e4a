//! The cookies of one session, as a browser keeps them (RFC 6265): by name and path, until they
//! expire.
//!
//! All of them are for the one target: it stands for the application's own host, whatever that is
//! called, and `Domain` says nothing here.

use jiff::fmt::rfc2822;

use crate::clock::NANOS_PER_SECOND;

/// A session's cookies.
#[derive(Default)]
pub(super) struct Jar {
    cookies: Vec<Cookie>,
}

struct Cookie {
    name: Box<str>,
    path: Box<str>,
    /// Only for targets that are reached by TLS.
    secure: bool,
    /// `None` for one that was taken back: it is not sent, nor what was recorded in its place.
    value: Option<Box<str>>,
    /// On the clock.
    until_ns: u64,
}

/// What a jar says of a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Crumb<'a> {
    /// Nothing: the target did not set it.
    Unknown,
    /// It was taken back, or is over.
    Gone,
    /// Its value.
    Value(&'a str),
}

impl Jar {
    /// Takes the value of a `Set-Cookie` header that answered a request for this path; `now` is the
    /// time of the clock and of the day. One that is malformed is none, as for a browser.
    pub(super) fn take(&mut self, line: &str, path: &str, now: Now) {
        let mut parts = line.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            return;
        };
        let mut cookie = Cookie {
            name: name.trim().into(),
            path: default_path(path).into(),
            secure: false,
            value: Some(value.trim().into()),
            until_ns: u64::MAX,
        };
        let mut life_s = None;
        for attribute in parts {
            let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            match key.trim().to_ascii_lowercase().as_str() {
                "path" if value.starts_with('/') => cookie.path = value.trim().into(),
                "secure" => cookie.secure = true,
                // It wins over the date, wherever it stands.
                "max-age" => life_s = value.trim().parse().ok().or(life_s),
                "expires" if life_s.is_none() => {
                    cookie.until_ns =
                        date(value).map_or(u64::MAX, |at_s| now.after(at_s - now.day_s));
                }
                _ => {}
            }
        }
        if let Some(life_s) = life_s {
            cookie.until_ns = now.after(life_s);
        }
        if cookie.until_ns <= now.clock_ns {
            (cookie.value, cookie.until_ns) = (None, u64::MAX);
        }
        let same = |other: &Cookie| (&other.name, &other.path) == (&cookie.name, &cookie.path);
        self.cookies.retain(|other| !same(other));
        if self.cookies.len() >= MOST {
            self.cookies.remove(0);
        }
        self.cookies.push(cookie);
    }

    /// Forgets that some were taken back.
    pub(super) fn begin_anew(&mut self) {
        self.cookies.retain(|cookie| cookie.value.is_some());
    }

    /// What is sent under that name to that path at this time of the clock: of several the one
    /// with the longest path.
    pub(super) fn find(&self, name: &str, path: &str, secure: bool, clock_ns: u64) -> Crumb<'_> {
        let named = self.cookies.iter().filter(|cookie| &*cookie.name == name);
        let fitting =
            named.filter(|cookie| is_within(path, &cookie.path) && (secure || !cookie.secure));
        match fitting.max_by_key(|cookie| cookie.path.len()) {
            None => Crumb::Unknown,
            Some(cookie) if cookie.until_ns <= clock_ns => Crumb::Gone,
            Some(cookie) => cookie.value.as_deref().map_or(Crumb::Gone, Crumb::Value),
        }
    }

    /// All that is sent to that path, as the value of a `Cookie` header.
    pub(super) fn all(&self, path: &str, secure: bool, clock_ns: u64) -> String {
        let mut out = String::new();
        for (at, cookie) in self.cookies.iter().enumerate() {
            let is_first = !self.cookies[..at]
                .iter()
                .any(|other| other.name == cookie.name);
            if is_first && let Crumb::Value(value) = self.find(&cookie.name, path, secure, clock_ns)
            {
                let gap = if out.is_empty() { "" } else { "; " };
                out = out + gap + &cookie.name + "=" + value;
            }
        }
        out
    }
}

/// The same moment on the clock and in the day.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    /// Nanoseconds.
    pub(super) clock_ns: u64,
    /// Seconds since 1970.
    pub(super) day_s: i64,
}

impl Now {
    /// The time of the clock so many seconds later.
    fn after(self, seconds: i64) -> u64 {
        match u64::try_from(seconds) {
            Ok(seconds) => self
                .clock_ns
                .saturating_add(seconds.saturating_mul(NANOS_PER_SECOND)),
            Err(_past) => 0,
        }
    }
}

/// RFC 6265, 5.1.4: up to the last slash of the request's path.
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(last) => &path[..last],
    }
}

/// RFC 6265, 5.1.4.
fn is_within(path: &str, cookie: &str) -> bool {
    path.strip_prefix(cookie)
        .is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}

/// Seconds since 1970. Some servers still write dashes in dates.
fn date(text: &str) -> Option<i64> {
    let text = text.trim().replace('-', " ").replace("GMT", "+0000");
    let at = rfc2822::DateTimeParser::new()
        .relaxed_weekday(true)
        .parse_timestamp(text)
        .ok()?;
    Some(at.as_second())
}

/// Cookies that a session keeps, as browsers do.
const MOST: usize = 180;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The day's time is 2026-11-22 00:00:00 at second 100 of the clock.
    const NOW: Now = Now {
        clock_ns: 100 * NANOS_PER_SECOND,
        day_s: 1_795_305_600,
    };

    fn jar(lines: &[&str]) -> Jar {
        let mut jar = Jar::default();
        lines
            .iter()
            .for_each(|line| jar.take(line, "/api/v1/login", NOW));
        jar
    }

    fn at(seconds: u64) -> u64 {
        seconds * NANOS_PER_SECOND
    }

    #[test]
    fn paths_decide_what_is_sent_where() {
        let jar = jar(&[
            "a=1; Path=/",
            "b=2; path=/lists",
            "c=3",
            "a=4; Path=/lists/own; HttpOnly",
        ]);
        let find = |name, path| match jar.find(name, path, false, at(100)) {
            Crumb::Value(value) => value,
            Crumb::Unknown => "unknown",
            Crumb::Gone => "gone",
        };
        assert_eq!((find("a", "/"), find("a", "/lists/own/3")), ("1", "4"));
        assert_eq!(find("b", "/lists/3"), "2");
        assert_eq!(
            (find("b", "/listsx"), find("b", "/")),
            ("unknown", "unknown")
        );
        assert_eq!(
            (find("c", "/api/v1"), find("c", "/api/v2")),
            ("3", "unknown")
        );
    }

    #[test]
    fn cookies_end_and_are_taken_back() {
        let jar = jar(&[
            "a=1; Max-Age=10; Expires=Sun, 22 Nov 2026 00:00:50 GMT",
            "b=2; Expires=Sun, 22 Nov 2026 00:00:20 GMT",
            "c=3; expires=Sun, 22-Nov-2026 00:00:30 GMT",
            "d=4",
            "d=; Max-Age=0",
            "e=5; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "f=6; Max-Age=never; Expires=soon",
        ]);
        let has = |name, seconds| jar.find(name, "/api/v1", false, at(seconds)) != Crumb::Gone;
        assert!(has("a", 109) && !has("a", 110));
        assert!(has("b", 119) && !has("b", 120));
        assert!(has("c", 129) && !has("c", 130));
        assert!(!has("d", 100) && !has("e", 100));
        assert!(has("f", 1_000_000));
    }

    #[test]
    fn a_session_that_begins_anew_does_not_know_what_was_taken_back() {
        let mut jar = jar(&["a=1; Path=/", "b=2; Path=/", "b=; Path=/; Max-Age=0"]);
        jar.begin_anew();
        assert_eq!(jar.find("a", "/", false, 0), Crumb::Value("1"));
        assert_eq!(jar.find("b", "/", false, 0), Crumb::Unknown);
        for number in 0..=MOST {
            jar.take(&format!("n{number}=1; Path=/"), "/", NOW);
        }
        assert_eq!(jar.cookies.len(), MOST);
    }

    proptest! {
        #[test]
        fn any_line_is_read_without_harm(line in any::<String>(), path in any::<String>()) {
            let mut jar = Jar::default();
            for line in [line.clone(), format!("a={line}; Max-Age={line}; Expires={line}")] {
                jar.take(&line, &path, NOW);
            }
            for name in ["a", line.as_str()] {
                jar.find(name, &path, true, 0);
            }
            jar.all(&path, false, u64::MAX);
        }
    }

    #[test]
    fn some_are_for_secure_targets_only_and_nonsense_is_no_cookie() {
        let jar = jar(&["s=1; Secure; Path=/", "nonsense", ""]);
        assert_eq!(jar.find("s", "/", true, 0), Crumb::Value("1"));
        assert_eq!(jar.find("s", "/", false, 0), Crumb::Unknown);
        assert_eq!(jar.cookies.len(), 1);
    }
}
