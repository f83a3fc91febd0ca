//! From hints at changed objects to the users that they concern: the object itself, the members of a group, the people
//! of a manager.

use std::collections::HashMap;

use super::{Advice, BATCH, Change, Gone, Page, Reader, Work};
use crate::controls::Control;
use crate::directory::{Search, names};
use crate::entry::{Entry, ObjectName};
use crate::error::AdError;
use crate::feed::Hint;
use crate::filter::Filter;
use crate::guid::Guid;

/// What kind of object a hint points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Object {
    User,
    Group,
    Container,
    Other,
}

impl Reader {
    /// What became of some objects. A hint does not tell what an object is, so that is asked for first, tombstones too.
    pub(super) async fn look(&mut self, hints: Vec<Hint>) -> Result<Page, AdError> {
        let keys: Vec<Guid> = hints.iter().map(|hint| hint.key).collect();
        let attributes = names(&["objectGUID", "objectClass", "isDeleted", "isRecycled"]);
        let search = Search::tree(&self.root.domain, Filter::any_object(&keys), attributes).with(Control::ShowDeleted);
        let found = self.directory.search(&search).await?.entries;
        let found: HashMap<Guid, Entry> = found.into_iter().filter_map(|entry| Some((entry.key()?, entry))).collect();
        let (mut page, mut users) = (Page::default(), Vec::new());
        for hint in hints {
            let key = hint.key;
            let gone = |why| Change::Gone { key, why };
            match found.get(&key) {
                None if hint.deleted => page.changes.push(gone(Gone::Deleted)),
                None => page.changes.push(gone(Gone::Unseen)),
                Some(entry) => match (Object::of(entry), entry.is_deleted()) {
                    (Object::User, true) => page.changes.push(gone(Gone::Deleted)),
                    (Object::User, false) => {
                        users.push(key);
                        self.follow_manager(&hint, &entry.name.dn);
                    }
                    (Object::Group, true) => self.advise_of_groups(Advice::GroupDeleted),
                    (Object::Group, false) => self.follow_group(hint, &entry.name.dn),
                    (Object::Container, false) if hint.renamed => {
                        self.done.advice.insert(Advice::ContainerMoved);
                    }
                    (Object::Container | Object::Other, _) => {}
                },
            }
        }
        if !users.is_empty() {
            self.work.push_front(Work::Users(users));
        }
        Ok(page)
    }

    /// The people of a manager show what the manager is called by others.
    fn follow_manager(&mut self, hint: &Hint, dn: &str) {
        if hint.rejoined && self.definition.reads_managers() {
            self.managers.remove(&hint.key);
            let of_manager = Filter::equals("manager", dn.as_bytes());
            self.scan_for(&Filter::all([self.definition.filter.clone(), of_manager]));
        }
    }

    fn follow_group(&mut self, hint: Hint, dn: &str) {
        if !self.definition.depends_on_groups() {
            return;
        }
        if hint.renamed || !hint.members_told {
            let members = Filter::nested_member_of(dn);
            self.scan_for(&Filter::all([self.definition.filter.clone(), members]));
        }
        // The scan finds nobody whom the group's new name has put outside of the filter.
        if !hint.members_told || (hint.renamed && self.definition.filter.asks_for_members()) {
            self.done.advice.insert(Advice::GroupChanged);
        }
        let members: Vec<String> = hint.added.into_iter().chain(hint.removed).map(|member| member.dn).collect();
        for some in members.chunks(BATCH) {
            self.work.push_back(Work::Members(some.to_vec()));
        }
    }

    fn advise_of_groups(&mut self, advice: Advice) {
        if self.definition.depends_on_groups() {
            self.done.advice.insert(advice);
        }
    }

    /// Users among a group's members are read again; groups among them concern everybody who is in these.
    pub(super) async fn members(&mut self, members: Vec<String>) -> Result<Page, AdError> {
        let by_name = members.iter().map(|dn| Filter::equals("distinguishedName", dn.as_bytes()));
        let search = Search::tree(&self.root.domain, Filter::any(by_name), names(&["objectGUID", "objectClass"]));
        let mut users = Vec::new();
        for entry in self.directory.search(&search).await?.entries {
            match (Object::of(&entry), entry.key()) {
                (Object::User, Some(key)) => users.push(key),
                (Object::Group, _) => {
                    let members = Filter::nested_member_of(&entry.name.dn);
                    self.scan_for(&Filter::all([self.definition.filter.clone(), members]));
                    if self.definition.filter.asks_for_members() {
                        self.done.advice.insert(Advice::GroupChanged);
                    }
                }
                _ => {}
            }
        }
        if users.is_empty() { Ok(Page::default()) } else { self.users(&users).await }
    }
}

impl Object {
    fn of(entry: &Entry) -> Self {
        match () {
            () if entry.is_a("computer") => Self::Other,
            () if entry.is_a("user") => Self::User,
            () if entry.is_a("group") => Self::Group,
            () if entry.is_a("organizationalUnit") || entry.is_a("container") => Self::Container,
            () => Self::Other,
        }
    }
}

impl Hint {
    /// Nothing is known to have happened to the object; what is there is asked.
    pub(super) fn at(key: Guid) -> Self {
        Self {
            key,
            dn: String::new(),
            deleted: false,
            renamed: false,
            rejoined: false,
            added: Vec::new(),
            removed: Vec::new(),
            members_told: true,
        }
    }

    /// Takes in a later hint at the same object.
    pub(super) fn join(&mut self, later: Self) {
        let members = |earlier: &mut Vec<ObjectName>, more: Vec<ObjectName>| earlier.extend(more);
        members(&mut self.added, later.added);
        members(&mut self.removed, later.removed);
        self.dn = later.dn;
        self.deleted = later.deleted;
        self.renamed |= later.renamed;
        self.rejoined |= later.rejoined;
        self.members_told &= later.members_told;
    }
}
