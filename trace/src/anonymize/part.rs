//! The parts of an exchange: written as they came out before, where they come again.

use std::sync::Arc;

use super::evidence::Gather;
use super::memo::{Key, Known, Owned, Part, Place};
use super::people::Evidence;
use super::scrub::Scrub;
use super::tally::Tally;
use crate::format::line;
use crate::links::Spotted;

/// What was counted before a part.
struct Before {
    tally: Tally,
    identifier: bool,
}

impl Scrub<'_> {
    /// Writes what a part became when it came before, or else what `write` writes. `say` collects
    /// what it is evidence of.
    pub(super) fn part(
        &mut self,
        part: Part<'_>,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut Self, &mut Vec<u8>),
        say: impl FnOnce(Gather<'_>, &mut Evidence),
    ) {
        let key = self.memo.key(part);
        if let Some(known) = self.memo.get(key) {
            known.repeat(self.tokens, &mut self.identifier, &mut self.spotted);
            return out.extend_from_slice(&known.json);
        }
        self.new_part(part.place, key, out, write, say);
    }

    /// The same for a part that is not known.
    pub(super) fn new_part(
        &mut self,
        place: Place,
        key: Key,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut Self, &mut Vec<u8>),
        say: impl FnOnce(Gather<'_>, &mut Evidence),
    ) {
        let start = out.len();
        let before = self.before();
        write(self, out);
        let spotted = self.spotted_in(place);
        if self.settles(key) {
            let mut evidence = Evidence::default();
            let (policy, people) = (self.policy, self.people);
            say(Gather { policy, people }, &mut evidence);
            if let Some(presented) = self.owned(&evidence) {
                let known = Known {
                    presented,
                    ..self.known(&before, &out[start..], spotted)
                };
                self.memo.put(key, Arc::new(known));
            }
        }
        self.identifier |= before.identifier;
    }

    /// Writes a part that came before.
    pub(super) fn again(&mut self, known: &Known, out: &mut Vec<u8>) {
        known.repeat(self.tokens, &mut self.identifier, &mut self.spotted);
        out.extend_from_slice(&known.json);
    }

    /// What a path becomes, and the template that names its route.
    pub(super) fn known_path(&mut self, path: &str) -> Arc<Known> {
        let key = self.memo.key(Part::new(Place::Path, path));
        if let Some(known) = self.memo.get(key) {
            known.repeat(self.tokens, &mut self.identifier, &mut self.spotted);
            return Arc::clone(known);
        }
        let before = self.before();
        self.here.start("path");
        let safe = self.path(path);
        let spotted = self.spotted_in(Place::Path);
        let mut json = Vec::new();
        line::quoted(&mut json, &safe.path);
        let known = Arc::new(Known {
            template: safe.template.into(),
            ..self.known(&before, &json, spotted)
        });
        if self.settles(key) {
            self.memo.put(key, Arc::clone(&known));
        }
        self.identifier |= before.identifier;
        known
    }

    fn before(&mut self) -> Before {
        self.tokens.varies = false;
        Before {
            tally: *self.tokens.tally(),
            identifier: std::mem::take(&mut self.identifier),
        }
    }

    /// What was spotted in the part that was just written.
    fn spotted_in(&mut self, place: Place) -> Option<Arc<Spotted>> {
        let spotted = if place.is_answered() {
            self.spots.take_given()
        } else {
            self.spots.take_used()
        };
        self.spotted.extend(spotted.clone());
        spotted
    }

    /// Whether the part comes often enough to be remembered, and nothing but itself decided what
    /// it became.
    fn settles(&mut self, key: Key) -> bool {
        self.memo.wants(key) && !self.tokens.varies
    }

    fn known(&mut self, before: &Before, json: &[u8], spotted: Option<Arc<Spotted>>) -> Known {
        Known {
            json: json.into(),
            template: Box::default(),
            tally: self.tokens.tally().since(&before.tally).into(),
            identifier: self.identifier,
            presented: Box::default(),
            spotted,
        }
    }

    /// Whose the credentials are, if that is all there is to the evidence, and it is known.
    fn owned(&self, evidence: &Evidence) -> Option<Box<[Owned]>> {
        let presented = evidence.presented.iter();
        let owned = presented.map(|known| Some((known.token, self.people.owner(known.token)?)));
        evidence.is_plain().then(|| owned.collect())?
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::net::Ipv4Addr;

    use proptest::collection;
    use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::super::memo::{Memo, Part, Place};
    use super::super::original::Original;
    use super::super::tokens::Tokens;
    use super::super::{Anonymizer, Mode, Policy};
    use crate::exchange::Timing;
    use crate::raw::{Method, RawBody, RawExchange, RawHeaders};
    use crate::recording::Sample;

    const PATHS: [&str; 5] = [
        "/api/v1/people/7301",
        "/api/v1/schedule/2026-01-05/2026-02-02",
        "/wards/miller",
        "/api/v1/people",
        "/quo\"te/{{auth:u1}}",
    ];
    const QUERIES: [&str; 7] = [
        "",
        "page=1",
        "person_id=6f1f4c9e-98f5-4c58-8a3c-3a1c4f0d1a11&query=a+b",
        "token=first-token",
        "username=ana&password=x",
        "absence_type=sick",
        "ip_address=192.0.2.77&phone=808+201+3388&mrn=12345678",
    ];
    const SENT: [(&str, &str); 9] = [
        ("accept", "application/json"),
        ("x-unheard", "miller"),
        ("idempotency-key", "k-77"),
        ("authorization", "Bearer first-token"),
        ("authorization", "Bearer second-token"),
        ("authorization", "Digest username=\"ana\""),
        ("proxy-authorization", "first-token"),
        ("cookie", "access_token=\"Bearer first-token\"; theme=dark"),
        ("cookie", "username=ana; refresh_token=second-token"),
    ];
    const BODIES: [(&str, &str); 7] = [
        ("application/json", ""),
        (
            "application/json",
            r#"{"username":"ana","password":"s3cret-1"}"#,
        ),
        (
            "application/json",
            r#"{"username":"bo","password":"s3cret-2"}"#,
        ),
        (
            "application/json",
            r#"{"refresh_token":"first-token","mrn":4111111111}"#,
        ),
        (
            "application/json",
            r#"{"absence_type":"medical","notes":"Call Ana"}"#,
        ),
        (
            "application/x-www-form-urlencoded",
            "username=ana&password=s3cret-1",
        ),
        ("text/plain", "Call Ana"),
    ];
    const ANSWERS: [&str; 7] = [
        "",
        r#"{"access_token":"first-token"}"#,
        r#"{"items":[{"id":1},{"id":2},{"refresh_token":"second-token"}]}"#,
        r#"[{"id":"6f1f4c9e-98f5-4c58-8a3c-3a1c4f0d1a11","Miller":"2026-02-03"}]"#,
        r#"{"id":"ward-7","status":"pending"}"#,
        r#"{"broken":"#,
        "first-token",
    ];
    const GIVEN: [(&str, &str); 4] = [
        ("vary", "origin"),
        ("set-cookie", "access_token=first-token; Path=/"),
        ("set-cookie", "theme=dark; Path=/people/ana"),
        (
            "location",
            "https://h.org/api/v1/people/7301?token=second-token",
        ),
    ];

    /// An exchange that is made of some of the above.
    fn exchange(parts: [usize; 8]) -> RawExchange {
        let [client, path, query, sent, other, body, answer, given] = parts;
        let headers = |pairs: &[(&str, &str)]| {
            let mut headers = RawHeaders::default();
            for (name, value) in pairs {
                headers.push(name.as_bytes(), value.as_bytes());
            }
            headers
        };
        let kept = |text: &str| {
            let mut kept = RawBody::default();
            kept.push(text.as_bytes(), 1024);
            kept
        };
        let (content_type, body) = BODIES[body % BODIES.len()];
        let sent = [sent, other].map(|place| SENT[place % SENT.len()]);
        let json = ("content-type", "application/json");
        RawExchange {
            at_ns: 7,
            connection: 1,
            client: Ipv4Addr::new(192, 0, 2, u8::from(client % 2 == 0)).into(),
            version: "1.1",
            method: Method::of(b"POST"),
            path: PATHS[path % PATHS.len()].to_owned(),
            query: QUERIES[query % QUERIES.len()].to_owned(),
            request_headers: headers(&[sent[0], sent[1], ("content-type", content_type)]),
            request_body: kept(body),
            status: [200, 401, 404][client % 3],
            response_headers: headers(&[GIVEN[given % GIVEN.len()], json]),
            response_body: kept(ANSWERS[answer % ANSWERS.len()]),
            timing: Timing {
                first_byte_ns: 1,
                total_ns: 2,
            },
            aborted: false,
        }
    }

    /// An anonymizer of which two with one seed do the same.
    fn seeded(seed: u64, originals: usize) -> Anonymizer {
        let policy = include_str!("../../../config/anonymize.toml");
        let mut anonymizer =
            Anonymizer::new(Policy::parse(policy).unwrap(), &Mode::Tokens, Sample::ALL);
        anonymizer.tokens = Tokens::with_rng(originals, StdRng::seed_from_u64(seed));
        anonymizer
    }

    fn line(anonymizer: &mut Anonymizer, raw: &RawExchange) -> String {
        String::from_utf8(anonymizer.apply(raw).unwrap().line().to_vec()).unwrap()
    }

    fn learned(anonymizer: &Anonymizer) -> (BTreeMap<&str, u64>, BTreeSet<&str>) {
        let originals = anonymizer.tokens.private_originals();
        (
            anonymizer.redacted(),
            originals.map(Original::as_str).collect(),
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn what_is_remembered_changes_nothing(
            pool in collection::vec(any::<[usize; 8]>(), 1..6),
            order in collection::vec(any::<usize>(), 1..50),
            seed: u64,
            few: bool,
        ) {
            let originals = if few { 6 } else { 1000 };
            let mut remembering = seeded(seed, originals);
            let mut forgetful = seeded(seed, originals);
            for place in order {
                let raw = exchange(pool[place % pool.len()]);
                forgetful.memo = Memo::new();
                prop_assert_eq!(line(&mut remembering, &raw), line(&mut forgetful, &raw));
                prop_assert_eq!(learned(&remembering), learned(&forgetful));
            }
        }
    }

    /// Whether it is remembered what the request's body became.
    fn is_known(anonymizer: &mut Anonymizer, (content_type, body): (&str, &str)) -> bool {
        let place = match content_type {
            "application/json" => Place::RequestJson,
            "text/plain" => Place::RequestText,
            _ => Place::RequestForm,
        };
        let key = anonymizer.memo.key(Part::new(place, body));
        anonymizer.memo.get(key).is_some()
    }

    #[test]
    fn what_comes_again_is_remembered() {
        let mut anonymizer = seeded(1, 1000);
        for times in 0..4 {
            let known = is_known(&mut anonymizer, BODIES[6]);
            assert_eq!(known, times > 1, "{times} times");
            anonymizer.apply(&exchange([2, 0, 2, 0, 3, 6, 3, 0]));
        }
    }

    #[test]
    fn log_ins_are_not_remembered() {
        for body in [1, 2, 5] {
            let mut anonymizer = seeded(1, 1000);
            for _ in 0..5 {
                anonymizer.apply(&exchange([0, 3, 4, 0, 0, body, 1, 1]));
            }
            assert!(!is_known(&mut anonymizer, BODIES[body]), "{body}");
        }
    }
}
