//! Binding addresses, before anything else is started.
//!
//! A port in use is said at once and in one line.

use std::io;
use std::net::{SocketAddr, TcpListener};

use tokio::net::TcpSocket;

use crate::config::Settings;

/// The sockets that clients and operators connect to.
pub(crate) struct Bound {
    pub(crate) clients: Vec<TcpListener>,
    pub(crate) admin: TcpListener,
}

impl Bound {
    /// Binds every address; needs a runtime to be entered.
    pub(crate) fn new(settings: &Settings) -> Result<Self, ListenError> {
        let clients = settings
            .listen
            .iter()
            .map(|address| bind(*address, "listen"));
        Ok(Self {
            clients: clients.collect::<Result<_, _>>()?,
            admin: bind(settings.admin, "admin")?,
        })
    }

    /// The line that says where to connect, with the real ports.
    pub(crate) fn ready(&self) -> io::Result<String> {
        let clients = self
            .clients
            .iter()
            .map(url)
            .collect::<Result<Vec<_>, _>>()?;
        let clients = clients.join(" and ");
        let admin = url(&self.admin)?;
        Ok(format!(
            "rehearsal-proxy listens on {clients}, admin on {admin}"
        ))
    }
}

fn url(listener: &TcpListener) -> io::Result<String> {
    Ok(format!("http://{}", listener.local_addr()?))
}

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {}; stop what uses it, or change `{key}` in the configuration", reason(.cause))]
pub(crate) struct ListenError {
    address: SocketAddr,
    cause: io::Error,
    key: &'static str,
}

/// Connections that may wait to be accepted; the kernel caps it by `net.core.somaxconn`.
const BACKLOG: u32 = 65_535;

fn bind(address: SocketAddr, key: &'static str) -> Result<TcpListener, ListenError> {
    listen(address).map_err(|cause| ListenError {
        address,
        cause,
        key,
    })
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "address already in use".to_owned(),
        io::ErrorKind::AddrNotAvailable => "no such address on this machine".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}
