//! The `arrived` task: an object came into a bucket. Which source's export it is stands in configuration; a bucket holds
//! other things too.

use policy::Readable;
use records::request_read_now;

use crate::{Report, Sync, SyncError};

impl Sync {
    /// Asks for a read of every source whose export is this object. An event that comes twice costs one read: the second
    /// finds the object unchanged.
    pub(crate) async fn arrived(&self, bucket: &str, key: &str) -> Result<Report, SyncError> {
        let now = self.clock.now();
        let mut report = Report::default();
        for source in &self.configuration.sources {
            let what = source.reading.as_ref().map(|reading| &reading.what);
            let Some(Readable::File { object: Some(object), .. }) = what else { continue };
            if !object.is(bucket, key) {
                continue;
            }
            // Marked first: should the message be lost, the schedule sees the mark. Now, though the last read may have asked
            // for a pause: what it missed has come.
            self.reads.want(&source.name, false, now).await?;
            request_read_now(&*self.queue, &source.name, false).await?;
            report.sources += 1;
        }
        if report.sources == 0 {
            // Without its key: what lies in the bucket may be named after people.
            tracing::info!(event = "object.unknown", bucket);
        }
        Ok(report)
    }
}
