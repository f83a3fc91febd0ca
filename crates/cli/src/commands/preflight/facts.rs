//! What the org says, each part as it was answered or refused. The only file that asks the org.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::{ActualUser, SalesforceId, SalesforceUserId, UserField};
use policy::{Api, STRONG_KEYS};
use ports::secrets::ExposeSecret as _;
use ports::{SecretName, Secrets};
use salesforce::{
    ApexService, Catalog, Credentials, Limits, OwnPermissions, Salesforce, SalesforceError, UserDescription, Wanted,
};
use serde_json::Value;

/// An answer, or why there is none.
pub(super) type Asked<T> = Result<T, SalesforceError>;

/// What was found out.
pub(super) struct Facts {
    /// What the secret says.
    pub(super) login: Asked<Login>,
    /// Everything else; of an org that lets nobody in, why.
    pub(super) org: Asked<Org>,
}

/// How the connector logs in.
#[derive(Clone, Debug)]
pub(super) struct Login {
    pub(super) flow: String,
    pub(super) url: String,
}

/// What the org says to the connector's user.
pub(super) struct Org {
    pub(super) session: Session,
    /// The connector's own user; `None` when it is not found among users of type Standard.
    pub(super) own: Asked<Option<ActualUser>>,
    pub(super) permissions: Asked<OwnPermissions>,
    /// `None` where the configuration does not want it.
    pub(super) service: Option<Asked<ApexService>>,
    pub(super) limits: Asked<Limits>,
    pub(super) catalog: Asked<Arc<Catalog>>,
    pub(super) description: Asked<UserDescription>,
    /// Who may manage users and is not shut out.
    pub(super) administrators: Asked<BTreeSet<SalesforceUserId>>,
    /// The protect list's users.
    pub(super) protected: Asked<BTreeMap<String, Option<ActualUser>>>,
    /// All users, where they were asked for.
    pub(super) carriers: Option<Asked<Carriers>>,
}

/// Whose session it is, and where.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) org: SalesforceId,
    pub(super) user: SalesforceUserId,
    pub(super) instance: String,
}

/// Who carries which value of the fields that tell who somebody is.
#[derive(Clone, Debug, Default)]
pub(super) struct Carriers {
    pub(super) users: usize,
    pub(super) by_value: BTreeMap<(UserField, String), Vec<SalesforceUserId>>,
}

impl Login {
    /// Reads the secret as the connector would.
    pub(super) async fn read(secrets: &dyn Secrets, name: &SecretName) -> Asked<Self> {
        let secret = secrets.read(name).await?;
        Credentials::parse(name, &secret)?;
        let fields: Value = serde_json::from_str(secret.expose_secret()).unwrap_or_default();
        let text = |field: &str| fields.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Self { flow: text("flow"), url: text("loginUrl") })
    }
}

impl Facts {
    /// Asks everything. An answer that is refused leaves the others as they are.
    pub(super) async fn read(
        org: &Salesforce,
        login: Asked<Login>,
        configured: &policy::Salesforce,
        deep: bool,
    ) -> Self {
        let org = match &login {
            Ok(_) => Org::read(org, configured, deep).await,
            Err(error) => Err(error.clone()),
        };
        Self { login, org }
    }
}

impl Org {
    async fn read(org: &Salesforce, configured: &policy::Salesforce, deep: bool) -> Asked<Self> {
        let session =
            Session { instance: org.instance().await?, user: org.own_user().await?, org: org.org_id().await? };
        // One after the other: an org that is short of calls is not pressed, and it is a dozen in all.
        Ok(Self {
            own: own(org, &session.user).await,
            permissions: org.own_permissions().await,
            service: match configured.api {
                Api::Apex => Some(org.apex_service().await),
                _ => None,
            },
            limits: org.limits().await,
            catalog: org.catalog().await,
            description: org.user_description().await,
            administrators: org.usable_administrators().await,
            protected: protected(org, &configured.protect).await,
            carriers: if deep { Some(Carriers::read(org).await) } else { None },
            session,
        })
    }
}

async fn own(org: &Salesforce, user: &SalesforceUserId) -> Asked<Option<ActualUser>> {
    let wanted = Wanted { user: Some(user.clone()), keys: Vec::new() };
    let found = org.lookup(&[wanted]).await?;
    Ok(found.into_iter().flatten().next().map(|candidate| candidate.user))
}

async fn protected(org: &Salesforce, names: &BTreeSet<String>) -> Asked<BTreeMap<String, Option<ActualUser>>> {
    let wanted: Vec<_> =
        names.iter().map(|name| Wanted { user: None, keys: vec![(UserField::Username, name.clone())] }).collect();
    let found = org.lookup(&wanted).await?;
    let users = found.into_iter().map(|found| found.into_iter().next().map(|candidate| candidate.user));
    Ok(names.iter().cloned().zip(users).collect())
}

impl Carriers {
    async fn read(org: &Salesforce) -> Asked<Self> {
        let mut carriers = Self::default();
        let mut after = None;
        loop {
            let page = org.survey_page(after.as_ref()).await?;
            let Some(last) = page.last() else { return Ok(carriers) };
            after = Some(last.user.id.clone());
            page.iter().for_each(|surveyed| carriers.add(&surveyed.user));
        }
    }

    pub(super) fn add(&mut self, user: &ActualUser) {
        self.users += 1;
        for field in STRONG_KEYS {
            if let Some(value) = user.field(field) {
                self.by_value.entry((field, value.to_owned())).or_default().push(user.id.clone());
            }
        }
    }
}
