//! What the proxy serves: its sockets, the doors that accept from them, and who is behind each.

use std::io;
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::accept::{Desk, Doors};
use super::drain::Stop;
use super::entrance::Entrance;
use super::listen::{Bound, Socket};
use super::serve::{Shutdown, serve};
use crate::admin::Admin;
use crate::clock::Clock;
use crate::config::{ClientSettings, Settings};
use crate::shared::Shared;

/// Where connections come from, and where they go.
pub(crate) struct Served {
    pub(super) bound: Bound,
    pub(super) doors: Doors,
    pub(super) desks: Arc<[Desk]>,
    pub(super) admin_doors: Doors,
    pub(super) admin_desk: Arc<[Desk]>,
    pub(super) admin: JoinHandle<usize>,
    pub(super) admin_stop: Stop,
    clock: Clock,
}

impl Served {
    /// Opens the doors.
    pub(crate) fn open(
        bound: Bound,
        settings: &Settings,
        shared: &Arc<Shared>,
        desks: Arc<[Desk]>,
        shutdown: &Shutdown,
    ) -> io::Result<Self> {
        let clock = shared.clock;
        let open = desks.iter().map(|desk| Arc::clone(&desk.open)).collect();
        let admin = Admin::new(Arc::clone(shared), open, shutdown.watch.clone());
        let (desk, incoming) = Desk::new();
        let (admin_stop, admin_shutdown) = Stop::new();
        let admin_open = Arc::clone(&desk.open);
        let admin = serve(Arc::new(admin), incoming, admin_open, admin_shutdown);
        let admin_desk: Arc<[Desk]> = Arc::new([desk]);
        Ok(Self {
            doors: client_doors(&bound, settings, &desks, clock)?,
            admin_doors: admin_doors(&bound.admin, &admin_desk, clock)?,
            admin: tokio::spawn(admin),
            bound,
            desks,
            admin_desk,
            admin_stop,
            clock,
        })
    }

    /// Opens other doors beside those that are open.
    pub(super) fn open_others(&self, bound: Bound, settings: &Settings) -> io::Result<Others> {
        Ok(Others {
            doors: client_doors(&bound, settings, &self.desks, self.clock)?,
            admin_doors: admin_doors(&bound.admin, &self.admin_desk, self.clock)?,
            bound,
        })
    }

    /// Closes the doors that were open. Connections that came through them go on.
    pub(super) fn replace(&mut self, others: Others) {
        self.bound = others.bound;
        self.doors = others.doors;
        self.admin_doors = others.admin_doors;
    }
}

/// Doors that are to take the place of those that are open; closed again when dropped.
pub(super) struct Others {
    bound: Bound,
    doors: Doors,
    admin_doors: Doors,
}

fn client_doors(
    bound: &Bound,
    settings: &Settings,
    desks: &Arc<[Desk]>,
    clock: Clock,
) -> io::Result<Doors> {
    let mut sockets = Vec::new();
    for (socket, listen) in bound.clients.iter().zip(&settings.listen) {
        let entrance = Entrance::new(listen.tls.as_ref(), settings.client, clock);
        sockets.push((socket, entrance));
    }
    Doors::open(sockets.into_iter(), desks, clock)
}

fn admin_doors(socket: &Socket, desk: &Arc<[Desk]>, clock: Clock) -> io::Result<Doors> {
    let entrance = Entrance::new(None, ClientSettings::default(), clock);
    Doors::open([(socket, entrance)].into_iter(), desk, clock)
}
