//! The org behind a loopback port, as a real HTTP/1.1 server: lost and broken answers become broken connections.
//!
//! Built on hyper and not on a framework, because a handler must be able to close the connection without an answer.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use http::{HeaderValue, Request, Response, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use ports::Clock;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::org::Org;
use crate::reply::Outcome;

type Body = BoxBody<Bytes, io::Error>;

/// A running server; it stops when this is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves the org on `127.0.0.1`; port 0 takes a free one. The org's addresses become the server's; with
    /// `separate_login_host`, tokens are asked for at `localhost` and the API is called at `127.0.0.1`. The org follows the
    /// clock.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub async fn start(
        org: Arc<Mutex<Org>>,
        port: u16,
        separate_login_host: bool,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let instance = format!("http://{address}");
        let login = if separate_login_host { format!("http://localhost:{}", address.port()) } else { instance.clone() };
        org.lock().unwrap_or_else(PoisonError::into_inner).set_addresses(&login, &instance);
        let task = tokio::spawn(async move {
            loop {
                // A failed accept concerns one caller only.
                let Ok((stream, _)) = listener.accept().await else { continue };
                tokio::spawn(connection(stream, Arc::clone(&org), Arc::clone(&clock)));
            }
        });
        Ok(Self { address, task })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn connection(stream: TcpStream, org: Arc<Mutex<Org>>, clock: Arc<dyn Clock>) {
    let service = service_fn(|request| answer(request, Arc::clone(&org), Arc::clone(&clock)));
    // An error here is a connection that ended early, by the caller or by a fault: nothing to do.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// An error closes the connection without an answer.
async fn answer(request: Request<Incoming>, org: Arc<Mutex<Org>>, clock: Arc<dyn Clock>) -> io::Result<Response<Body>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let request = Request::from_parts(parts, body);
    let reply = {
        let mut org = org.lock().unwrap_or_else(PoisonError::into_inner);
        org.set_now(clock.now());
        org.handle(&request)
    };
    if !reply.delay.is_zero() {
        clock.sleep(reply.delay).await;
    }
    match reply.outcome {
        Outcome::Answer(answer) => Ok(answer.map(|body| Full::new(body).map_err(never).boxed())),
        Outcome::NotConnected | Outcome::AnswerLost => Err(broken()),
        Outcome::Truncated { answer, length } => Ok(cut(answer, length)),
    }
}

/// An answer that announces its whole length and breaks off before.
fn cut(answer: Response<Bytes>, length: usize) -> Response<Body> {
    let (mut parts, body) = answer.into_parts();
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    let first = body.slice(..length.min(body.len()));
    let sent = stream::once(async { Ok(Frame::data(first)) });
    // The pause lets hyper flush what it has before the error makes it drop everything.
    let then = stream::once(async {
        tokio::task::yield_now().await;
        Err(broken())
    });
    Response::from_parts(parts, BodyExt::boxed(StreamBody::new(sent.chain(then))))
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "connection broken on purpose")
}

fn never(never: Infallible) -> io::Error {
    match never {}
}
