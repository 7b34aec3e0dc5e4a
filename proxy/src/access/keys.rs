//! The keys that open the load-test routes.
//!
//! Only digests are kept. A presented key is compared with every one in constant time.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
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

/// Which key it was: the first bytes of its digest, which a change to other keys does not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct KeyId(u64);

/// A new key: 32 random bytes of the system, as 43 characters that fit into a URL and a shell.
///
/// # Panics
/// When the system has no randomness to give, without which no key would be safe.
#[cfg_attr(not(test), expect(dead_code, reason = "for the subcommand `key`"))]
pub(crate) fn generate() -> SecretString {
    let mut bytes = Zeroizing::new([0; 32]);
    UnwrapErr(SysRng).fill_bytes(bytes.as_mut_slice());
    SecretString::from(URL_SAFE_NO_PAD.encode(&bytes))
}

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
        for key in &self.keys {
            let equal = bool::from(key.digest.ct_eq(&digest));
            let valid = key.expires.is_none_or(|expires| now < expires);
            if equal & valid {
                found = Some(key.id());
            }
        }
        found
    }
}

impl Key {
    fn id(&self) -> KeyId {
        let [a, b, c, d, e, f, g, h, ..] = self.digest;
        KeyId(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

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
        let [first, second] = [0, 1].map(|index| keys().keys[index].id());
        assert_ne!(first, second);
        assert_eq!(keys().find(b"first", now), Some(first));
        assert_eq!(keys().find(b"second", now), Some(second));
        for wrong in [&b"First"[..], b"first ", b"", b"firs"] {
            assert_eq!(keys().find(wrong, now), None);
        }
    }

    #[test]
    fn a_key_ends_when_it_expires() {
        let at = |seconds| Moment::default() + Duration::from_secs(seconds);
        assert!(keys().find(b"second", at(9)).is_some());
        assert_eq!(keys().find(b"second", at(10)), None);
    }

    #[test]
    fn a_generated_key_is_new_each_time_and_fits_a_header() {
        let keys = [(); 100].map(|()| generate());
        let distinct: HashSet<_> = keys.iter().map(ExposeSecret::expose_secret).collect();
        assert_eq!(distinct.len(), keys.len());
        for key in distinct {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            assert!(key.len() == 43 && key.bytes().all(plain), "{key}");
        }
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
