//! One request, answered. 202 is said only once every snapshot is stored and every person's wake-up is on the queue;
//! repeating a request, by its sender or by anybody who caught it, changes nothing, because the newest snapshot wins.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use domain::{PersonId, RecordId, Snapshot, SourceName, SourceRole};
use futures::{StreamExt as _, TryStreamExt as _};
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use policy::{Configuration, SourceKind};
use ports::secrets::ExposeSecret as _;
use ports::{Clock, Queue, QueueName, SecretError, SecretName, Secrets, StoreError};
use records::{People, send_wake_ups};
use serde_json::json;

use crate::events::{self, BodyError, MAX_BYTES, Origin};
use crate::signature::{self, Refusal, Verified};

/// Records stored at a time.
const CONCURRENCY: usize = 16;

/// Everything that the webhook needs.
pub struct Webhook {
    /// Snapshots in.
    pub people: People,
    /// Takes the wake-ups for mapping.
    pub queue: Arc<dyn Queue>,
    /// The keys of the sources.
    pub secrets: Arc<dyn Secrets>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Which sources there are.
    pub configuration: Arc<Configuration>,
}

/// An answer that is not 202, with what the sender may know.
struct Rejection(StatusCode, String);

impl Webhook {
    /// Answers a request to `POST /webhook/{source}`. Every failure is an answer.
    pub async fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let source = request.uri().path().strip_prefix("/webhook/").unwrap_or_default();
        match self.accept(source, request).await {
            Ok(accepted) => answer(StatusCode::ACCEPTED, &json!({ "accepted": accepted })),
            Err(Rejection(status, reason)) => {
                // The reason may quote the body, so only its kind is logged.
                tracing::info!(event = "webhook.rejected", source = loggable(source), status = status.as_u16());
                answer(status, &json!({ "error": reason }))
            }
        }
    }

    async fn accept(&self, source: &str, request: &Request<Bytes>) -> Result<usize, Rejection> {
        let (source, role, secret) = self.source(source)?;
        if request.method() != Method::POST {
            return Err(Rejection(StatusCode::METHOD_NOT_ALLOWED, "send events by POST".to_owned()));
        }
        if request.body().len() > MAX_BYTES {
            let reason = format!("the body has {} bytes; {MAX_BYTES} are the most", request.body().len());
            return Err(Rejection(StatusCode::PAYLOAD_TOO_LARGE, reason));
        }
        if !is_json(request.headers()) {
            return Err(Rejection(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "content-type must be application/json".to_owned(),
            ));
        }
        let verified = self.verify(secret, request).await?;
        let origin = Origin { source, role, event: Some(&verified.id) };
        let snapshots = events::parse(request.body(), &origin, self.clock.now()).map_err(|error| {
            let status = if matches!(error, BodyError::TooLarge { .. }) {
                StatusCode::PAYLOAD_TOO_LARGE
            } else {
                StatusCode::BAD_REQUEST
            };
            Rejection(status, error.to_string())
        })?;
        let events = snapshots.len();
        let persons = self.store(snapshots).await.map_err(|error| unavailable(source, &error))?;
        send_wake_ups(&*self.queue, QueueName::PersonEvents, persons)
            .await
            .map_err(|error| unavailable(source, &error))?;
        tracing::info!(event = "webhook.accepted", %source, webhook_id = verified.id, events);
        Ok(events)
    }

    fn source(&self, name: &str) -> Result<(&SourceName, SourceRole, &SecretName), Rejection> {
        let configured = self.configuration.sources.iter().find(|configured| configured.name.as_str() == name);
        match configured.map(|configured| (configured, &configured.kind)) {
            Some((configured, SourceKind::Webhook { secret })) => Ok((&configured.name, configured.role, secret)),
            _ => Err(Rejection(StatusCode::NOT_FOUND, "no such webhook".to_owned())),
        }
    }

    /// A key may have been rotated a moment ago, so a signature that does not match is tried against the newest keys.
    async fn verify(&self, secret: &SecretName, request: &Request<Bytes>) -> Result<Verified, Rejection> {
        match self.verify_with(request, secret, self.secrets.read(secret).await)? {
            Err(Refusal::NoMatch) => {
                let fresh = self.secrets.read_fresh(secret).await;
                self.verify_with(request, secret, fresh)?
            }
            result => result,
        }
        .map_err(|refusal| Rejection(StatusCode::UNAUTHORIZED, refusal.to_string()))
    }

    fn verify_with(
        &self,
        request: &Request<Bytes>,
        name: &SecretName,
        secret: Result<ports::secrets::SecretString, SecretError>,
    ) -> Result<Result<Verified, Refusal>, Rejection> {
        let keys = secret.and_then(|secret| {
            signature::parse_keys(secret.expose_secret())
                .map_err(|error| SecretError::Malformed { name: name.clone(), reason: error.to_string() })
        });
        let keys = keys.map_err(|error| {
            tracing::error!(event = "webhook.secret_failed", %error);
            Rejection(StatusCode::SERVICE_UNAVAILABLE, "the request can't be verified now".to_owned())
        })?;
        Ok(signature::verify(&keys, request.headers(), request.body(), self.clock.now()))
    }

    /// Stores all snapshots: different records side by side, one record's in their order.
    async fn store(&self, snapshots: Vec<Snapshot>) -> Result<Vec<PersonId>, StoreError> {
        let now = self.clock.now();
        let mut by_record: BTreeMap<RecordId, Vec<Snapshot>> = BTreeMap::new();
        for snapshot in snapshots {
            by_record.entry(snapshot.record.clone()).or_default().push(snapshot);
        }
        let records = by_record.into_values().map(|snapshots| async move {
            let mut woken = Vec::new();
            for snapshot in snapshots {
                // Also what says nothing new wakes its person: the first wake-up may have been lost.
                woken.extend(self.people.ingest(&snapshot, true, now).await?.1);
            }
            Ok::<_, StoreError>(woken)
        });
        let woken: Vec<Vec<PersonId>> =
            futures::stream::iter(records).buffer_unordered(CONCURRENCY).try_collect().await?;
        Ok(woken.into_iter().flatten().collect())
    }
}

fn unavailable(source: &SourceName, error: &dyn std::fmt::Display) -> Rejection {
    tracing::error!(event = "webhook.not_stored", %source, %error);
    Rejection(StatusCode::SERVICE_UNAVAILABLE, "the events could not be stored; send them again".to_owned())
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// What of an unknown path may stand in a log.
fn loggable(source: &str) -> &str {
    if SourceName::parse(source).is_ok() { source } else { "-" }
}

fn answer(status: StatusCode, body: &serde_json::Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, http::HeaderValue::from_static("5"));
    }
    response
}
