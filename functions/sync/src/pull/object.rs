//! Reading an export from a bucket. It is held in memory while it is read, for a file is read twice. The version that the
//! last complete read had is not read again, unless everything is asked for.

use std::io::Cursor;

use domain::digest::digest;
use jiff::Timestamp;
use policy::{BucketObject, DefinitionFile};
use ports::{Fetched, Object};
use serde::{Deserialize, Serialize};

use super::http::incomplete;
use super::{End, Pull};
use crate::SyncError;

/// What was read last, for the next read.
#[derive(Serialize, Deserialize)]
struct Place {
    /// Bucket and key.
    object: String,
    tag: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    modified: Option<Timestamp>,
    /// Of the definition: with another one the same export says something else.
    definition: String,
}

impl Pull<'_> {
    pub(super) async fn object(
        &mut self,
        definition: &DefinitionFile,
        object: &BucketObject,
    ) -> Result<End, SyncError> {
        let Some(objects) = &self.sync.objects else {
            return Err(self.unreadable(&"it lies in a bucket, and none is read here").into());
        };
        let name = format!("{}/{}", object.bucket(), object.key());
        let fingerprint = digest(&definition.text);
        let known = self.state.place.clone().and_then(|place| serde_json::from_value::<Place>(place).ok());
        let known = known.filter(|known| !self.everything && known.object == name && known.definition == fingerprint);
        let tag = known.as_ref().map(|known| known.tag.as_str());
        let Object { content, tag, modified } = match objects.read(object.bucket(), object.key(), tag).await {
            Ok(Fetched::Object(object)) => object,
            Ok(Fetched::Unchanged) => return Ok(self.unchanged(known.and_then(|known| known.modified))),
            Err(error) => return Ok(incomplete(error.class(), &error, None)),
        };
        let place = Place { object: name, tag, modified, definition: fingerprint };
        let end = self.file(definition, Cursor::new(content), &|_, _| ()).await?;
        Ok(match end {
            End::Complete { .. } => End::Complete { place: serde_json::to_value(place).ok() },
            end => end,
        })
    }

    fn unchanged(&mut self, since: Option<Timestamp>) -> End {
        tracing::info!(event = "source.unchanged", source = %self.name(), run = self.run);
        let since = since.map(|since| format!(" of {since}")).unwrap_or_default();
        self.report.advice.push(format!("the export is still the one{since}; it was not read again"));
        End::Complete { place: self.state.place.take() }
    }
}
