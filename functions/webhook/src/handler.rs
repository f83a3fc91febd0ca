//! One request, answered. 202 is said only once every snapshot is stored and every person's wake-up is on the queue, or,
//! for a source that is read, once the read is asked for. Repeating a request, by its sender or by anybody who caught it,
//! changes nothing: the newest snapshot wins, and where a scheme has no time that is signed, what was taken is remembered.

mod answer;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use domain::{PersonId, RecordId, Snapshot, SourceName};
use futures::{StreamExt as _, TryStreamExt as _};
use http::{Method, Request, Response, StatusCode};
use policy::webhook::Content;
use policy::{Configuration, SourceConfig};
use ports::secrets::{ExposeSecret as _, SecretString};
use ports::{Clock, Queue, QueueName, SecretError, Secrets, Store, StoreError};
use records::joins::UnplacedAccount;
use records::{Joins, People, SourceReads, request_read, send_wake_ups};
use serde_json::{Value, json};
use sources::Definition;
use url::form_urlencoded;

use self::answer::{Rejection, answer, content_type, loggable, unavailable};
use crate::events::{self, BodyError, MAX_BYTES, Origin};
use crate::joined::{self, Said};
use crate::replays::{Fingerprint, Replays};
use crate::signature::{self, Call, Refusal, Verified};
use crate::{handshake, mapped};

/// Records stored at a time.
const CONCURRENCY: usize = 16;

/// Everything that the webhook needs.
pub struct Webhook {
    people: People,
    joins: Joins,
    reads: SourceReads,
    replays: Replays,
    queue: Arc<dyn Queue>,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    configuration: Arc<Configuration>,
    /// Of the sources that send bodies in their own form: how these are read, or why they can't be.
    definitions: BTreeMap<SourceName, Result<Definition, String>>,
}

/// A webhook's source.
#[derive(Clone, Copy)]
struct Sender<'c> {
    source: &'c SourceConfig,
    webhook: &'c policy::Webhook,
}

impl Webhook {
    /// A webhook on its ports. A definition that can't be used makes itself felt when its source sends.
    pub fn new(
        store: Arc<dyn Store>,
        queue: Arc<dyn Queue>,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
        configuration: Arc<Configuration>,
    ) -> Self {
        let definitions = configuration.sources.iter().filter_map(|source| {
            let definition = mapped::definition(source.webhook.as_ref()?.definition.as_ref()?);
            let told = |problems: Vec<sources::Problem>| {
                problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            };
            Some((source.name.clone(), definition.map_err(told)))
        });
        Self {
            people: People::new(store.clone()),
            joins: Joins::new(store.clone()),
            reads: SourceReads::new(store.clone()),
            replays: Replays::new(store),
            queue,
            secrets,
            clock,
            definitions: definitions.collect(),
            configuration,
        }
    }

    /// Answers a request to `POST /webhook/{source}`. Every failure is an answer.
    pub async fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let source = request.uri().path().strip_prefix("/webhook/").unwrap_or_default();
        match self.accept(source, request).await {
            Ok(response) => response,
            Err(Rejection(status, reason)) => {
                // The reason may quote the body, so only its kind is logged.
                tracing::info!(event = "webhook.rejected", source = loggable(source), status = status.as_u16());
                answer(status, &json!({ "error": reason }))
            }
        }
    }

    async fn accept(&self, source: &str, request: &Request<Bytes>) -> Result<Response<Bytes>, Rejection> {
        let sender = self.sender(source)?;
        let Sender { source: SourceConfig { name, reading, .. }, webhook } = sender;
        if request.method() != Method::POST {
            return Err(Rejection(StatusCode::METHOD_NOT_ALLOWED, "send events by POST".to_owned()));
        }
        if request.body().len() > MAX_BYTES {
            return Err(BodyError::TooLarge { bytes: request.body().len() }.into());
        }
        if let Some(response) = handshake::answer(&webhook.scheme.handshake, request) {
            tracing::info!(event = "webhook.handshake", source = %name);
            return Ok(response);
        }
        content_type(webhook.scheme.content, request.headers())?;
        let read = || match webhook.scheme.content {
            Content::Json => events::read(request.body()),
            Content::Form => Ok(form(request.body())),
        };
        let early = signature::needs_document(&webhook.scheme).then(read);
        let call = Call {
            headers: request.headers(),
            body: request.body(),
            document: early.as_ref().and_then(|read| read.as_ref().ok()),
            url: webhook.url.as_ref().map(|url| with_query(url, request)),
        };
        let verified = self.verify(sender, &call).await?;
        let document = match &early {
            Some(read) => read.clone()?,
            None => read()?,
        };
        let accepted = match reading {
            Some(_) => self.ask_to_read(name, &document).await?,
            None => self.take(sender, &verified, &call, document).await?,
        };
        tracing::info!(event = "webhook.accepted", source = %name, webhook_id = verified.id, accepted);
        Ok(answer(StatusCode::ACCEPTED, &json!({ "accepted": accepted })))
    }

    fn sender(&self, name: &str) -> Result<Sender<'_>, Rejection> {
        let source = self.configuration.sources.iter().find(|source| source.name.as_str() == name);
        source
            .and_then(|source| Some(Sender { source, webhook: source.webhook.as_ref()? }))
            .ok_or_else(|| Rejection(StatusCode::NOT_FOUND, "no such webhook".to_owned()))
    }

    /// A key may have been rotated a moment ago, so a request that does not match is tried against the newest keys.
    async fn verify(&self, sender: Sender<'_>, call: &Call<'_>) -> Result<Verified, Rejection> {
        let secret = &sender.webhook.secret;
        match self.verify_with(sender, call, self.secrets.read(secret).await)? {
            Err(Refusal::NoMatch) => {
                let fresh = self.secrets.read_fresh(secret).await;
                self.verify_with(sender, call, fresh)?
            }
            result => result,
        }
        .map_err(|refusal| Rejection(StatusCode::UNAUTHORIZED, refusal.to_string()))
    }

    fn verify_with(
        &self,
        Sender { webhook, .. }: Sender<'_>,
        call: &Call<'_>,
        secret: Result<SecretString, SecretError>,
    ) -> Result<Result<Verified, Refusal>, Rejection> {
        let keys = secret.and_then(|secret| {
            let keys = signature::keys(secret.expose_secret(), webhook.scheme.key_form());
            let name = webhook.secret.clone();
            keys.map_err(|error| SecretError::Malformed { name, reason: error.to_string() })
        });
        let keys = keys.map_err(|error| {
            tracing::error!(event = "webhook.secret_failed", %error);
            Rejection(StatusCode::SERVICE_UNAVAILABLE, "the request can't be verified now".to_owned())
        })?;
        Ok(signature::check(&webhook.scheme, &keys, call, self.clock.now()))
    }

    /// Tells sync that there is something to read; of many at once only the first does. What the body says is not needed,
    /// but it must be one.
    async fn ask_to_read(&self, source: &SourceName, document: &Value) -> Result<usize, Rejection> {
        if !document.is_object() && !document.is_array() {
            return Err(Rejection(StatusCode::BAD_REQUEST, "the body is no object and no array".to_owned()));
        }
        let wanted = self.reads.want(source, false, self.clock.now()).await;
        if wanted.map_err(|error| unavailable(source, &error))? {
            request_read(&*self.queue, source, false).await.map_err(|error| unavailable(source, &error))?;
        }
        Ok(1)
    }

    /// Takes a body as data.
    async fn take(
        &self,
        sender @ Sender { source, webhook }: Sender<'_>,
        verified: &Verified,
        call: &Call<'_>,
        document: Value,
    ) -> Result<usize, Rejection> {
        let (name, now) = (&source.name, self.clock.now());
        let event = match &verified.id {
            Some(id) if webhook.scheme.covers_id() => Fingerprint::of_id(id),
            _ => Fingerprint::of_body(call.body),
        };
        let event = Some(event).filter(|_| !webhook.scheme.tells_old());
        if let Some(event) = &event
            && self.replays.taken(name, event).await.map_err(|error| unavailable(name, &error))?
        {
            tracing::info!(event = "webhook.repeated", source = %name, webhook_id = verified.id);
            return Ok(0);
        }
        let (accepted, persons) = if self.configuration.joins(name) && webhook.definition.is_none() {
            let said = joined::accounts(&document, now)?;
            (said.len(), self.place(name, said, verified.id.as_deref()).await)
        } else {
            let snapshots = self.snapshots(sender, verified, call, document)?;
            (snapshots.len(), self.store(snapshots).await)
        };
        let persons = persons.map_err(|error| unavailable(name, &error))?;
        let woken = send_wake_ups(&*self.queue, QueueName::PersonEvents, persons).await;
        woken.map_err(|error| unavailable(name, &error))?;
        if let Some(event) = &event {
            self.replays.remember(name, event, now).await.map_err(|error| unavailable(name, &error))?;
        }
        Ok(accepted)
    }

    fn snapshots(
        &self,
        Sender { source, webhook }: Sender<'_>,
        verified: &Verified,
        call: &Call<'_>,
        document: Value,
    ) -> Result<Vec<Snapshot>, Rejection> {
        let now = self.clock.now();
        let origin = Origin { source: &source.name, role: source.role, event: verified.id.as_deref() };
        match self.definitions.get(&source.name) {
            None => Ok(events::snapshots(&document, &origin, now)?),
            Some(Ok(definition)) => {
                let sent = signature::sent_at(&webhook.scheme, call);
                let sent = sent.map_err(|refusal| Rejection(StatusCode::BAD_REQUEST, refusal.to_string()))?;
                Ok(mapped::snapshots(document, definition, &origin, sent.unwrap_or(now), now)?)
            }
            Some(Err(reason)) => {
                tracing::error!(event = "webhook.definition_failed", source = %source.name, reason);
                Err(Rejection(StatusCode::SERVICE_UNAVAILABLE, "the events can't be read now".to_owned()))
            }
        }
    }

    /// Stores accounts whose persons are found by keys, in their order.
    async fn place(
        &self,
        source: &SourceName,
        said: Vec<Said>,
        event: Option<&str>,
    ) -> Result<Vec<PersonId>, StoreError> {
        let (now, mut woken) = (self.clock.now(), Vec::new());
        for Said { record, at, account } in said {
            let event = event.map(str::to_owned);
            woken.extend(match account {
                None => self.joins.remove(source, &record, at, event, now).await?,
                Some(account) => {
                    let keys = self.configuration.account_keys(source, &account);
                    let told = UnplacedAccount { source: source.clone(), record, account, observed_at: at, event };
                    self.joins.place(&told, &keys, now).await?
                }
            });
        }
        Ok(woken)
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

/// The fields of a form; of one that comes twice the last counts.
fn form(body: &[u8]) -> Value {
    form_urlencoded::parse(body).map(|(name, text)| (name.into_owned(), Value::String(text.into_owned()))).collect()
}

fn with_query(url: &str, request: &Request<Bytes>) -> String {
    request.uri().query().map_or_else(|| url.to_owned(), |query| format!("{url}?{query}"))
}
