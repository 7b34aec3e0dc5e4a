//! Clients that ask without a pause, while something happens to the proxy.
//!
//! Some keep their connection for as long as they may, some make a new one for each request. A
//! request that is not answered with 200 is a failure, and so is a connection that is refused.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use crate::client::Client;
use crate::eventually;
use crate::proxy::request;

/// Clients at work; they give up by themselves after many requests.
pub(crate) struct Load {
    enough: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<()>>,
}

const MOST: usize = 100_000;

impl Load {
    pub(crate) fn start(address: SocketAddr) -> Self {
        let (enough, answered) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let clients = [true, true, false].map(|keep| {
            let (enough, answered) = (Arc::clone(&enough), Arc::clone(&answered));
            thread::spawn(move || ask(address, keep, &enough, &answered))
        });
        let load = Self {
            enough,
            answered,
            clients: clients.into(),
        };
        load.goes_on();
        load
    }

    /// Waits until more has been answered.
    #[track_caller]
    pub(crate) fn goes_on(&self) {
        let before = self.answered.load(Ordering::Relaxed);
        eventually("more is answered", || {
            let answered = self.answered.load(Ordering::Relaxed);
            let stopped = self.clients.iter().any(JoinHandle::is_finished);
            (stopped || answered >= before + 20).then_some(())
        });
    }

    /// Ends it; panics if a request failed. Returns how many were answered.
    pub(crate) fn end(self) -> usize {
        self.enough.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.join().unwrap();
        }
        self.answered.load(Ordering::Relaxed)
    }
}

fn ask(address: SocketAddr, keep: bool, enough: &AtomicBool, answered: &AtomicUsize) {
    let mut client = None;
    for _ in 0..MOST {
        if enough.load(Ordering::Relaxed) {
            return;
        }
        let mut connection = client.take().unwrap_or_else(|| Client::connect(address));
        let answer = connection.ask(&request("GET", "/", &[]));
        assert_eq!(answer.status, 200);
        answered.fetch_add(1, Ordering::Relaxed);
        if keep && answer.header("connection") != Some("close") {
            client = Some(connection);
        }
    }
}
