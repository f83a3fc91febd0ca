//! Who the connector is in the org, what it may do there, and who else could mend things if it went wrong.

mod administrators;
mod permissions;

use domain::{SalesforceId, SalesforceUserId};
use serde_json::Value;

pub use self::permissions::OwnPermissions;

use crate::Salesforce;
use crate::api::Call;
use crate::error::SalesforceError;
use crate::usage::CallKind;

/// Whose session it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    org: SalesforceId,
    user: SalesforceUserId,
}

impl Identity {
    /// From the identity URL of a log-in's answer: `https://login.salesforce.com/id/<org>/<user>`.
    pub(crate) fn from_url(url: &str) -> Option<Self> {
        let mut parts = url.trim_end_matches('/').rsplit('/');
        let (user, org, id) = (parts.next()?, parts.next()?, parts.next()?);
        if id == "id" { Self::parse(org, user) } else { None }
    }

    fn from_userinfo(answer: &Value) -> Option<Self> {
        let text = |name: &str| answer.get(name)?.as_str();
        Self::parse(text("organization_id")?, text("user_id")?)
    }

    fn parse(org: &str, user: &str) -> Option<Self> {
        let org = SalesforceId::parse(org).ok().filter(|org| org.prefix() == "00D")?;
        Some(Self { org, user: SalesforceUserId::parse(user).ok()? })
    }
}

impl Salesforce {
    /// The user that the connector logs in as.
    ///
    /// # Errors
    /// Those of the log-in, and of a call where the log-in's answer does not tell.
    pub async fn own_user(&self) -> Result<SalesforceUserId, SalesforceError> {
        Ok(self.identity().await?.user)
    }

    /// The org's id.
    ///
    /// # Errors
    /// As [`Self::own_user`].
    pub async fn org_id(&self) -> Result<SalesforceId, SalesforceError> {
        Ok(self.identity().await?.org)
    }

    /// The host that the org's calls go to, as `https://acme.my.salesforce.com`.
    ///
    /// # Errors
    /// Those of the log-in.
    pub async fn instance(&self) -> Result<String, SalesforceError> {
        Ok(self.api.sessions.session().await?.instance.clone())
    }

    async fn identity(&self) -> Result<Identity, SalesforceError> {
        let session = self.api.sessions.session().await?;
        let identity = session.identity.get_or_try_init(|| async {
            let call = Call::get(CallKind::Identity, "/services/oauth2/userinfo".to_owned());
            let answer = self.api.read(&call).await?;
            Identity::from_userinfo(&answer).ok_or_else(|| SalesforceError::Unclear {
                reason: "the userinfo answer holds no user_id or no organization_id".to_owned(),
            })
        });
        identity.await.cloned()
    }
}

#[cfg(test)]
mod tests;
