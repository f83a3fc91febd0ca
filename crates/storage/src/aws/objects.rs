//! Objects of S3. Requests are signed by AWS's own signer and sent by the connector's own client: one kind of request does
//! not pay for one more SDK. An object is read in pieces, each of them of the same version, so that a lost answer costs a
//! piece and no answer is larger than the client takes.

mod answer;
mod request;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::{Credentials, ProvideCredentials as _};
use http::HeaderValue;
use http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use ports::{Clock, Fetched, HttpTransport, MAX_OBJECT_BYTES, Object, ObjectError, Objects};
use tokio::sync::OnceCell;

use answer::{Answer, Piece};
use request::Signer;

/// Bytes asked for at a time.
const PIECE: u64 = 8 * 1024 * 1024;
/// Tries of one request, and the pause after the first, which doubles.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);

/// Reads objects of S3.
pub struct S3Objects {
    config: OnceCell<SdkConfig>,
    transport: Arc<dyn HttpTransport>,
    clock: Arc<dyn Clock>,
    piece: u64,
    most: u64,
}

impl S3Objects {
    /// With the region, credentials and endpoint that the environment names, as all AWS tools read it. It is looked at when
    /// the first object is read: most connectors read none.
    pub fn from_environment(transport: Arc<dyn HttpTransport>, clock: Arc<dyn Clock>) -> Self {
        Self { config: OnceCell::new(), transport, clock, piece: PIECE, most: MAX_OBJECT_BYTES }
    }

    /// Of an emulator at `endpoint`, which wants no real credentials; the environment plays no part.
    pub fn for_emulator(endpoint: &str, transport: Arc<dyn HttpTransport>, clock: Arc<dyn Clock>) -> Self {
        let config = OnceCell::from(super::emulator(endpoint));
        Self { config, ..Self::from_environment(transport, clock) }
    }

    async fn signer(&self) -> Result<Signer, ObjectError> {
        let config = self.config.get_or_init(|| super::environment().load()).await;
        let missing = |what: &str| ObjectError::NotSetUp { reason: what.to_owned() };
        let region = config.region().ok_or_else(|| missing("no region is set"))?.to_string();
        let provider = config.credentials_provider().ok_or_else(|| missing("no credentials are set"))?;
        // The error's own words tell which places were looked at, and nothing secret is among them; its causes are longer.
        let credentials: Credentials =
            provider.provide_credentials().await.map_err(|error| missing(&error.to_string()))?;
        Ok(Signer { endpoint: config.endpoint_url().map(str::to_owned), region, identity: credentials.into() })
    }
}

#[async_trait]
impl Objects for S3Objects {
    async fn read(&self, bucket: &str, key: &str, unless: Option<&str>) -> Result<Fetched, ObjectError> {
        let read = Read { of: self, signer: self.signer().await?, object: format!("s3://{bucket}/{key}"), bucket, key };
        let known = unless.map(|tag| (IF_NONE_MATCH, tag));
        let Answer::Piece(Piece { content: first, total, tag, modified, .. }) = read.piece(0, known).await? else {
            return Ok(Fetched::Unchanged);
        };
        let object = || read.object.clone();
        if total > self.most {
            return Err(ObjectError::TooLarge { object: object(), bytes: total });
        }
        let size = usize::try_from(total).map_err(|_| ObjectError::TooLarge { object: object(), bytes: total })?;
        // All at once: growing would need twice as much for a moment.
        let mut content = Vec::with_capacity(size);
        content.extend_from_slice(&first);
        while content.len() < size {
            let start = content.len() as u64;
            let Answer::Piece(piece) = read.piece(start, Some((IF_MATCH, &tag))).await? else {
                return Err(ObjectError::Unavailable {
                    object: object(),
                    reason: "it answers something else".to_owned(),
                });
            };
            if piece.tag != tag || piece.total != total {
                return Err(ObjectError::Replaced { object: object() });
            }
            content.extend_from_slice(&piece.content);
        }
        Ok(Fetched::Object(Object { content, tag, modified }))
    }
}

/// An object being read.
struct Read<'a> {
    of: &'a S3Objects,
    signer: Signer,
    object: String,
    bucket: &'a str,
    key: &'a str,
}

impl Read<'_> {
    /// What there is from `start` on, at most a piece of it.
    async fn piece(&self, start: u64, when: Option<(HeaderName, &str)>) -> Result<Answer, ObjectError> {
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match self.try_piece(start, when.as_ref()).await {
                Err(ObjectError::Unavailable { reason, .. }) => tracing::debug!(event = "object.again", reason),
                result => return result,
            }
            self.of.clock.sleep(pause).await;
            pause *= 2;
        }
        self.try_piece(start, when.as_ref()).await
    }

    async fn try_piece(&self, start: u64, when: Option<&(HeaderName, &str)>) -> Result<Answer, ObjectError> {
        let refused = |reason: &str| ObjectError::Refused { object: self.object.clone(), reason: reason.to_owned() };
        let mut request = request::get(&self.signer, self.bucket, self.key, start, self.of.piece)
            .ok_or_else(|| refused("its name makes no URL"))?;
        if let Some((name, tag)) = when {
            let tag = HeaderValue::from_str(tag).map_err(|_| refused("its ETag is none"))?;
            request.headers_mut().insert(name, tag);
        }
        let request = self.signer.sign(request, self.of.clock.now()).ok_or_else(|| refused("it can't be signed"))?;
        let response = self.of.transport.send(request).await;
        let response = response
            .map_err(|error| ObjectError::Unavailable { object: self.object.clone(), reason: error.to_string() })?;
        answer::of(&self.object, &self.signer.region, start, &response)
    }
}
