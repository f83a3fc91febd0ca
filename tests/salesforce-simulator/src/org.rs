//! The org as a whole: what it holds, and what tests read and set. How it answers a request is in `serve`.

pub(crate) mod admin;
mod audit;
pub(crate) mod builder;
pub(crate) mod dml_error;
pub(crate) mod ids;
pub(crate) mod journal;
pub(crate) mod names;
pub(crate) mod picklists;
pub(crate) mod rules;
pub(crate) mod sample;
pub(crate) mod schema;
mod serve;
pub(crate) mod state;
pub(crate) mod value;
pub(crate) mod views;
pub(crate) mod world;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::accounting::Accounting;
use crate::behaviours::Behaviours;
use crate::faults::FaultPlan;
use crate::oauth::Registry;
use crate::rest::Cursors;
use ids::Id;
use journal::JournalEntry;
use world::{Mail, World};

/// The addresses of the org.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hosts {
    /// Where tokens are asked for.
    pub(crate) login_url: String,
    /// Where the API is called: the `instance_url` of token answers.
    pub(crate) instance_url: String,
    pub(crate) sandbox: bool,
}

/// A simulated org.
#[derive(Debug, Clone)]
pub struct Org {
    pub(crate) world: World,
    pub(crate) oauth: Registry,
    pub(crate) hosts: Hosts,
    pub(crate) cursors: Cursors,
    pub(crate) accounting: Accounting,
    /// The person who does what [`Org::admin`] does.
    pub(crate) administrator: Id,
    faults: FaultPlan,
    /// Whether somebody installed the Apex REST service for accounts.
    pub(crate) accounts_service: bool,
}

impl Org {
    pub(crate) fn new(now: Timestamp) -> Self {
        let address = "https://sample.my.salesforce.com".to_owned();
        let administrator = Id::numbered("005", 0);
        Self {
            world: World::new(now),
            administrator,
            oauth: Registry::default(),
            hosts: Hosts { login_url: address.clone(), instance_url: address, sandbox: false },
            cursors: Cursors::default(),
            accounting: Accounting::default(),
            faults: FaultPlan::default(),
            accounts_service: false,
        }
    }

    /// The org's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.world.now
    }

    /// Sets the org's clock, to the millisecond.
    pub fn set_now(&mut self, now: Timestamp) {
        self.world.set_now(Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now));
    }

    /// Moves the org's clock.
    pub fn advance(&mut self, by: SignedDuration) {
        self.set_now(self.world.now.saturating_add(by).unwrap_or(self.world.now));
    }

    /// How uncertain points are decided.
    pub fn behaviours_mut(&mut self) -> &mut Behaviours {
        &mut self.world.behaviours
    }

    /// The org's own User trigger uses up the CPU time when one transaction writes more users than this; nothing sets no
    /// limit. In sObject Collections the rows then fail [se 377154], in Apex REST the call does.
    pub fn set_user_trigger_limit(&mut self, users: Option<usize>) {
        self.world.user_trigger_limit = users;
    }

    /// Installs the Apex REST service for accounts, or takes it away.
    pub fn install_accounts_service(&mut self, installed: bool) {
        self.accounts_service = installed;
    }

    /// The faults in force.
    pub fn faults_mut(&mut self) -> &mut FaultPlan {
        &mut self.faults
    }

    /// Calls by kind since the org was made or [`Self::reset_calls`]: `oauth`, `soql`, `soql more`, `scim POST Users`,
    /// `rest PATCH User`, `collections POST`, `apex POST accounts`, `limits`, …
    #[must_use]
    pub fn calls(&self) -> &BTreeMap<String, u64> {
        &self.accounting.by_kind
    }

    /// All calls since the org was made or [`Self::reset_calls`].
    #[must_use]
    pub fn call_count(&self) -> u64 {
        self.accounting.number
    }

    /// Forgets the counted calls; the used allowance stays.
    pub fn reset_calls(&mut self) {
        self.accounting.reset();
    }

    /// Sets the allowance of API calls a rolling day.
    pub fn set_daily_api_limit(&mut self, max: u64) {
        self.accounting.daily_max = max;
    }

    /// Sets the used part of the allowance, as if other integrations had used it.
    pub fn set_api_usage(&mut self, used: u64) {
        let now = self.world.now;
        self.accounting.set_used(now, used);
    }

    /// The used part of the allowance.
    pub fn api_usage(&mut self) -> u64 {
        let now = self.world.now;
        self.accounting.used(now)
    }

    /// Every mutation since the org was built, oldest first.
    #[must_use]
    pub fn journal(&self) -> &[JournalEntry] {
        &self.world.journal
    }

    /// Every mail that the org sent, oldest first.
    #[must_use]
    pub fn mails(&self) -> &[Mail] {
        &self.world.mails
    }

    /// Ends all sessions, as an administrator or a changed policy does.
    pub fn expire_tokens(&mut self) {
        self.oauth.sessions.clear();
    }

    /// Sets how long a session lives without a call.
    pub fn set_session_timeout(&mut self, timeout: SignedDuration) {
        self.oauth.timeout = timeout;
    }

    /// Sets the address where tokens are asked for and the one where the API is called, without a slash at the end.
    pub fn set_addresses(&mut self, login_url: &str, instance_url: &str) {
        self.hosts.login_url = login_url.trim_end_matches('/').to_owned();
        self.hosts.instance_url = instance_url.trim_end_matches('/').to_owned();
    }

    /// Where tokens are asked for.
    #[must_use]
    pub fn login_url(&self) -> &str {
        &self.hosts.login_url
    }

    /// Where the API is called.
    #[must_use]
    pub fn instance_url(&self) -> &str {
        &self.hosts.instance_url
    }

    /// The org's own id.
    #[must_use]
    pub fn id(&self) -> &Id {
        &self.world.org_id
    }
}
