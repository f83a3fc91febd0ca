//! Before anything is done: nobody who must not be shut out is shut out.

use std::collections::BTreeSet;

use domain::{Operation, SalesforceUserId};
use jiff::SignedDuration;
use salesforce::SalesforceError;

use crate::Writer;
use crate::guard::{Protected, endangers, protection};
use crate::person::Working;

/// How long the list of administrators is good for finding out whether one of them leaves.
const LIST_HOLDS: SignedDuration = SignedDuration::from_mins(10);

impl Writer {
    /// Takes all operations from those who are protected; they wait for an operator.
    pub(super) async fn protect(&self, ready: &mut [Working]) -> Result<(), SalesforceError> {
        let endangered = |working: &&Working| endangers(&working.operations);
        let leaving: BTreeSet<_> = ready.iter().filter(endangered).filter_map(Working::user).collect();
        if leaving.is_empty() {
            return Ok(());
        }
        let protected = Protected {
            usernames: self.rules.protect.clone(),
            own: Some(self.salesforce.own_user().await?),
            administrators: self.administrators(&leaving).await,
        };
        for working in ready.iter_mut().filter(|working| endangers(&working.operations)) {
            let Some(actual) = &working.actual else { continue };
            let Some(reason) = protection(actual, &protected, &leaving) else { continue };
            tracing::warn!(event = "writer.user_protected", person = %working.person, user = %actual.id);
            working.operations.retain(|operation| matches!(operation, Operation::Correlate { .. }));
            working.protected = Some(reason);
        }
        Ok(())
    }

    /// The org's administrators, read anew when one of them is to go. Empty when they can't be read: leavers must not
    /// wait for that, and Salesforce itself refuses to deactivate the last one.
    async fn administrators(&self, leaving: &BTreeSet<SalesforceUserId>) -> BTreeSet<SalesforceUserId> {
        let mut kept = self.administrators.0.lock().await;
        let now = self.clock.now();
        let holds = kept.as_ref().filter(|(read_at, _)| now.duration_since(*read_at) < LIST_HOLDS);
        if let Some((_, known)) = holds
            && known.is_disjoint(leaving)
        {
            return known.clone();
        }
        match self.salesforce.usable_administrators().await {
            Ok(administrators) => {
                *kept = Some((now, administrators.clone()));
                administrators
            }
            Err(error) => {
                tracing::warn!(event = "writer.administrators_unread", %error);
                BTreeSet::new()
            }
        }
    }
}
