//! The thread of the live page: takes connections, and ends them with the run.

use std::convert::Infallible;
use std::future::ready;
use std::net::TcpListener as Bound;
use std::rc::Rc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::process::setpriority_process;
use tokio::net::{TcpListener, TcpStream};
use tokio::pin;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{sleep, timeout};

use super::answer::answer;
use super::pages::Pages;
use super::phase::Phase;
use super::{LAST_WORD, State};

/// The runtime of the thread.
pub(super) fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Serves until the run is over and clients have heard of it, or had the time to.
pub(super) fn run(runtime: &Runtime, listener: Bound, pages: Pages) {
    // Of this thread alone: it gives way to those that send.
    let _refused = setpriority_process(None, NICE);
    LocalSet::new().block_on(runtime, async {
        if listener.set_nonblocking(true).is_ok()
            && let Ok(listener) = TcpListener::from_std(listener)
        {
            serve(listener, Rc::new(pages)).await;
        }
    });
}

async fn serve(listener: TcpListener, pages: Rc<Pages>) {
    let mut changes = pages.changes();
    let over = changes.wait_for(is_over);
    pin!(over);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.len() < MOST => {
                    connections.spawn_local(connection(stream, Rc::clone(&pages)));
                }
                // Closed at once, which a browser says to its user.
                Ok(_one_too_many) => {}
                // As with too many open files: others may close some.
                Err(_) => sleep(Duration::from_millis(100)).await,
            },
            Some(_) = connections.join_next() => {}
            _ = &mut over => break,
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    // Who does not read by then is left.
    let _late = timeout(LAST_WORD, all).await;
}

async fn connection(stream: TcpStream, pages: Rc<Pages>) {
    let Ok(local) = stream.local_addr() else {
        return;
    };
    let mut changes = pages.changes();
    let service = service_fn(|request| {
        ready(Ok::<_, Infallible>(answer(
            &pages,
            local.ip().to_canonical(),
            &request,
        )))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    pin!(connection);
    tokio::select! {
        // Clients come and go.
        _ended = connection.as_mut() => return,
        _over = changes.wait_for(is_over) => connection.as_mut().graceful_shutdown(),
    }
    let _ended = connection.await;
}

fn is_over(state: &State) -> bool {
    state.phase == Phase::Over
}

/// Connections at once.
const MOST: usize = 64;
/// How long a client may take to ask, or to ask again.
const PATIENCE: Duration = Duration::from_secs(10);
/// For heads; and what is written ahead of who reads slowly.
const BUFFER: usize = 32 * 1024;
const NICE: i32 = 10;
