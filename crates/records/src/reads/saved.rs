//! The content of a read that is half done: too large for one item, so it lies in pieces.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::SourceName;
use ports::{Condition, Key, StoreError, Table, Write};
use serde_json::json;

use super::{SavedRead, SourceReads};
use crate::stored::overwrite;

/// Bytes of a piece; an item takes 400 kB, and base64 makes four of three.
const PIECE: usize = 192 * 1024;

impl SourceReads {
    /// Stores the content of a read; it counts once the state names it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn save(
        &self,
        source: &SourceName,
        run: &str,
        everything: bool,
        content: &[u8],
    ) -> Result<SavedRead, StoreError> {
        let mut pieces = 0;
        for piece in content.chunks(PIECE) {
            overwrite(&*self.0, piece_key(source, run, pieces), &json!({ "bytes": STANDARD.encode(piece) })).await?;
            pieces += 1;
        }
        Ok(SavedRead { run: run.to_owned(), pieces, everything })
    }

    /// The content of a read; `None` when a part of it is missing.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn saved(&self, source: &SourceName, read: &SavedRead) -> Result<Option<Vec<u8>>, StoreError> {
        let mut content = Vec::new();
        for piece in 0..read.pieces {
            let item = self.0.get(&[piece_key(source, &read.run, piece)]).await?.pop().flatten();
            let bytes = item.as_ref().and_then(|item| item.body.get("bytes")?.as_str());
            let Some(Ok(bytes)) = bytes.map(|text| STANDARD.decode(text)) else { return Ok(None) };
            content.extend(bytes);
        }
        Ok(Some(content))
    }

    /// Deletes the content of all reads of a source but one.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn forget_saved(&self, source: &SourceName, but: Option<&SavedRead>) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.0.query(Table::Sync, &partition(source), "", after.as_deref(), 50).await?;
            for item in page.items {
                let kept = but.is_some_and(|read| {
                    let number = item.key.sort.strip_prefix(&format!("{}#", read.run)).map(str::parse::<u32>);
                    matches!(number, Some(Ok(number)) if number < read.pieces)
                });
                if !kept {
                    let when = Condition::Version(item.version);
                    match self.0.write(&[Write::Delete { key: item.key, when }]).await {
                        Ok(()) | Err(StoreError::Conflict { .. }) => {}
                        Err(error) => return Err(error),
                    }
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

fn piece_key(source: &SourceName, run: &str, piece: u32) -> Key {
    Key::new(Table::Sync, partition(source), format!("{run}#{piece:05}"))
}

fn partition(source: &SourceName) -> String {
    format!("saved#{source}")
}
