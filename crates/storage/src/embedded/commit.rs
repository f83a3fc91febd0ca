//! Group commit. Every change waits its turn; whoever's turn it is carries out all changes that wait, in one redb
//! transaction with one fsync, and answers them. Nothing is read or answered before it is on disk.
//!
//! This needs no thread and no runtime of its own, and the step between two awaits is whole: a caller that is dropped
//! before its turn leaves nothing behind.

use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::{Database, ReadTransaction, ReadableDatabase, WriteTransaction};
use tokio::sync::oneshot;

/// Why a change was not, or perhaps not, done.
#[derive(Clone, Debug)]
pub(super) enum Broken {
    /// Nothing happened.
    NotDone(String),
    /// The commit failed midway.
    Unclear(String),
}

impl<E: Into<redb::Error>> From<E> for Broken {
    fn from(error: E) -> Self {
        Self::NotDone(error.into().to_string())
    }
}

/// What a change answers, and whether it changed anything at all.
pub(super) enum Done<T> {
    Changed(T),
    Unchanged(T),
}

pub(super) struct Commits {
    database: Database,
    waiting: Mutex<Vec<Box<dyn Step>>>,
    turn: tokio::sync::Mutex<()>,
    #[cfg(test)]
    commits: std::sync::atomic::AtomicUsize,
}

impl Commits {
    pub(super) fn new(database: Database) -> Self {
        Self {
            database,
            waiting: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            #[cfg(test)]
            commits: std::sync::atomic::AtomicUsize::default(),
        }
    }

    /// How many transactions were committed.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.commits.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// A view of what is on disk.
    pub(super) fn read(&self) -> Result<ReadTransaction, redb::Error> {
        Ok(self.database.begin_read()?)
    }

    /// Carries out `work` and returns when it is on disk. Work that answers `Unchanged`, or an error, must not have
    /// changed anything: others' work is committed together with it.
    pub(super) async fn change<T, F>(&self, work: F) -> Result<T, Broken>
    where
        T: Send + 'static,
        F: FnOnce(&WriteTransaction) -> Result<Done<T>, Broken> + Send + 'static,
    {
        let (reply, mut answer) = oneshot::channel();
        self.waiting().push(Box::new(Change { work: Some(work), value: None, reply }));
        // Lets others that are ready now join the same commit.
        tokio::task::yield_now().await;
        tokio::select! {
            biased;
            answer = &mut answer => return answer.unwrap_or_else(|_| Err(unanswered())),
            _turn = self.turn.lock() => {
                // Either the last holder of the turn has done it meanwhile, or it still waits.
                if answer.is_empty() {
                    let steps = std::mem::take(&mut *self.waiting());
                    self.carry_out(steps);
                }
            }
        }
        answer.try_recv().unwrap_or_else(|_| Err(unanswered()))
    }

    fn carry_out(&self, mut steps: Vec<Box<dyn Step>>) {
        steps.retain(|step| !step.is_abandoned());
        let outcome = self.commit(&mut steps);
        for step in steps {
            step.finish(&outcome);
        }
    }

    fn commit(&self, steps: &mut [Box<dyn Step>]) -> Result<(), Broken> {
        let transaction = self.database.begin_write()?;
        let mut changed = false;
        for step in steps {
            changed |= step.apply(&transaction)?;
        }
        if changed {
            #[cfg(test)]
            self.commits.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            transaction.commit().map_err(|error| Broken::Unclear(error.to_string()))
        } else {
            Ok(transaction.abort()?)
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Box<dyn Step>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unanswered() -> Broken {
    Broken::Unclear("the change got no answer".to_owned())
}

trait Step: Send {
    /// Its caller is gone and expects nothing to happen.
    fn is_abandoned(&self) -> bool;
    /// Works inside the transaction; tells whether anything changed.
    fn apply(&mut self, transaction: &WriteTransaction) -> Result<bool, Broken>;
    /// Answers the caller.
    fn finish(self: Box<Self>, outcome: &Result<(), Broken>);
}

struct Change<T, F> {
    work: Option<F>,
    value: Option<T>,
    reply: oneshot::Sender<Result<T, Broken>>,
}

impl<T, F> Step for Change<T, F>
where
    T: Send,
    F: FnOnce(&WriteTransaction) -> Result<Done<T>, Broken> + Send,
{
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn apply(&mut self, transaction: &WriteTransaction) -> Result<bool, Broken> {
        let Some(work) = self.work.take() else { return Ok(false) };
        let (changed, value) = match work(transaction)? {
            Done::Changed(value) => (true, value),
            Done::Unchanged(value) => (false, value),
        };
        self.value = Some(value);
        Ok(changed)
    }

    fn finish(self: Box<Self>, outcome: &Result<(), Broken>) {
        let answer = match (outcome, self.value) {
            (Ok(()), Some(value)) => Ok(value),
            (Ok(()), None) => Err(unanswered()),
            (Err(broken), _) => Err(broken.clone()),
        };
        // A caller that went away meanwhile needs no answer.
        drop(self.reply.send(answer));
    }
}
