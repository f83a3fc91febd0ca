//! The Salesforce org and how it is written to.

use std::collections::BTreeSet;

use domain::SecretName;

use super::sources::secret;
use crate::address::{is_address, is_suffix};
use crate::files::shape::{self, Api};
use crate::files::{At, Sink};

/// The Salesforce org and how it is written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Salesforce {
    /// Name of the secret with the credentials.
    pub secret: SecretName,
    /// The write path.
    pub api: Api,
    /// As `66.0`.
    pub api_version: String,
    /// How many persons are written at the same time.
    pub concurrent_writes: u16,
    /// What every user name ends with, as `.uat`; policy has put it there already.
    pub username_suffix: Option<String>,
    /// Whether Salesforce mails new users.
    pub welcome_mail: bool,
    /// User names that are never frozen or deactivated, in lower case; [`protects`](Self::protects) compares.
    pub protect: BTreeSet<String>,
    /// How much of the org's daily API calls each kind of work may use.
    pub api_budget: ApiBudget,
}

/// Percentages of the org's daily API calls. What others use counts too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiBudget {
    /// Bulk work stops when so much is used.
    pub bulk_until: u8,
    /// The last part, for taking away access alone.
    pub reserve: u8,
}

impl Salesforce {
    /// Whether the user of that name is never frozen or deactivated.
    pub fn protects(&self, username: &str) -> bool {
        self.protect.contains(&username.to_lowercase())
    }
}

pub(crate) fn salesforce(shape: &shape::Salesforce, sink: &mut Sink) -> Option<Salesforce> {
    let secret = secret(&shape.secret, sink);
    let api = shape.api.unwrap_or(Api::Scim);
    let api_version = shape.api_version.as_ref().map_or("66.0", |version| {
        let digits = version.value.strip_suffix(".0").unwrap_or_default();
        if !(2..=3).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
            sink.error(&version.place, "a version as \"66.0\" is needed here");
        }
        &version.value
    });
    // Salesforce ends long requests beyond 25 at a time (facts on concurrent API requests).
    let concurrent_writes = within(shape.concurrent_writes.as_ref(), 4, 1, 25, sink);
    if let Some(suffix) = shape.username_suffix.as_ref().filter(|suffix| !fits(&suffix.value)) {
        let message =
            "an ending as `.uat` is needed here: a full stop, then letters, digits and -, at most 40 characters";
        sink.error(&suffix.place, message);
    }
    if let Some(mail) = shape.welcome_mail.as_ref().filter(|mail| mail.value && api == Api::Scim) {
        sink.warning(&mail.place, "it has no effect: the write path `scim` leaves it to Salesforce whether new users are mailed, only `apex` can say");
    }
    Some(Salesforce {
        secret: secret?,
        api,
        api_version: api_version.to_owned(),
        concurrent_writes,
        username_suffix: shape.username_suffix.as_ref().map(|suffix| suffix.value.clone()),
        welcome_mail: shape.welcome_mail.as_ref().is_some_and(|mail| mail.value),
        protect: protect(shape.protect.as_deref().unwrap_or_default(), sink),
        api_budget: api_budget(shape.api_budget.as_ref(), sink),
    })
}

fn fits(suffix: &str) -> bool {
    is_suffix(suffix) && suffix.len() <= 40
}

fn protect(names: &[At<String>], sink: &mut Sink) -> BTreeSet<String> {
    let mut protect = BTreeSet::new();
    for At { place, value } in names {
        if !is_address(value) {
            sink.error(place, "a user name, in the form of a mail address, is needed here");
        } else if !protect.insert(value.to_lowercase()) {
            sink.error(place, format!("`{value}` is here twice"));
        }
    }
    protect
}

fn api_budget(shape: Option<&shape::ApiBudget>, sink: &mut Sink) -> ApiBudget {
    let bulk_until = shape.and_then(|budget| budget.bulk_until.as_ref());
    let reserve = shape.and_then(|budget| budget.reserve.as_ref());
    let place = reserve.or(bulk_until).map(|at| at.place.clone());
    // Without a reserve nothing would be left for a leaver on a busy day.
    let budget =
        ApiBudget { bulk_until: within(bulk_until, 80, 1, 99, sink), reserve: within(reserve, 5, 1, 50, sink) };
    if let Some(place) = place.filter(|_| budget.bulk_until.saturating_add(budget.reserve) > 100) {
        let ApiBudget { bulk_until, reserve } = budget;
        let message = format!("bulk work until {bulk_until} percent leaves no reserve of {reserve}");
        sink.error(&place, message);
    }
    budget
}

/// The number, or the default when there is none; refused outside the range.
fn within<T: TryFrom<u16> + Copy>(number: Option<&At<u16>>, default: T, least: u16, most: u16, sink: &mut Sink) -> T {
    let Some(At { place, value }) = number else { return default };
    if !(least..=most).contains(value) {
        sink.error(place, format!("a number from {least} to {most} is needed here"));
    }
    T::try_from(*value).unwrap_or(default)
}
