//! Programs that everybody has, through the proxy.

mod browser;
mod curl;
mod h2load;
mod http2;
mod wrk;
