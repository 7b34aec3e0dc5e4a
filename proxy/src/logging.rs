//! Events on stderr, through tracing.
//!
//! Nothing that a client sent is ever logged. pingora's debug lines quote whole requests, so
//! foreign code is held to `info` whatever `RUST_LOG` says.

use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

const DEFAULT: &str = "warn,rehearsal_proxy=info";

/// Whose warnings quote header values, and who calls it an error when a client hangs up.
const UNHEARD: [&str; 2] = ["pingora_core::protocols::http::v1", "pingora_core::apps"];

pub(crate) fn init() {
    let text = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
    let text = if text.is_empty() { DEFAULT } else { &text };
    let (wanted, mistake) = match EnvFilter::try_new(text) {
        Ok(wanted) => (wanted, None),
        Err(mistake) => (EnvFilter::new(DEFAULT), Some(mistake)),
    };
    let safe = filter_fn(|event| {
        let ours = event.target().starts_with("rehearsal_proxy");
        let unheard = UNHEARD.iter().any(|it| event.target().starts_with(it));
        ours || (*event.level() <= LevelFilter::INFO && !unheard)
    });
    let lines = fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_filter(safe);
    // A second start in one process keeps the first subscriber.
    drop(
        tracing_subscriber::registry()
            .with(wanted)
            .with(lines)
            .try_init(),
    );
    log::set_max_level(log::max_level().min(log::LevelFilter::Info));
    if let Some(mistake) = mistake {
        tracing::warn!(%mistake, "cannot read RUST_LOG; logging as if it were not set");
    }
}
