//! Users who work at an address, or through a proxy that records what they do.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Result, ensure};
use demo::users::{self, UsersConfig, UsersReport};
use tokio::runtime::Builder;

use crate::Stage;

/// Lets users work to their end.
pub fn work(config: UsersConfig) -> Result<UsersReport> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(users::run(config, |_| {})))
}

/// Lets users work through a proxy in front of the stage that records into `capture`, and closes
/// it. `config` makes them for the proxy's address.
pub fn record(
    stage: &Stage,
    capture: &Path,
    config: impl FnOnce(SocketAddr) -> UsersConfig,
) -> Result<UsersReport> {
    let (proxy, address) = stage.proxy(Some(capture))?;
    let report = work(config(address.parse()?))?;
    let (status, said) = proxy.stop()?;
    ensure!(status.success(), "the proxy ended with {status}: {said}");
    Ok(report)
}
