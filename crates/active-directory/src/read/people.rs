//! Users as a whole: by page over a base, or by key.

use std::collections::HashSet;

use super::{BATCH, Change, Gone, MANAGERS, Page, Reader, RefusedRecord, Work};
use crate::controls::Control;
use crate::directory::Search;
use crate::entry::{Entry, ObjectName};
use crate::error::AdError;
use crate::filter::Filter;
use crate::groups::Graph;
use crate::guid::Guid;
use crate::record::{Manager, Record, primary_group};
use crate::{pages, ranges};

impl Reader {
    /// A page of everybody below a base.
    pub(super) async fn scan(&mut self, base: String, filter: Filter, cookie: Vec<u8>) -> Result<Page, AdError> {
        let search = Search::tree(&base, filter.clone(), self.attributes())
            .with(Control::ExtendedDn)
            .with(Control::Paged { size: self.definition.page_size, cookie });
        let answer = self.directory.search(&search).await?;
        let cookie = pages::cookie(&answer)?;
        if !cookie.is_empty() {
            self.work.push_front(Work::Scan { base, filter, cookie });
        }
        self.note_referrals(answer.referrals);
        self.page(answer.entries).await
    }

    /// These users; who of them is not among those that are read is told as gone.
    pub(super) async fn users(&mut self, keys: &[Guid]) -> Result<Page, AdError> {
        let mut entries = Vec::new();
        let filter = Filter::all([self.definition.filter.clone(), Filter::any_object(keys)]);
        for base in self.definition.bases.clone() {
            let search = Search::tree(base, filter.clone(), self.attributes()).with(Control::ExtendedDn);
            entries.extend(self.directory.search(&search).await?.entries);
        }
        let met: HashSet<Guid> = entries.iter().filter_map(Entry::key).collect();
        let mut page = self.page(entries).await?;
        let missing = keys.iter().filter(|key| !met.contains(key));
        page.changes.extend(missing.map(|&key| Change::Gone { key, why: Gone::OutOfScope }));
        Ok(page)
    }

    async fn page(&mut self, mut entries: Vec<Entry>) -> Result<Page, AdError> {
        for entry in &mut entries {
            ranges::complete(&mut *self.directory, entry).await?;
        }
        if self.definition.reads_managers() {
            self.learn_managers(&entries).await?;
        }
        self.learn_groups().await?;
        let mut page = Page::default();
        let mut met = HashSet::new();
        for entry in &entries {
            let key = entry.key().ok_or(AdError::Malformed("a user has no objectGUID"))?;
            // Two bases may overlap.
            if !met.insert(key) {
                continue;
            }
            match self.record(entry) {
                Ok(record) => page.changes.push(Change::Present(Box::new(record))),
                Err(error) => page.refused.push(RefusedRecord { key, error }),
            }
        }
        Ok(page)
    }

    fn record(&self, entry: &Entry) -> Result<Record, domain::RecordError> {
        let mut record = Record::of(entry, &self.definition.record_attributes(), &self.schema, &self.moment)?;
        record.manager = manager(entry)?.and_then(|key| self.managers.get(&key).cloned());
        if let Some(groups) = &self.groups {
            let direct = entry.links("memberOf")?.into_iter().filter_map(|group| group.guid);
            record.groups = Some(groups.of(direct, primary_group(entry)?));
        }
        Ok(record)
    }

    async fn learn_groups(&mut self) -> Result<(), AdError> {
        if let (Some(wanted), None) = (&self.definition.groups, &self.groups) {
            let size = self.definition.page_size;
            self.groups = Some(Graph::read(&mut *self.directory, &self.root.domain, wanted, size).await?);
        }
        Ok(())
    }

    /// Finds out what the managers of these users are called by others. One outside of the domain or of what the account
    /// may read keeps only its key.
    async fn learn_managers(&mut self, entries: &[Entry]) -> Result<(), AdError> {
        if self.managers.len() > MANAGERS {
            self.managers.clear();
        }
        let join = self.definition.join.as_str().to_owned();
        let wanted: HashSet<Guid> = entries
            .iter()
            .filter_map(|entry| manager(entry).ok().flatten())
            .filter(|key| !self.managers.contains_key(key))
            .collect();
        let wanted: Vec<Guid> = wanted.into_iter().collect();
        for some in wanted.chunks(BATCH) {
            let search =
                Search::tree(&self.root.domain, Filter::any_object(some), vec!["objectGUID".to_owned(), join.clone()]);
            let found = self.directory.search(&search).await?.entries;
            for &key in some {
                let entry = found.iter().find(|entry| entry.key() == Some(key));
                let id = entry.and_then(|entry| entry.text(&join).ok().flatten()).map(str::to_owned);
                self.managers.insert(key, Manager { key, id });
            }
        }
        Ok(())
    }
}

fn manager(entry: &Entry) -> Result<Option<Guid>, domain::RecordError> {
    Ok(entry.text("manager")?.and_then(|name| ObjectName::parse(name).guid))
}
