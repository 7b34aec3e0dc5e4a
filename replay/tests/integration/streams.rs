//! A server that speaks HTTP/2, in clear or through TLS, and answers as the path says.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::{Request, Response};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::runtime;
use tokio::task::{LocalSet, spawn_local};
use tokio_rustls::TlsAcceptor;

/// How a server is.
#[derive(Clone, Copy)]
pub(crate) struct Manner {
    /// Bytes that may come before it has read earlier ones.
    pub(crate) window: u32,
    /// Requests at once.
    pub(crate) most: u32,
    /// It lets a connection go after so many requests.
    pub(crate) retires_after: usize,
}

/// What a server saw: the connection's number, the path, and the body.
pub(crate) type Seen = (usize, String, Vec<u8>);

/// A running server; it ends with the test's process.
pub(crate) struct Streams {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            window: 65_535,
            most: 100,
            retires_after: usize::MAX,
        }
    }
}

impl Streams {
    /// Starts a server on a free port.
    pub(crate) fn start(manner: Manner, tls: Option<ServerConfig>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Vec<_>>>::default();
        let log = Arc::clone(&seen);
        thread::spawn(move || {
            let mut runtime = runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().unwrap();
            LocalSet::new().block_on(&runtime, accept(listener, manner, tls, log));
        });
        Self { address, seen }
    }

    /// Everything it was asked.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

type Log = Arc<Mutex<Vec<Seen>>>;

async fn accept(
    listener: std::net::TcpListener,
    manner: Manner,
    tls: Option<ServerConfig>,
    log: Log,
) {
    let listener = TcpListener::from_std(listener).unwrap();
    let acceptor = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
    for number in 0.. {
        let (stream, _) = listener.accept().await.unwrap();
        let (acceptor, log) = (acceptor.clone(), Arc::clone(&log));
        drop(spawn_local(async move {
            match acceptor {
                None => serve(stream, number, manner, log).await,
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(stream, number, manner, log).await;
                    }
                }
            }
        }));
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    number: usize,
    manner: Manner,
    log: Log,
) {
    let shaken = h2::server::Builder::new()
        .initial_window_size(manner.window)
        .max_concurrent_streams(manner.most)
        .handshake(stream);
    let Ok(mut connection) = shaken.await else {
        return;
    };
    let mut count = 0;
    while let Some(Ok((request, answer))) = connection.accept().await {
        count += 1;
        if request.uri().path() == "/hang-up" {
            return;
        }
        drop(spawn_local(answer_to(
            request,
            answer,
            number,
            Arc::clone(&log),
        )));
        if count == manner.retires_after {
            connection.graceful_shutdown();
        }
    }
}

/// Where the peer is gone, there is nothing to do.
async fn answer_to(
    request: Request<RecvStream>,
    mut answer: SendResponse<Bytes>,
    number: usize,
    log: Log,
) -> Result<(), h2::Error> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    match path.as_str() {
        "/refuse" => {
            answer.send_reset(Reason::REFUSED_STREAM);
            return Ok(());
        }
        "/early" => {
            answer.send_response(status(413), true)?;
            return Ok(());
        }
        _ => {}
    }
    let body = whole(body).await?;
    log.lock().unwrap().push((number, path.clone(), body));
    match path.as_str() {
        "/missing" => drop(answer.send_response(status(404), true)?),
        "/large" => {
            let mut stream = answer.send_response(status(200), false)?;
            stream.send_data(vec![b'x'; 1 << 20].into(), true)?;
        }
        "/half" => {
            let mut stream = answer.send_response(status(200), false)?;
            stream.send_data("half".into(), false)?;
            stream.send_reset(Reason::INTERNAL_ERROR);
        }
        "/silent" => tokio::time::sleep(PATIENCE).await,
        "/slow" => {
            tokio::time::sleep(A_WHILE).await;
            answer.send_response(status(200), true)?;
        }
        _ => {
            let mut stream = answer.send_response(status(200), false)?;
            stream.send_data("ok".into(), false)?;
            stream.send_trailers(
                [("x-a".parse().unwrap(), "1".parse().unwrap())]
                    .into_iter()
                    .collect(),
            )?;
        }
    }
    Ok(())
}

async fn whole(mut body: RecvStream) -> Result<Vec<u8>, h2::Error> {
    let mut whole = Vec::new();
    while let Some(bytes) = body.data().await.transpose()? {
        whole.extend_from_slice(&bytes);
        body.flow_control().release_capacity(bytes.len())?;
    }
    Ok(whole)
}

fn status(status: u16) -> Response<()> {
    Response::builder().status(status).body(()).unwrap()
}

const PATIENCE: Duration = Duration::from_secs(10);
const A_WHILE: Duration = Duration::from_millis(150);
