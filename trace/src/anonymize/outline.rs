//! Outlines for logs: what a target or a text is about, with nothing in it that a person typed.
//!
//! Pure and without a memory: unlike in a capture, what is left out stands for nothing.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::detect::{self, Detectors};
use super::policy::Policy;
use super::url::decode_form;

/// What stands where something is left out.
pub const LEFT_OUT: &str = "…";

/// Segments of a path, and pairs of a query, that an outline shows.
const MOST: usize = 32;

/// From this length on, a word of letters and digits may be a token.
const TOKEN: usize = 20;

/// Digits that a number by itself may have: several of them are a telephone's.
const LONGEST_NUMBER: usize = 2;

/// From this length on, any word may be one: no load-test key is shorter.
const LONG: usize = 32;

impl Policy {
    /// Writes `path` with only words of the policy's templates in it, such as
    /// `/api/v1/people/{id}`. `known`, with which it may begin, is shown as it is.
    pub fn outline_path(&self, known: &str, path: &str, out: &mut String) {
        let Some(below) = path.strip_prefix('/') else {
            return out.push_str(LEFT_OUT);
        };
        let segments: Vec<_> = below.split('/').take(MOST + 1).collect();
        if segments.len() <= MOST
            && let Some(template) = self.templates.find(&segments)
        {
            return out.push_str(&template.text);
        }
        let (known, rest) = match path.strip_prefix(known) {
            Some(rest) => (known, rest),
            None => ("", path),
        };
        out.push_str(known);
        for (index, segment) in rest.split('/').enumerate() {
            if index > 0 {
                out.push('/');
            }
            if index >= MOST {
                return out.push_str(LEFT_OUT);
            }
            // Right behind what is known, a segment may be the end of one.
            let whole = index > 0 || known.ends_with('/');
            let stays = segment.is_empty() || (whole && self.templates.has_word(segment));
            out.push_str(if stays { segment } else { "{id}" });
        }
    }

    /// Writes a query's keys, those that the policy knows, without their values: `page=…`.
    pub fn outline_query(&self, query: &str, out: &mut String) {
        for (index, pair) in query.split('&').enumerate() {
            if index > 0 {
                out.push('&');
            }
            if index >= MOST {
                return out.push_str(LEFT_OUT);
            }
            let (name, value) = match pair.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (pair, None),
            };
            let decoded = decode_form(name);
            out.push_str(if name.is_empty() || self.name(&decoded).schema {
                name
            } else {
                LEFT_OUT
            });
            match value {
                None => {}
                Some("") => out.push('='),
                Some(_) => {
                    out.push('=');
                    out.push_str(LEFT_OUT);
                }
            }
        }
    }
}

/// Of a `user-agent` the words that programs say of themselves and what they run on, and versions.
/// Whatever else it says may be anybody's, and is left out.
pub fn outline_agent(text: &str) -> String {
    let found: Vec<_> = Detectors::default()
        .within(text)
        .into_iter()
        .map(|(_, place)| place)
        .collect();
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for (start, word) in words(text) {
        push_separators(&mut out, &text[end..start]);
        end = start + word.len();
        let personal = found.iter().any(|it| it.start < end && start < it.end);
        out.push_str(if personal || is_private(word) {
            LEFT_OUT
        } else {
            word
        });
    }
    push_separators(&mut out, &text[end..]);
    out
}

/// What a terminal would obey becomes a space.
fn push_separators(out: &mut String, separators: &str) {
    let harmless = |c: char| if c.is_control() { ' ' } else { c };
    out.extend(separators.chars().map(harmless));
}

/// The words of a text, each with its place: what stands between spaces, brackets and the like.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_apart = |c: char| c.is_whitespace() || c.is_control() || "()[]{}<>;,\"'&?".contains(c);
    let mut next = 0;
    text.split_inclusive(is_apart).filter_map(move |piece| {
        let start = next;
        next += piece.len();
        let word = piece.strip_suffix(is_apart).unwrap_or(piece);
        (!word.is_empty()).then_some((start, word))
    })
}

fn is_private(word: &str) -> bool {
    let has = |class: fn(&u8) -> bool| word.as_bytes().iter().any(class);
    let mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    let is_token = word.len() >= LONG || (word.len() >= TOKEN && mixed && !is_product(word));
    is_token
        || word.contains(['@', '%'])
        || detect::has_digit_run(word)
        || (word.len() > LONGEST_NUMBER && word.bytes().all(|b| b.is_ascii_digit()))
        || detect::whole(word).is_some()
        || !is_of_programs(word)
}

/// Whether all its letters are of words that programs say of themselves. Others may be anybody's.
fn is_of_programs(word: &str) -> bool {
    let words = word.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|word| {
        let letters = word.chars().filter(|c| c.is_alphabetic()).count();
        letters > MOST_OF_A_VERSION || (letters > 1 && letters == word.chars().count())
    });
    let mut words = words.map(str::to_ascii_lowercase);
    words.all(|word| programs().contains(&*word))
}

fn programs() -> &'static HashSet<&'static str> {
    static ALL: LazyLock<HashSet<&str>> = LazyLock::new(|| PROGRAMS.split_whitespace().collect());
    &ALL
}

/// Letters beside the digits of a version.
const MOST_OF_A_VERSION: usize = 2;

/// Words of browsers, command-line clients, libraries, load generators, robots and what they run on.
const PROGRAMS: &str = "
    http https www io com org net html htm rv nt os by on of
    aarch64 ab aiohttp alamofire amd64 and android apache apachebench applebot applewebkit aria2
    arm64 armv7l artillery axios baiduspider bingbot blackbox bombardier bot bruno build caddy
    cfnetwork check checks chrome chromium client compatible cpu crawler crios cros curl dart
    darwin datadog debian dotnet drill duckduckbot edg edga edge edgios elb elixir envoy erlang
    exporter faraday fedora fetch firefox flutter for freebsd fxios gatling gecko go googlebot gor
    goreplay got grafana guzzle guzzlehttp h2load hackney haproxy haskell headlesschrome health
    healthchecker hey html http httpclient httpie httpperf httpx hyper insomnia intel ipad iphone
    ipod isahc jakarta java jersey jmeter k6 khtml kotlin ktor kube libcurl libwww like linux
    locust lwp lynx mac macintosh mobile monitoring mozilla msie nagios net newrelic
    newrelicpinger nghttp2 nghttp3 nginx node nodejs oha okhttp openbsd openjdk opera opios opr
    paw perl php pingdom playstation postman postmanruntime probe prometheus proxy pycurl python
    rehearsal replay requests reqwest rest rload ruby rust safari samsungbrowser scrapy sentry
    siege spider superagent swift symfony tablet the touch traefik trident tsung typhoeus ubuntu
    undici unix uptimerobot ureq urllib urllib3 varnish vegeta version wayland webkit webview wget
    win64 windows with wow64 wrk wrk2 x11 x86 xh yandexbot zabbix
";

/// A program with its version, such as `HeadlessChrome/126.0.6478.126`.
fn is_product(word: &str) -> bool {
    word.split_once('/').is_some_and(|(name, version)| {
        let is_name = |b: u8| b.is_ascii_alphabetic() || b == b'-';
        let is_version = |b: u8| b.is_ascii_digit() || b == b'.';
        name.bytes().all(is_name) && version.bytes().all(is_version)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy::parse(include_str!("../../../config/anonymize.toml")).unwrap()
    }

    #[test]
    fn paths_keep_the_words_of_the_application() {
        let policy = policy();
        let check = |known: &str, path: &str, outline: &str| {
            let mut out = String::new();
            policy.outline_path(known, path, &mut out);
            assert_eq!(out, outline, "{path}");
        };
        check("/", "/", "/");
        check("/api/", "/api/v1/people", "/api/v1/people");
        check("/api/", "/api/v1/people/17", "/api/v1/people/{id}");
        check("/", "/api/v1/people/17/ana", "/api/v1/people/{id}/{id}");
        check(
            "/api/loadtest/",
            "/api/loadtest/people/17",
            "/api/loadtest/people/{id}",
        );
        check("/", "/api/loadtest/people/17", "/api/{id}/people/{id}");
        check("", "/api/x/people", "/api/{id}/people");
        check("/x/log", "/x/login", "/x/log{id}");
        check("/x/log", "/x/logpeople", "/x/log{id}");
        check("/x/log", "/x/log/people", "/x/log/people");
        check("/x/", "/y/people", "/{id}/people");
        check("/", "//people//", "//people//");
        check("/", "/People/%70eople", "/{id}/{id}");
        check("/", "http://ana:pw@clinic.org/", "…");
        check("/", "*", "…");
        check(
            "/",
            &"/a".repeat(1_000),
            &format!("{}/…", "/{id}".repeat(32)),
        );
    }

    #[test]
    fn queries_keep_the_keys_of_the_application() {
        let policy = policy();
        let check = |query: &str, outline: &str| {
            let mut out = String::new();
            policy.outline_query(query, &mut out);
            assert_eq!(out, outline, "{query}");
        };
        check("page=2", "page=…");
        check("page=2&search=ana&page=", "page=…&search=…&page=");
        check("ana=1&ana&page", "…=…&…&page");
        check("token=secret&=secret&", "token=…&=…&");
        check("page=a=b", "page=…");
        check(&"page&".repeat(99), &format!("{}…", "page&".repeat(32)));
    }

    #[test]
    fn of_an_agent_is_shown_what_programs_say() {
        let check = |text: &str, outline: &str| assert_eq!(outline_agent(text), outline);
        for plain in [
            "",
            "  k6/0.49.0 (+https://k6.io/) ",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36",
            "rehearsal-replay/0.1.0",
        ] {
            check(plain, plain);
        }
        check(
            "curl by ana@clinic.org, (ana%40clinic.org)",
            "curl by …, (…)",
        );
        check("Mozilla/5.0 808-201-3388 Safari", "Mozilla/5.0 … Safari");
        check("build 4f3a9c1e7b2d4f3a9c1e;id=12345678", "build …;…");
        check("k6 123e4567-e89b-12d3-a456-426614174000", "k6 …");
        check("bot 203.0.113.9", "bot …");
        check("Bearer eyJhbGciOi.eyJzdWIiOi.c2ln", "… …");
        check("Firefox/128.0 on Anas-Tablet", "Firefox/128.0 on …");
        check("Maria Gonzalez/1.0", "… …");
        check("go\u{7}@x.org/é\u{9b}", "go … ");
    }
}
