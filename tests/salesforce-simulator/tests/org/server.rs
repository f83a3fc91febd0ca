//! The server: real connections, whole, late and broken; and the in-process transport beside it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use ports::clock::ManualClock;
use ports::{Clock, HttpTransport, TransportError};
use salesforce_simulator::server::Server;
use salesforce_simulator::{Fault, FaultRule, InProcess, Org};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::start;

async fn served(fault: Option<Fault>) -> (Server, Arc<Mutex<Org>>) {
    let mut org = Org::sample(start());
    if let Some(fault) = fault {
        org.faults_mut().add(FaultRule::next(fault));
    }
    let org = Arc::new(Mutex::new(org));
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(start()));
    let server = Server::start(Arc::clone(&org), 0, true, clock).await.unwrap();
    (server, org)
}

/// All that the server sends to one request before it closes.
async fn exchange(server: &Server) -> String {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(b"GET /services/data HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut text = Vec::new();
    // A reset instead of an orderly end is as good a broken connection.
    let _ = stream.read_to_end(&mut text).await;
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn a_whole_answer() {
    let (server, org) = served(None).await;
    let text = exchange(&server).await;
    assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
    assert!(text.ends_with("\"version\":\"68.0\"}]"));
    assert!(server.address().ip().is_loopback());
    let org = org.lock().unwrap();
    assert_eq!(org.instance_url(), format!("http://{}", server.address()));
    assert_eq!(org.login_url(), format!("http://localhost:{}", server.address().port()));
    assert_eq!(org.jwt_secret()["loginUrl"], org.login_url());
}

#[tokio::test]
async fn lost_answers_are_closed_connections() {
    for fault in [Fault::AnswerLost, Fault::Refused] {
        let (server, _org) = served(Some(fault)).await;
        assert_eq!(exchange(&server).await, "");
        assert!(exchange(&server).await.starts_with("HTTP/1.1 200 OK"));
    }
}

#[tokio::test]
async fn a_broken_answer_is_shorter_than_it_says() {
    let (server, _org) = served(Some(Fault::HalfBody)).await;
    let text = exchange(&server).await;
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let announced: usize = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap_or_else(|| panic!("{head}"))
        .parse()
        .unwrap();
    assert!(body.len() < announced, "{} of {announced}", body.len());
}

#[tokio::test]
async fn in_process_tells_what_may_have_happened() {
    let org = Arc::new(Mutex::new(Org::sample(start())));
    let clock = Arc::new(ManualClock::at(start()));
    let transport = InProcess::new(org).with_clock(clock.clone());
    let call = || Request::get("https://sample.my.salesforce.com/services/data").body(Bytes::new()).unwrap();
    assert_eq!(transport.send(call()).await.unwrap().status(), 200);
    for (fault, sent) in [(Fault::Refused, false), (Fault::AnswerLost, true), (Fault::HalfBody, true)] {
        transport.org().faults_mut().add(FaultRule::next(fault));
        match transport.send(call()).await {
            Err(TransportError::NotSent { .. }) => assert!(!sent),
            Err(TransportError::Unclear { .. }) => assert!(sent),
            other => panic!("{other:?}"),
        }
    }
    transport.org().faults_mut().add(FaultRule::next(Fault::Delay(90_000)));
    transport.send(call()).await.unwrap();
    assert_eq!(clock.now(), start() + Duration::from_secs(90));
    transport.send(call()).await.unwrap();
    assert_eq!(transport.org().now(), clock.now());
}
