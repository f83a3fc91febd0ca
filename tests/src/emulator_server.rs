//! A system that the tests emulate, behind a loopback port, for programs that read it over the network as they read the
//! real one: the built binaries.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

/// A running server; it stops when this is dropped.
#[derive(Debug)]
pub struct EmulatorServer {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl EmulatorServer {
    /// Serves what `answer` answers on a free port of `127.0.0.1`, as `move |request| emulator.handle(request)`.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(
        answer: impl Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let answer = Arc::new(answer);
        let task = tokio::spawn(async move {
            // Within the task, so that open connections end with it.
            let mut connections = JoinSet::new();
            loop {
                while connections.try_join_next().is_some() {}
                // A failed accept concerns one caller only.
                let Ok((stream, _)) = listener.accept().await else { continue };
                let answer = Arc::clone(&answer);
                let service = service_fn(move |request| reply(request, Arc::clone(&answer)));
                connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Ok(Self { address, task })
    }

    /// Where it listens, as `http://127.0.0.1:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for EmulatorServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn reply(
    request: Request<Incoming>,
    answer: Arc<impl Fn(&Request<Bytes>) -> Response<Bytes>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let answered = match body.collect().await {
        Ok(body) => answer(&Request::from_parts(parts, body.to_bytes())),
        Err(_) => {
            let mut cut = Response::new(Bytes::new());
            *cut.status_mut() = StatusCode::BAD_REQUEST;
            cut
        }
    };
    Ok(answered.map(Full::new))
}
