//! Programs that everybody has, through the proxy.

mod browser;
mod curl;
mod wrk;
