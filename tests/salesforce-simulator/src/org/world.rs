//! The org's data and the one door by which it changes: insert, update and delete of a record under the rules, with
//! stamps, journal and savepoints. Knows no HTTP.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::audit;
use super::dml_error::DmlError;
use super::ids::Id;
use super::journal::{Actor, Change, JournalEntry, difference, user_of};
use super::rules;
use super::schema::Object;
use super::state::{Record, State};
use super::value::Value;
use crate::behaviours::Behaviours;

/// Field values of one insert or update, by exact API name.
pub(crate) type Fields = BTreeMap<String, Value>;

/// A mail that the org sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// To whom.
    pub user: Id,
    /// Why.
    pub reason: MailReason,
    /// When, by the org's clock.
    pub at: Timestamp,
}

/// Why the org sent a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailReason {
    /// SCIM made an active user without a password: `System.resetPassword(id, true)` [src pilot].
    Welcome,
    /// A password was set by SCIM, which Salesforce treats as a reset [sec].
    PasswordReset,
}

/// The data of the org.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) journal: Vec<JournalEntry>,
    pub(crate) mails: Vec<Mail>,
    pub(crate) now: Timestamp,
    pub(crate) behaviours: Behaviours,
    pub(crate) org_id: Id,
    /// Lower-case usernames that exist in other orgs.
    pub(crate) foreign_usernames: BTreeSet<String>,
    /// The users that the platform keeps itself.
    pub(crate) system_users: BTreeSet<Id>,
    /// Why a user cannot be deactivated.
    pub(crate) blockers: BTreeMap<Id, String>,
    /// Ids of deleted records.
    deleted: BTreeSet<Id>,
    /// Set while a call runs under a fault: the group membership lock is held by somebody else.
    pub(crate) membership_lock_held: bool,
    /// Set while a call runs under a fault: the row lock is held by somebody else.
    pub(crate) row_lock_held: bool,
    /// With more users than this in one transaction, the org's own User trigger uses up the CPU time.
    pub(crate) user_trigger_limit: Option<usize>,
    /// Custom permissions by profile or permission set.
    pub(crate) custom_permissions: BTreeMap<Id, BTreeSet<String>>,
    next_expiry: Option<Timestamp>,
    pub(crate) nickname_counter: u64,
    pub(crate) next_sequence: u64,
}

/// A state to return to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Savepoint {
    state: usize,
    journal: usize,
    mails: usize,
}

impl World {
    pub(crate) fn new(now: Timestamp) -> Self {
        let mut state = State::default();
        let org_id = state.next_id(Object::Organization);
        Self {
            state,
            journal: Vec::new(),
            mails: Vec::new(),
            now,
            behaviours: Behaviours::default(),
            org_id,
            foreign_usernames: BTreeSet::new(),
            system_users: BTreeSet::new(),
            blockers: BTreeMap::new(),
            deleted: BTreeSet::new(),
            membership_lock_held: false,
            row_lock_held: false,
            user_trigger_limit: None,
            custom_permissions: BTreeMap::new(),
            next_expiry: None,
            nickname_counter: 0,
            next_sequence: 1,
        }
    }

    pub(crate) fn savepoint(&self) -> Savepoint {
        Savepoint { state: self.state.mark(), journal: self.journal.len(), mails: self.mails.len() }
    }

    pub(crate) fn rollback(&mut self, to: Savepoint) {
        self.state.rollback(to.state);
        self.journal.truncate(to.journal);
        self.mails.truncate(to.mails);
        self.next_sequence = self.journal.last().map_or(1, |entry| entry.sequence + 1);
    }

    /// Inserts a record under the rules.
    pub(crate) fn insert(&mut self, actor: &Actor, object: Object, mut fields: Fields) -> Result<Id, DmlError> {
        if !object.calls().create {
            return Err(DmlError::no_call("create", object));
        }
        rules::may_write(self, actor, object)?;
        rules::fields::check_writable(&self.state, object, &fields, rules::fields::Mode::Create)?;
        if let Some(existing) = rules::existing_instead(self, object, &fields) {
            return Ok(existing);
        }
        rules::defaults(self, object, &mut fields);
        rules::fields::check_values(&self.state, object, &fields, rules::fields::Mode::Create)?;
        let id = self.state.next_id(object);
        let mut record = Record::new(object, id.clone());
        for (name, value) in fields {
            record.set(&name, value);
        }
        rules::check(self, actor, None, &record)?;
        self.write(actor, None, record);
        rules::after_insert(self, actor, object, &id);
        Ok(id)
    }

    /// Changes fields of a record under the rules. Fields that stay equal change nothing, not even the stamps' fields list.
    pub(crate) fn update(&mut self, actor: &Actor, object: Object, id: &Id, fields: Fields) -> Result<(), DmlError> {
        if !object.calls().update {
            return Err(DmlError::no_call("update", object));
        }
        rules::may_write(self, actor, object)?;
        let Some(old) = self.state.get(object, id).cloned() else {
            return Err(DmlError::cross_reference(&[]));
        };
        rules::fields::check_writable(&self.state, object, &fields, rules::fields::Mode::Update)?;
        rules::fields::check_values(&self.state, object, &fields, rules::fields::Mode::Update)?;
        let mut record = old.clone();
        for (name, value) in fields {
            record.set(&name, value);
        }
        rules::check(self, actor, Some(&old), &record)?;
        self.write(actor, Some(&old), record);
        Ok(())
    }

    /// Deletes a record under the rules.
    pub(crate) fn delete(&mut self, actor: &Actor, object: Object, id: &Id) -> Result<(), DmlError> {
        if !object.calls().delete {
            return Err(DmlError::no_call("delete", object));
        }
        rules::may_write(self, actor, object)?;
        let Some(old) = self.state.get(object, id).cloned() else {
            return Err(if self.was_deleted(id) { DmlError::deleted() } else { DmlError::cross_reference(&[]) });
        };
        rules::check_delete(self, &old)?;
        self.erase(actor, object, id);
        rules::after_delete(self, actor, &old);
        Ok(())
    }

    /// Removes a record without asking the rules.
    pub(crate) fn erase(&mut self, actor: &Actor, object: Object, id: &Id) {
        let Some(old) = self.state.get(object, id).cloned() else { return };
        self.discard(actor, &old);
        self.enter(actor, Change::Deleted, Some(&old), None);
    }

    /// Writes a record without asking the rules, with stamps and journal: for what set-up does itself.
    pub(crate) fn write(&mut self, actor: &Actor, old: Option<&Record>, record: Record) {
        let change = if old.is_some() { Change::Updated } else { Change::Created };
        let record = self.store(actor, old, record);
        self.enter(actor, change, old, Some(&record));
    }

    /// Like [`Self::erase`], without a trace in the journal: for what the platform does along with something else.
    pub(crate) fn discard(&mut self, actor: &Actor, old: &Record) {
        self.state.remove(old.object, &old.id);
        self.deleted.insert(old.id.clone());
        audit::note(self, actor, Some(old), None);
    }

    /// Like [`Self::write`], without a trace in the journal.
    pub(crate) fn store(&mut self, actor: &Actor, old: Option<&Record>, mut record: Record) -> Record {
        rules::derive(self, &mut record);
        if old == Some(&record) && !self.behaviours.unchanged_update_stamps {
            return record;
        }
        let stamped = |name: &str, this: &Self| this.state.spec(record.object, name).is_some();
        let (created, modified, modstamp) =
            (stamped("CreatedDate", self), stamped("LastModifiedDate", self), stamped("SystemModstamp", self));
        if old.is_none() && created {
            record.set("CreatedDate", self.now);
            if self.state.spec(record.object, "CreatedById").is_some() {
                record.set("CreatedById", &actor.user);
            }
        }
        if modified {
            record.set("LastModifiedDate", self.now);
            if self.state.spec(record.object, "LastModifiedById").is_some() {
                record.set("LastModifiedById", &actor.user);
            }
        }
        if modstamp {
            record.set("SystemModstamp", self.now);
        }
        if let (Object::PermissionSetAssignment, Value::Time(end)) = (record.object, record.get("ExpirationDate")) {
            self.next_expiry = Some(self.next_expiry.map_or(*end, |next| next.min(*end)));
        }
        self.state.put(record.clone());
        rules::follow(self, old, &record);
        audit::note(self, actor, old, Some(&record));
        record
    }

    /// Moves the clock; assignments whose time has come expire.
    pub(crate) fn set_now(&mut self, now: Timestamp) {
        self.now = now;
        if self.next_expiry.is_some_and(|end| end <= now) {
            rules::expiry::expire(self);
            self.next_expiry = rules::expiry::next(self);
        }
    }

    /// Whether there was such a record and it was deleted.
    pub(crate) fn was_deleted(&self, id: &Id) -> bool {
        self.deleted.contains(id) && self.state.find(id).is_none()
    }

    fn enter(&mut self, actor: &Actor, change: Change, old: Option<&Record>, new: Option<&Record>) {
        let Some(record) = new.or(old) else { return };
        let fields = difference(old, new);
        if fields.is_empty() && change == Change::Updated {
            return;
        }
        self.journal.push(JournalEntry {
            sequence: self.next_sequence,
            at: self.now,
            by: actor.clone(),
            change,
            object: record.object.name(),
            id: record.id.clone(),
            user: user_of(record),
            fields,
        });
        self.next_sequence += 1;
    }
}
