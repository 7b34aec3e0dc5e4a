//! Who stands for whom: recorded users get test users, by role where the capture knows it.
//!
//! Pure, and the same for the same seed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::users::Pool;

/// The test users, and who of them is taken.
#[derive(Debug)]
pub(super) struct Cast {
    pool: Arc<Pool>,
    /// Whether several recorded users may log in as one test user.
    share: bool,
    /// The configuration file, for messages.
    config: String,
    by_role: BTreeMap<String, Vec<usize>>,
    everybody: Vec<usize>,
    taken: Vec<u32>,
}

impl Cast {
    /// Nobody is taken yet. The seed decides in which order they will be.
    pub(super) fn new(pool: Arc<Pool>, seed: u64, share: bool, config: String) -> Self {
        let mut everybody: Vec<_> = (0..pool.users.len()).collect();
        everybody.sort_by_cached_key(|&at| {
            let mut hash = Sha256::new();
            hash.update(seed.to_le_bytes());
            hash.update(pool.users[at].username.as_bytes());
            hash.finalize()
        });
        let mut by_role: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for &at in &everybody {
            let role = by_role.entry(pool.users[at].role.clone());
            role.or_default().push(at);
        }
        Self {
            share,
            config,
            by_role,
            everybody,
            taken: vec![0; pool.users.len()],
            pool,
        }
    }

    /// Gives each of these users (by its role, where known) an index into the pool.
    pub(super) fn assign(&mut self, roles: &[Option<&str>]) -> Result<Vec<usize>, AssignError> {
        if roles.is_empty() {
            return Ok(Vec::new());
        }
        let Some(file) = self.pool.file.clone() else {
            return Err(AssignError::NoPool {
                needed: roles.len(),
                config: self.config.clone(),
            });
        };
        let mut given = vec![usize::MAX; roles.len()];
        // Users of a known role choose first: one of unknown role may take anybody who is left.
        let by_knowledge =
            |known: bool| (0..roles.len()).filter(move |&at| roles[at].is_some() == known);
        for at in by_knowledge(true).chain(by_knowledge(false)) {
            let role = roles[at];
            given[at] = self.take(role).ok_or_else(|| AssignError::TooSmall {
                file: file.clone(),
                role: role.map(str::to_owned),
                needed: roles
                    .iter()
                    .filter(|other| **other == role || role.is_none())
                    .count(),
                available: self.available(role),
                config: self.config.clone(),
            })?;
        }
        Ok(given)
    }

    /// The least used user of the role; an unused one unless sharing.
    fn take(&mut self, role: Option<&str>) -> Option<usize> {
        let candidates = match role {
            Some(role) => self.by_role.get(role)?,
            None => &self.everybody,
        };
        let at = *candidates.iter().min_by_key(|&&at| self.taken[at])?;
        if self.taken[at] > 0 && !self.share {
            return None;
        }
        self.taken[at] += 1;
        Some(at)
    }

    fn available(&self, role: Option<&str>) -> usize {
        match role {
            Some(role) => self.by_role.get(role).map_or(0, Vec::len),
            None => self.everybody.len(),
        }
    }
}

/// Why recorded users cannot all be somebody.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AssignError {
    /// No file is configured.
    #[error(
        "the capture needs {needed} test users and no users file is configured; \
         set `file` under `[users]` in {config}"
    )]
    NoPool {
        /// How many are needed.
        needed: usize,
        /// The configuration file.
        config: String,
    },
    /// There are not enough of them.
    #[error(
        "the capture needs {needed} test users{}, and `{}` has {available}; \
         add lines to it, or let several recorded users log in as one: `--share-users`, or \
         `share = true` under `[users]` in {config}",
        role.as_ref().map(|role| format!(" of role `{role}`")).unwrap_or_default(),
        file.display(),
    )]
    TooSmall {
        /// The users file.
        file: PathBuf,
        /// The role that ran out; `None` when roles are unknown.
        role: Option<String>,
        /// How many are needed.
        needed: usize,
        /// How many there are.
        available: usize,
        /// The configuration file.
        config: String,
    },
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn pool() -> Pool {
        let text = "username,password,role\na1,x,admin\nf1,x,faculty\nf2,x,faculty\nf3,x,faculty\n";
        Pool::parse(Path::new("users.csv"), text).unwrap()
    }

    fn names(roles: &[Option<&str>], seed: u64, share: bool) -> Result<Vec<String>, AssignError> {
        let pool = pool();
        let pool = Arc::new(pool);
        let mut cast = Cast::new(Arc::clone(&pool), seed, share, "other.toml".to_owned());
        let given = cast.assign(roles)?;
        Ok(given
            .into_iter()
            .map(|at| pool.users[at].username.clone())
            .collect())
    }

    #[test]
    fn roles_are_respected_and_nobody_is_used_twice() {
        let given = names(
            &[None, Some("faculty"), Some("admin"), Some("faculty")],
            1,
            false,
        )
        .unwrap();
        assert_eq!(given[2], "a1");
        let mut sorted = given.clone();
        sorted.sort();
        assert_eq!(sorted, ["a1", "f1", "f2", "f3"]);
        assert_eq!(
            given,
            names(
                &[None, Some("faculty"), Some("admin"), Some("faculty")],
                1,
                false
            )
            .unwrap()
        );
    }

    #[test]
    fn the_seed_decides() {
        let of = |seed| names(&[Some("faculty"), Some("faculty")], seed, false).unwrap();
        assert!((0..20).any(|seed| of(seed) != of(0)));
    }

    #[test]
    fn a_pool_that_is_too_small_is_an_error_unless_shared() {
        let wrong = |roles: &[_]| names(roles, 0, false).unwrap_err().to_string();
        insta::assert_snapshot!(wrong(&[Some("admin"), Some("admin")]), @"the capture needs 2 test users of role `admin`, and `users.csv` has 1; add lines to it, or let several recorded users log in as one: `--share-users`, or `share = true` under `[users]` in other.toml");
        insta::assert_snapshot!(wrong(&[None; 5]), @"the capture needs 5 test users, and `users.csv` has 4; add lines to it, or let several recorded users log in as one: `--share-users`, or `share = true` under `[users]` in other.toml");
        assert_eq!(
            names(&[Some("admin"), Some("admin")], 0, true).unwrap(),
            ["a1", "a1"]
        );
        assert!(names(&[Some("nurse")], 0, true).is_err());
        assert_eq!(
            Cast::new(Arc::default(), 0, false, "other.toml".to_owned()).assign(&[None]),
            Err(AssignError::NoPool {
                needed: 1,
                config: "other.toml".to_owned()
            })
        );
    }
}
