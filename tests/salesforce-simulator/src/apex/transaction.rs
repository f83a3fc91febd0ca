//! Writes of one Apex transaction, counted against the governor limits.

use crate::org::dml_error::DmlError;
use crate::org::ids::Id;
use crate::org::journal::Actor;
use crate::org::schema::Object;
use crate::org::world::{Fields, World};

/// DML rows a transaction; failed ones count too [doc for the number, ? for the failed].
const MAX_ROWS: usize = 10_000;

/// A governor limit was passed: nothing of the transaction stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Halt {
    /// The org's own trigger on User used up the CPU time.
    CpuTime,
    /// More records written than a transaction may.
    DmlRows,
}

pub(super) struct Transaction<'a> {
    pub(super) world: &'a mut World,
    actor: &'a Actor,
    rows: usize,
    users: usize,
}

impl<'a> Transaction<'a> {
    pub(super) fn new(world: &'a mut World, actor: &'a Actor) -> Self {
        Self { world, actor, rows: 0, users: 0 }
    }

    pub(super) fn insert(&mut self, object: Object, fields: Fields) -> Result<Result<Id, DmlError>, Halt> {
        self.count(object)?;
        Ok(self.world.insert(self.actor, object, fields))
    }

    pub(super) fn update(&mut self, object: Object, id: &Id, fields: Fields) -> Result<Result<(), DmlError>, Halt> {
        self.count(object)?;
        Ok(self.world.update(self.actor, object, id, fields))
    }

    pub(super) fn delete(&mut self, object: Object, id: &Id) -> Result<Result<(), DmlError>, Halt> {
        self.count(object)?;
        Ok(self.world.delete(self.actor, object, id))
    }

    fn count(&mut self, object: Object) -> Result<(), Halt> {
        self.rows += 1;
        if object == Object::User {
            self.users += 1;
        }
        if self.rows > MAX_ROWS {
            return Err(Halt::DmlRows);
        }
        if self.world.user_trigger_limit.is_some_and(|limit| self.users > limit) {
            return Err(Halt::CpuTime);
        }
        Ok(())
    }
}
