//! What the system allows the process: many open files, and no core file.

use rustix::io;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// As many descriptors as the process may have: each connection takes two.
pub(crate) fn allow_many_connections() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    if let Err(error) = set(Resource::Nofile, limit.maximum) {
        tracing::warn!(%error, "cannot raise the number of open files");
    }
}

/// A core file would hold what passed when the process broke, as it came.
pub(crate) fn allow_core_dumps(allowed: bool) {
    let most = if allowed {
        getrlimit(Resource::Core).maximum
    } else {
        Some(0)
    };
    if let Err(error) = set(Resource::Core, most) {
        tracing::warn!(%error, "cannot set the size of core files");
    }
}

/// Sets what holds now, and leaves what may be asked for: none is no limit.
fn set(resource: Resource, current: Option<u64>) -> io::Result<()> {
    let limit = getrlimit(resource);
    setrlimit(resource, Rlimit { current, ..limit })
}
