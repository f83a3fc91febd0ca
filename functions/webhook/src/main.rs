//! The Lambda function `webhook`: wiring, and between a Function URL's event and plain HTTP.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use lambda::environment::required;
use lambda_runtime::{LambdaEvent, service_fn};
use ports::{Clock, QueueName, SystemClock, Table};
use storage::CachedSecrets;
use storage::aws::AwsClients;
use webhook::Webhook;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda::logging::init();
    let configuration = policy::load(Path::new(&required("CONFIG_DIR")?)).map_err(|problems| anyhow!("{problems}"))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let aws = AwsClients::from_environment(&required("STACK_NAME")?).await;
    let store = Arc::new(aws.store(clock.clone()));
    let queue = Arc::new(aws.queue(clock.clone()));
    store.connect(Table::People).await.context("DynamoDB")?;
    queue.connect(&[QueueName::PersonEvents]).await.context("SQS")?;
    let secrets = Arc::new(CachedSecrets::new(Arc::new(aws.secrets()), clock.clone()));
    let webhook = Webhook::new(store, queue, secrets, clock, Arc::new(configuration));
    let webhook = &webhook;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<LambdaFunctionUrlRequest>| async move {
        let response = match request(event.payload) {
            Some(request) => webhook.handle(&request).await,
            None => malformed(),
        };
        Ok::<_, lambda_runtime::Error>(answer(response))
    }))
    .await
}

/// The HTTP request that the event describes; `None` when it describes none.
fn request(event: LambdaFunctionUrlRequest) -> Option<Request<Bytes>> {
    let method = event.request_context.http.method?;
    let path = event.raw_path.unwrap_or_else(|| "/".to_owned());
    let body = event.body.unwrap_or_default();
    let body = if event.is_base64_encoded { STANDARD.decode(body).ok()? } else { body.into_bytes() };
    let uri = match event.raw_query_string.filter(|query| !query.is_empty()) {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let mut request = Request::builder().method(method.as_str()).uri(uri).body(Bytes::from(body)).ok()?;
    *request.headers_mut() = event.headers;
    Some(request)
}

fn malformed() -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(br#"{"error":"not a request"}"#));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

fn answer(response: Response<Bytes>) -> LambdaFunctionUrlResponse {
    let (parts, body) = response.into_parts();
    let mut answer = LambdaFunctionUrlResponse::default();
    answer.status_code = i64::from(parts.status.as_u16());
    answer.headers = parts.headers;
    answer.body = Some(String::from_utf8_lossy(&body).into_owned());
    answer
}
