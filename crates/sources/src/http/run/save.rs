//! A run as bytes, so that it goes on in another process: all but tokens, which are asked for anew.

use std::io::BufReader;

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use super::{Phase, Progress, Run};
use crate::http::HttpSource;
use crate::http::auth::Session;

/// A saved run can't be taken up; a new one can be begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResumeError {
    /// It is none.
    #[error("this is no saved run")]
    Malformed,
    /// It was made with another definition.
    #[error("the saved run belongs to another definition")]
    OtherDefinition,
}

impl Run {
    /// The run as bytes, some seventy for an employee of AFAS. They hold personal data: encrypt them at rest, and delete them when the
    /// run has ended.
    pub fn save(&self) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        // Writing into memory can't fail; were it so, the bytes would be refused when they are read.
        let written = rmp_serde::encode::write_named(&mut encoder, &self.progress);
        written.ok().and_then(|()| encoder.finish().ok()).unwrap_or_default()
    }

    pub(crate) fn resume(source: HttpSource, saved: &[u8]) -> Result<Self, ResumeError> {
        let decoder = BufReader::new(DeflateDecoder::new(saved));
        let mut progress: Progress = rmp_serde::from_read(decoder).map_err(|_| ResumeError::Malformed)?;
        let plan = source.plan();
        if progress.definition != plan.fingerprint || progress.tables.len() != plan.streams.len() {
            return Err(ResumeError::OtherDefinition);
        }
        if progress.phase == Phase::Ended {
            return Err(ResumeError::Malformed);
        }
        for (number, table) in progress.tables.iter_mut().enumerate() {
            table.index(plan.keys(number));
        }
        Ok(Self { source, session: Session::default(), progress })
    }
}
