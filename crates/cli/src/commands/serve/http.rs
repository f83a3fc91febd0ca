//! The web server: webhooks go to the same handler as in Lambda, and `/health` tells how the queues stand.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use http::{Request, StatusCode, header};
use local::Pipeline;
use ports::QueueName;
use serde_json::json;
use tokio::net::TcpListener;
use webhook::events::MAX_BYTES;

/// A little more than the handler takes, so that it is the one who says what is too large.
const READ_BYTES: usize = MAX_BYTES + 64 * 1024;

/// A sender who is slower than this is cut off.
const READ_TIME: Duration = Duration::from_secs(30);

/// Serves until `stop`, then finishes the requests in hand.
///
/// # Errors
/// When the listener fails.
pub(super) async fn serve(
    listener: TcpListener,
    pipeline: Arc<Pipeline>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let router = Router::new()
        .route("/health", get(health))
        .route("/webhook/{source}", any(webhook))
        .fallback(|| async { refusal(StatusCode::NOT_FOUND, "there is nothing here") })
        .with_state(pipeline);
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

async fn webhook(State(pipeline): State<Arc<Pipeline>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let body = match tokio::time::timeout(READ_TIME, to_bytes(body, READ_BYTES)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return refusal(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large, or broke off"),
        Err(_) => return refusal(StatusCode::REQUEST_TIMEOUT, "the body took too long"),
    };
    pipeline.webhook.handle(&Request::from_parts(parts, body)).await.map(Body::from)
}

async fn health(State(pipeline): State<Arc<Pipeline>>) -> Response {
    let (mut waiting, mut dead) = (serde_json::Map::new(), 0);
    for queue in QueueName::ALL {
        match pipeline.mapping.queue.depth(queue).await {
            Ok(depth) => {
                waiting.insert(queue.as_str().to_owned(), depth.messages.into());
                dead += depth.dead;
            }
            Err(error) => return refusal(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
        }
    }
    answer(StatusCode::OK, &json!({ "status": "ok", "waiting": waiting, "deadLetters": dead }))
}

fn refusal(status: StatusCode, reason: &str) -> Response {
    answer(status, &json!({ "error": reason }))
}

fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
