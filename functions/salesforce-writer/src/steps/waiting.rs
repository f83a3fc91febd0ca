//! Links to a user that was not there yet: who waits for it is woken when it is.

use domain::PersonId;
use ports::QueueName;
use records::{Disposition, send_wake_ups};

use crate::{PAUSE, Writer};

impl Writer {
    /// Wakes everybody whose account is to be linked to the person's user.
    pub(super) async fn wake_waiting(&self, person: &PersonId) -> Result<(), Disposition> {
        let mut after: Option<String> = None;
        loop {
            let page = self.accounts.waiting_for(person, after.as_deref()).await;
            let (waiting, next) = page.map_err(|error| failed(person, &error))?;
            send_wake_ups(&*self.queue, QueueName::Changes, waiting).await.map_err(|error| failed(person, &error))?;
            after = next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

/// The person's own message comes again, and with it the waking.
fn failed(person: &PersonId, error: &dyn std::fmt::Display) -> Disposition {
    tracing::warn!(event = "writer.waiting_not_woken", %person, %error);
    Disposition::Again(PAUSE)
}
