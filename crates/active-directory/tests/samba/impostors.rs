//! Servers that are none: what is never sent to them, and that no wait is without an end.

use std::time::Duration;

use crate::support::{certificates, credentials, definition_of, moment};
use active_directory::{AdError, Ask, Reader};
use ports::Class;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const MORE: &str = "  base: DC=x\n  timeoutSeconds: 1\n";

/// Takes one connection, answers the first request with these bytes and gives back everything that it was sent.
async fn server(answer: &'static [u8]) -> (u16, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let talk = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut received = vec![0; 4096];
        let length = stream.read(&mut received).await.unwrap_or_default();
        received.truncate(length);
        stream.write_all(answer).await.unwrap();
        // What comes after the answer, until the other side gives up.
        read_rest(&mut stream, &mut received).await;
        received
    });
    (port, talk)
}

async fn read_rest(stream: &mut TcpStream, received: &mut Vec<u8>) {
    let _ = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(received)).await;
}

async fn open(server: String) -> AdError {
    let ca = certificates::issue(&["x".to_owned()]).ca;
    let definition = definition_of(&[server], &ca, MORE);
    let credentials = credentials("reader@x", "Secret!Pass1");
    Reader::open(&definition, &credentials, Ask::Full(None), moment()).await.err().unwrap()
}

/// An LDAP answer to the extended request with message id 1: this result code, no words.
const REFUSES: &[u8] = &[0x30, 12, 2, 1, 1, 0x78, 7, 10, 1, 2, 4, 0, 4, 0];
const TAKES: &[u8] = &[0x30, 12, 2, 1, 1, 0x78, 7, 10, 1, 0, 4, 0, 4, 0];

#[tokio::test]
async fn a_server_without_start_tls_gets_no_password() {
    let (port, talk) = server(REFUSES).await;
    let error = open(format!("ldap://127.0.0.1:{port}")).await;
    assert!(matches!(error, AdError::StartTlsRefused { .. }), "{error}");
    assert_eq!(error.class(), Class::Systemic);
    let received = talk.await.unwrap();
    assert!(received.windows(22).any(|part| part == b"1.3.6.1.4.1.1466.20037"), "StartTLS was asked for");
    assert!(!received.windows(12).any(|part| part == b"Secret!Pass1"));
    assert!(!received.windows(8).any(|part| part == b"reader@x"));
}

#[tokio::test]
async fn what_is_sent_after_start_tls_is_no_password_in_plain() {
    let (port, talk) = server(TAKES).await;
    let error = open(format!("ldap://127.0.0.1:{port}")).await;
    assert!(matches!(error, AdError::Unreachable { .. }), "{error}");
    let received = talk.await.unwrap();
    assert!(received.len() > 40, "a handshake has begun");
    assert!(!received.windows(12).any(|part| part == b"Secret!Pass1"));
}

/// The same with a text for the result code.
const NONSENSE: &[u8] = &[0x30, 12, 2, 1, 1, 0x78, 7, 4, 1, 0, 4, 0, 4, 0];

#[tokio::test]
async fn an_answer_that_is_none_is_an_error_and_no_panic() {
    let (port, _talk) = server(NONSENSE).await;
    let error = open(format!("ldap://127.0.0.1:{port}")).await;
    assert!(matches!(error, AdError::Unsuitable { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    for scheme in ["ldaps", "ldap"] {
        let (port, _talk) = server(b"").await;
        let error = open(format!("{scheme}://127.0.0.1:{port}")).await;
        assert!(matches!(error, AdError::Unreachable { .. }), "{error}");
        assert!(error.to_string().contains("1 s"), "{error}");
        assert_eq!(error.class(), Class::Retry);
    }
}

#[tokio::test]
async fn a_server_that_speaks_something_else_is_told() {
    let (port, _talk) = server(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let error = open(format!("ldaps://127.0.0.1:{port}")).await;
    assert!(matches!(error, AdError::Unreachable { .. }), "{error}");
    assert!(!error.to_string().contains("Secret"), "{error}");
}
