use std::net::SocketAddr;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

mod identity;

const PATIENT: Duration = Duration::from_secs(30);

async fn served(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

/// A server that reads one request, says exactly this and hangs up.
async fn saying(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = connection.read(&mut request).await.unwrap();
        connection.write_all(answer).await.unwrap();
    });
    address
}

fn request(url: &str) -> Request<Bytes> {
    let mut request = Request::new(Bytes::from_static(b"hidden-body"));
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = url.parse().unwrap();
    request.headers_mut().insert("authorization", "Bearer hidden-token".parse().unwrap());
    request
}

async fn failure(transport: &NetworkTransport, url: &str) -> TransportError {
    let error = transport.send(request(url)).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(!text.contains("hidden"), "{text}");
    error
}

#[tokio::test]
async fn an_answer_comes_back_whole_whatever_its_status() {
    let app = Router::new().route(
        "/x",
        post(|headers: HeaderMap, body: String| async move {
            let token = headers["authorization"].to_str().unwrap().to_owned();
            (StatusCode::INTERNAL_SERVER_ERROR, [("sforce-limit-info", "api-usage=1/2")], format!("{token} {body}"))
        }),
    );
    let address = served(app).await;
    let transport = NetworkTransport::new(PATIENT).unwrap();
    let answer = transport.send(request(&format!("http://{address}/x?q=1"))).await.unwrap();
    assert_eq!(answer.status(), 500);
    assert_eq!(answer.headers()["sforce-limit-info"], "api-usage=1/2");
    assert_eq!(answer.body().as_ref(), b"Bearer hidden-token hidden-body");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let app = Router::new()
        .route("/from", post(|| async { (StatusCode::TEMPORARY_REDIRECT, [("location", "/to")], "") }))
        .route("/to", post(|| async { "followed" }))
        .route("/to", get(|| async { "followed" }));
    let address = served(app).await;
    let transport = NetworkTransport::new(PATIENT).unwrap();
    let answer = transport.send(request(&format!("http://{address}/from"))).await.unwrap();
    assert_eq!(answer.status(), 307);
    assert_eq!(answer.headers()["location"], "/to");
}

#[tokio::test]
async fn a_refused_connection_was_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let transport = NetworkTransport::new(PATIENT).unwrap();
    let error = failure(&transport, &format!("http://{address}/?q=hidden-query")).await;
    assert!(matches!(&error, TransportError::NotSent { host, .. } if host == "127.0.0.1"), "{error}");
}

#[tokio::test]
async fn an_unknown_host_was_not_sent() {
    let transport = NetworkTransport::new(PATIENT).unwrap();
    let error = failure(&transport, "https://no-such-host.invalid/?q=hidden-query").await;
    assert!(matches!(error, TransportError::NotSent { .. }), "{error}");
}

#[tokio::test]
async fn half_a_body_and_no_answer_are_unclear() {
    let transport = NetworkTransport::new(PATIENT).unwrap();
    for answer in [
        b"".as_slice(),
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"id\"\r\n",
        b"no http at all\r\n\r\n",
    ] {
        let error = failure(&transport, &format!("http://{}/?q=hidden-query", saying(answer).await)).await;
        assert!(matches!(error, TransportError::Unclear { .. }), "{error}");
    }
}

#[tokio::test]
async fn an_answer_that_is_too_slow_is_unclear() {
    let app = Router::new().route("/", post(std::future::pending::<()>));
    let address = served(app).await;
    let transport = NetworkTransport::new(Duration::from_millis(50)).unwrap();
    let error = failure(&transport, &format!("http://{address}/?q=hidden-query")).await;
    assert!(matches!(error, TransportError::Unclear { .. }), "{error}");
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_not_read() {
    let app = Router::new().route("/", post(|| async { "x".repeat(1000) }));
    let address = served(app).await;
    let transport = NetworkTransport::new(PATIENT).unwrap();
    let url = format!("http://{address}/");
    assert_eq!(transport.clone().with_max_body_bytes(1000).send(request(&url)).await.unwrap().body().len(), 1000);
    let error = failure(&transport.with_max_body_bytes(999), &url).await;
    assert!(matches!(error, TransportError::Unclear { .. }), "{error}");
}

#[tokio::test]
async fn plain_http_goes_to_loopback_hosts_only() {
    let transport = NetworkTransport::new(PATIENT).unwrap();
    for url in ["http://example.com/?q=hidden-query", "http://127.0.0.1.example.com/", "ftp://localhost/", "/x"] {
        let error = failure(&transport, url).await;
        assert!(matches!(error, TransportError::NotSent { .. }), "{url}: {error}");
    }
    for host in ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"] {
        assert!(may_be_called(&format!("http://{host}:80/").parse().unwrap()), "{host}");
    }
    assert!(may_be_called(&Uri::from_static("https://example.my.salesforce.com/")));
}
