//! What a browser may do with the page (Content Security Policy): nothing but its own script and
//! style, known by their hashes. Whatever a capture holds, it cannot run.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

use super::STYLE;

/// The policy of a page with these scripts, and what it may do beyond.
pub(super) fn of(scripts: &[&str], beyond: &str) -> String {
    let scripts: Vec<_> = scripts.iter().copied().map(hash).collect();
    format!(
        "default-src 'none'; script-src {}; style-src {}; {beyond}base-uri 'none'; \
         form-action 'none'",
        scripts.join(" "),
        hash(STYLE)
    )
}

fn hash(content: &str) -> String {
    let digest = Sha256::digest(content.as_bytes());
    format!("'sha256-{}'", BASE64_STANDARD.encode(digest))
}
