//! Sockets that listen: bound before anything else is started, or taken over from whoever had them.
//!
//! A port in use is said at once and in one line.

use std::io;
use std::net::{SocketAddr, TcpListener};

use rustix::net::sockopt::set_ipv6_v6only;
use tokio::net::TcpSocket;

use crate::config::Settings;

/// A socket that listens.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) role: Role,
    /// Its address as the configuration names it; the port may be 0 there.
    pub(crate) named: SocketAddr,
    pub(crate) listener: TcpListener,
}

/// Who connects to a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Clients,
    Admin,
}

/// The sockets that clients and operators connect to.
#[derive(Debug)]
pub(crate) struct Bound {
    /// In the order of the configuration.
    pub(crate) clients: Vec<Socket>,
    pub(crate) admin: Socket,
}

impl Bound {
    /// A socket for every address, one of `held` where there is one; needs a runtime to be
    /// entered.
    pub(crate) fn new(settings: &Settings, mut held: Vec<Socket>) -> Result<Self, ListenError> {
        let mut socket = |role, named| {
            let fits = |held: &Socket| {
                // Port 0 is another one each time.
                held.named == named && (held.role == role || named.port() != 0)
            };
            match held.iter().position(fits) {
                Some(index) => {
                    let listener = held.swap_remove(index).listener;
                    Ok(Socket {
                        role,
                        named,
                        listener,
                    })
                }
                None => bind(role, named),
            }
        };
        let clients = settings.listen.iter();
        Ok(Self {
            clients: clients
                .map(|listen| socket(Role::Clients, listen.address))
                .collect::<Result<_, _>>()?,
            admin: socket(Role::Admin, settings.admin)?,
        })
    }

    pub(crate) fn sockets(&self) -> impl Iterator<Item = &Socket> {
        self.clients.iter().chain([&self.admin])
    }

    /// The same sockets once more.
    pub(crate) fn shared(&self) -> io::Result<Vec<Socket>> {
        self.sockets().map(Socket::shared).collect()
    }

    /// Where to connect, with the real ports.
    pub(crate) fn addresses(&self, settings: &Settings) -> io::Result<String> {
        let clients = self.clients.iter().zip(&settings.listen);
        let clients = clients
            .map(|(socket, listen)| match listen.tls {
                Some(_) => socket.url("https"),
                None => socket.url("http"),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let clients = clients.join(" and ");
        let admin = self.admin.url("http")?;
        Ok(format!("{clients}, admin on {admin}"))
    }
}

impl Socket {
    /// The same socket once more.
    pub(crate) fn shared(&self) -> io::Result<Self> {
        Ok(Self {
            role: self.role,
            named: self.named,
            listener: self.listener.try_clone()?,
        })
    }

    fn url(&self, scheme: &str) -> io::Result<String> {
        Ok(format!("{scheme}://{}", self.listener.local_addr()?))
    }
}

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {}; stop what uses it, or change `{}` in the configuration", reason(.cause), key(*.role))]
pub(crate) struct ListenError {
    address: SocketAddr,
    cause: io::Error,
    role: Role,
}

/// Connections that may wait to be accepted; the kernel caps it by `net.core.somaxconn`.
const BACKLOG: u32 = 65_535;

fn bind(role: Role, named: SocketAddr) -> Result<Socket, ListenError> {
    match listen(named) {
        Ok(listener) => Ok(Socket {
            role,
            named,
            listener,
        }),
        Err(cause) => Err(ListenError {
            address: named,
            cause,
            role,
        }),
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    if address.is_ipv6() {
        // As in nginx, so that `[::]:80` can stand beside `0.0.0.0:80`.
        set_ipv6_v6only(&socket, true)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

const fn key(role: Role) -> &'static str {
    match role {
        Role::Clients => "listen",
        Role::Admin => "admin",
    }
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "address already in use".to_owned(),
        io::ErrorKind::AddrNotAvailable => "no such address on this machine".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use rustix::net::sockopt::ipv6_v6only;

    use super::*;
    use crate::server::worker;

    #[test]
    fn an_ipv6_address_takes_no_ipv4_along() {
        let runtime = worker::runtime().unwrap();
        let _entered = runtime.enter();
        match listen("[::]:0".parse().unwrap()) {
            Ok(listener) => assert!(ipv6_v6only(&listener).unwrap()),
            // A machine without IPv6.
            Err(error) => assert_eq!(error.raw_os_error(), Some(97), "{error}"),
        }
    }
}
