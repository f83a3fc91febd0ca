//! Reading an Active Directory over LDAP.

use std::collections::HashSet;

use active_directory::read::{Advice, Change, Step};
use active_directory::{
    AdError, Ask, Bookmark, Credentials, Definition, Guid, Kind, Mapping, Moment, Reader, handover,
};
use domain::{RecordId, SourceRole};
use policy::{Absence, DefinitionFile};
use ports::Class;
use ports::secrets::ExposeSecret as _;
use sources::Record;

use super::http::incomplete;
use super::{End, Pull};
use crate::SyncError;

/// How a part of a read ended.
enum Part {
    Done(Box<active_directory::Done>),
    Failed(AdError),
    Late,
}

impl Pull<'_> {
    pub(super) async fn directory(&mut self, definition: &DefinitionFile) -> Result<End, SyncError> {
        let definition = self.directory_definition(definition)?;
        self.check_role(match definition.mapping {
            Mapping::Account => SourceRole::Dependent,
            Mapping::Person(_) => SourceRole::Authoritative,
        })?;
        let absence = meaning(definition.absence);
        let mut reader = match self.open(&definition).await {
            Ok(reader) => reader,
            Err(error) => return Ok(incomplete(error.class(), &error, None)),
        };
        let mut present = HashSet::new();
        let part = self.read_on(&mut reader, &definition, &mut present, absence).await?;
        let Part::Done(done) = part else { return Ok(self.broken_off(part)) };
        self.report.everything = matches!(done.kind, Kind::Full(_));
        self.tell(&done);
        if done.proves_absence() {
            let mut missing = self.missing(|record| present.contains(record)).await?;
            if !missing.many {
                // Somebody who was moved while pages were read may have been on neither side.
                let keys: Vec<Guid> =
                    missing.records.iter().filter_map(|(record, _)| record.as_str().parse().ok()).collect();
                reader.look_at(keys);
                let part = self.read_on(&mut reader, &definition, &mut present, absence).await?;
                let Part::Done(_) = part else { return Ok(self.broken_off(part)) };
                missing.records.retain(|(record, _)| record.as_str().parse::<Guid>().is_err());
            }
            self.settle(missing, absence).await?;
        }
        let place = done.bookmark.as_ref().and_then(|bookmark| serde_json::to_value(bookmark).ok());
        // Everything was read just now: what a full read advises, it has done.
        if !self.report.everything && done.advice.iter().any(|advice| *advice != Advice::DeletesUnseen) {
            self.sync.reads.want(self.name(), true, self.now()).await?;
        }
        Ok(End::Complete { place: place.or(self.state.place.take()) })
    }

    /// Logs in. A password that is refused may have been changed since the secret was last read; the same one is not
    /// tried twice, for that would lock the account.
    async fn open(&self, definition: &Definition) -> Result<Reader, AdError> {
        let (secrets, name) = (&self.sync.outside.secrets, &definition.secret);
        let moment = || Moment { now: self.begun, zone: self.sync.configuration.organisation.zone() };
        let secret = secrets.read(name).await?;
        let credentials = Credentials::parse(name, &secret)?;
        match Reader::open(definition, &credentials, self.ask(), moment()).await {
            Err(error @ AdError::LoginRefused { .. }) => {
                let fresh = secrets.read_fresh(name).await?;
                if fresh.expose_secret() == secret.expose_secret() {
                    return Err(error);
                }
                Reader::open(definition, &Credentials::parse(name, &fresh)?, self.ask(), moment()).await
            }
            opened => opened,
        }
    }

    fn ask(&self) -> Ask {
        let bookmark = self.state.place.clone().and_then(|place| serde_json::from_value::<Bookmark>(place).ok());
        match bookmark {
            Some(bookmark) if !self.everything => Ask::Changes(bookmark),
            bookmark => Ask::Full(bookmark),
        }
    }

    /// Stores what the reader gives until it is done; each bookmark once everything before it is stored.
    async fn read_on(
        &mut self,
        reader: &mut Reader,
        definition: &Definition,
        present: &mut HashSet<RecordId>,
        absence: Absence,
    ) -> Result<Part, SyncError> {
        loop {
            self.live().await?;
            if self.is_late() {
                return Ok(Part::Late);
            }
            let page = match reader.next().await {
                Ok(Step::Page(page)) => page,
                Ok(Step::Done(done)) => return Ok(Part::Done(done)),
                Err(error) => return Ok(Part::Failed(error)),
            };
            self.report.requests += 1;
            let changes = page.changes.iter().map(|change: &Change| definition.hand_over(change));
            let records: Vec<Record> = changes.chain(page.refused.iter().map(handover::refused)).collect();
            present.extend(records.iter().filter_map(there));
            self.keep(records, absence).await?;
            if let Some(bookmark) = &page.bookmark
                && let Ok(place) = serde_json::to_value(bookmark)
            {
                self.state.place = Some(place);
                self.sync.reads.set_state(self.name(), &self.state).await?;
            }
        }
    }

    fn broken_off(&self, part: Part) -> End {
        match part {
            Part::Failed(error) => incomplete(error.class(), &error, None),
            Part::Late | Part::Done(_) => incomplete(
                Class::Retry,
                &"the directory was not read to its end in the time that a read may take",
                None,
            ),
        }
    }

    fn tell(&mut self, done: &active_directory::Done) {
        let advice = done.advice.iter().map(|advice| match advice {
            Advice::DeletesUnseen => "the account sees no deleted objects: deletes show in reads of everything only",
            Advice::GroupDeleted => "a group was deleted; everything is read again",
            Advice::GroupChanged => "a group changed; everything is read again",
            Advice::ContainerMoved => "a container was moved or renamed; everything is read again",
            _ => "everything is read again",
        });
        self.report.advice.extend(advice.map(str::to_owned));
        let referrals = done.referrals.iter();
        self.report
            .advice
            .extend(referrals.map(|other| format!("another part of the directory was not read: {other}")));
    }
}

fn there(record: &Record) -> Option<RecordId> {
    match record {
        Record::Present { record, .. } | Record::Unowned { record, .. } => Some(record.clone()),
        Record::Refused(refused) => refused.record.clone(),
        _ => None,
    }
}

fn meaning(absence: active_directory::Absence) -> Absence {
    match absence {
        active_directory::Absence::Leaver => Absence::Leaver,
        active_directory::Absence::Hold => Absence::Hold,
        active_directory::Absence::Ignore => Absence::Ignore,
    }
}
