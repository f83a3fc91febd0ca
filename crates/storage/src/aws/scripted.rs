//! An AWS endpoint inside the process that gives prepared answers one after the other, and keeps what it was asked:
//! for what a real server does not do on demand.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_config::retry::RetryConfig;
use aws_config::{Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use serde_json::{Value, json};

use super::AwsClients;

pub(super) enum Reply {
    Json(u16, Value),
    /// The request is taken, and the connection breaks.
    Lost,
    Half,
}

pub(super) fn ok(body: Value) -> Reply {
    Reply::Json(200, body)
}

pub(super) fn error(status: u16, code: &str) -> Reply {
    Reply::Json(status, json!({ "__type": format!("com.amazonaws#{code}"), "message": "it says: hush" }))
}

#[derive(Default)]
pub(super) struct Scripted {
    replies: Mutex<VecDeque<Reply>>,
    requests: Mutex<Vec<(String, Value)>>,
}

impl Scripted {
    /// Clients that get these answers. An answer beyond the last one is lost.
    pub(super) fn clients(replies: impl IntoIterator<Item = Reply>) -> (Arc<Self>, AwsClients) {
        let scripted = Arc::new(Self { replies: Mutex::new(replies.into_iter().collect()), ..Self::default() });
        let connector = SharedHttpConnector::new(Connector(Arc::clone(&scripted)));
        let config = SdkConfig::builder()
            .behavior_version(super::behavior())
            .timeout_config(super::timeouts())
            .retry_config(super::retries().with_initial_backoff(std::time::Duration::from_millis(1)))
            .region(Region::from_static("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new("a", "b", None, None, "test")))
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        assert_eq!(config.retry_config().map(RetryConfig::max_attempts), Some(4));
        (scripted, AwsClients::from_config("s", &config))
    }

    /// The names of the operations asked for.
    pub(super) fn operations(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(|(operation, _)| operation.clone()).collect()
    }

    /// What the n-th request said.
    pub(super) fn request(&self, number: usize) -> Value {
        self.requests.lock().unwrap()[number].1.clone()
    }
}

struct Connector(Arc<Scripted>);

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connector")
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap().to_owned();
        let operation = target.rsplit_once('.').unwrap().1.to_owned();
        let body = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        self.0.requests.lock().unwrap().push((operation, body));
        let reply = self.0.replies.lock().unwrap().pop_front();
        HttpConnectorFuture::ready(match reply {
            None | Some(Reply::Lost) => Err(ConnectorError::io("the connection was closed".into())),
            Some(Reply::Half) => Ok(response(200, "{\"Item\": {\"pk\"".to_owned())),
            Some(Reply::Json(status, body)) => Ok(response(status, body.to_string())),
        })
    }
}

fn response(status: u16, body: String) -> HttpResponse {
    let mut response = HttpResponse::new(status.try_into().unwrap(), body.into());
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    response.headers_mut().insert("x-amzn-requestid", "request-1");
    response
}
