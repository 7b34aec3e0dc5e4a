//! The parts of an exchange: written as they came out before, where they come again.

use std::sync::Arc;

use super::memo::{Key, Known, Part, Place};
use super::original::Original;
use super::people::{Evidence, Member};
use super::policy::Policy;
use super::scrub::Scrub;
use super::tally::Tally;
use crate::format::line;

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
        say: impl FnOnce(&Policy, &mut Evidence),
    ) {
        let key = self.memo.key(part);
        if let Some(known) = self.memo.get(key) {
            self.tokens.tally().add_all(&known.tally);
            self.identifier |= known.identifier;
            return out.extend_from_slice(&known.json);
        }
        let start = out.len();
        let before = self.before();
        write(self, out);
        if self.settles(key) {
            let mut evidence = Evidence::default();
            say(self.policy, &mut evidence);
            if let Some(presented) = self.owned(evidence) {
                let known = self.known(&before, &out[start..], "", presented);
                self.memo.put(key, Arc::new(known));
            }
        }
        self.identifier |= before.identifier;
    }

    /// Writes a part that came before.
    pub(super) fn again(&mut self, known: &Known, out: &mut Vec<u8>) {
        self.tokens.tally().add_all(&known.tally);
        self.identifier |= known.identifier;
        out.extend_from_slice(&known.json);
    }

    /// What a path becomes, and the template that names its route.
    pub(super) fn known_path(&mut self, path: &str) -> Arc<Known> {
        let key = self.memo.key(Part::new(Place::Path, path));
        if let Some(known) = self.memo.get(key) {
            self.tokens.tally().add_all(&known.tally);
            self.identifier |= known.identifier;
            return Arc::clone(known);
        }
        let before = self.before();
        let safe = self.path(path);
        let (mut json, mut template) = (Vec::new(), Vec::new());
        line::quoted(&mut json, &safe.path);
        line::quoted(&mut template, &safe.template);
        let inside = std::str::from_utf8(&template[1..template.len() - 1]).unwrap_or_default();
        let known = Arc::new(self.known(&before, &json, inside, Box::default()));
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

    /// Whether the part comes often enough to be remembered, and nothing but itself decided what
    /// it became.
    fn settles(&mut self, key: Key<'_>) -> bool {
        self.memo.wants(key) && !self.tokens.varies
    }

    fn known(
        &mut self,
        before: &Before,
        json: &[u8],
        template: &str,
        presented: Box<[(Arc<Original>, Member)]>,
    ) -> Known {
        Known {
            json: json.into(),
            template: template.into(),
            tally: self.tokens.tally().since(&before.tally).into(),
            identifier: self.identifier,
            presented,
        }
    }

    /// Whose the credentials are, if that is all there is to the evidence, and it is known.
    fn owned(&self, evidence: Evidence) -> Option<Box<[(Arc<Original>, Member)]>> {
        if evidence.password || evidence.username.is_some() || !evidence.issued.is_empty() {
            return None;
        }
        let presented = evidence.presented.into_iter();
        presented
            .map(|known| {
                Some((
                    Arc::clone(&known.token),
                    self.people.owner(known.token.as_str())?,
                ))
            })
            .collect()
    }
}
