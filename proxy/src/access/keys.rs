//! The keys that open the load-test routes.
//!
//! Only digests are kept. A presented key is compared with every one in constant time.

use std::time::Duration;

use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::clock::Moment;
use crate::config::KeySettings;

/// The valid keys.
pub(crate) struct Keys {
    keys: Vec<Key>,
}

struct Key {
    digest: [u8; 32],
    expires: Option<Moment>,
}

/// Which key it was, by its place in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct KeyId(usize);

impl Keys {
    /// `today` is the Unix second at which the clock stood at `now`.
    pub(crate) fn new(settings: &[KeySettings], today: i64, now: Moment) -> Self {
        let keys = settings.iter().map(|key| Key {
            digest: Sha256::digest(key.secret.expose_secret()).into(),
            expires: key.expires.map(|expires| {
                let left = u64::try_from(expires - today).unwrap_or(0);
                now + Duration::from_secs(left)
            }),
        });
        Self {
            keys: keys.collect(),
        }
    }

    /// The key that was presented, if it is one of ours and still valid.
    pub(crate) fn find(&self, presented: &[u8], now: Moment) -> Option<KeyId> {
        let digest: [u8; 32] = Sha256::digest(presented).into();
        let mut found = None;
        for (index, key) in self.keys.iter().enumerate() {
            let equal = bool::from(key.digest.ct_eq(&digest));
            let valid = key.expires.is_none_or(|expires| now < expires);
            if equal & valid {
                found = Some(KeyId(index));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    fn keys() -> Keys {
        let key = |secret: &str, expires| KeySettings {
            name: secret.to_owned(),
            secret: SecretString::from(secret),
            expires,
        };
        Keys::new(
            &[key("first", None), key("second", Some(1_010))],
            1_000,
            Moment::default(),
        )
    }

    #[test]
    fn a_key_is_found_by_its_exact_bytes() {
        let now = Moment::default();
        assert_eq!(keys().find(b"first", now), Some(KeyId(0)));
        assert_eq!(keys().find(b"second", now), Some(KeyId(1)));
        for wrong in [&b"First"[..], b"first ", b"", b"firs"] {
            assert_eq!(keys().find(wrong, now), None);
        }
    }

    #[test]
    fn a_key_ends_when_it_expires() {
        let at = |seconds| Moment::default() + Duration::from_secs(seconds);
        assert_eq!(keys().find(b"second", at(9)), Some(KeyId(1)));
        assert_eq!(keys().find(b"second", at(10)), None);
    }

    #[test]
    fn settings_do_not_show_the_secret() {
        let settings = KeySettings {
            name: "staging".to_owned(),
            secret: SecretString::from("hush"),
            expires: None,
        };
        assert!(!format!("{settings:?}").contains("hush"));
    }
}
