//! Reading the whole org, page by page: every user with everything it is given, for comparing it with what it should be.
//! What users are given is asked for by ranges of user ids, so that a page costs a handful of calls whatever is on it.

mod changes;

use std::collections::{BTreeMap, BTreeSet};

use domain::{ActualUser, Assignment, EntitlementName, SalesforceUserId};
use jiff::Timestamp;

pub use self::changes::{SetUpChange, SetUpTrail};

use crate::Salesforce;
use crate::directory::{self, rows};
use crate::error::SalesforceError;
use crate::query::Row;
use crate::soql;

/// Users on a page: as many rows as Salesforce gives in one answer.
const PAGE: usize = 2_000;
/// Before all users.
const FIRST: &str = "005000000000000AAA";

const FROZEN: &str = "SELECT UserId FROM UserLogin WHERE IsFrozen = true AND ";
/// An org may have far more portal users than others, with ids in between.
const OF_STANDARD: &str = "Assignee.UserType = 'Standard' AND ";

/// A user as a survey finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surveyed {
    /// The user, with everything that it is given.
    pub user: ActualUser,
    /// Its full name, for people to read.
    pub name: String,
    /// When its record was changed last. Assignments and freezing are not changes of the record.
    pub last_modified: Timestamp,
    /// The username of who changed it.
    pub last_modified_by: Option<String>,
}

/// The ids of one page's users.
struct Page<'a> {
    /// The last one before.
    after: &'a str,
    users: &'a [Surveyed],
    last: &'a SalesforceUserId,
}

impl Salesforce {
    /// The next users of type Standard, active or not, at most 2,000, in the order of their ids, from the one behind
    /// `after` on; the last one's id is the next `after`. None when there are no more.
    ///
    /// # Errors
    /// Those of the queries. What could not be read whole is an error.
    pub async fn survey_page(&self, after: Option<&SalesforceUserId>) -> Result<Vec<Surveyed>, SalesforceError> {
        let after = after.map_or(FIRST, SalesforceUserId::as_str);
        let mut surveyed = self.surveyed(after).await?;
        let Some(last) = surveyed.last().map(|last| last.user.id.clone()) else { return Ok(surveyed) };
        let page = Page { after, users: &surveyed, last: &last };
        let (sets, licences) =
            (format!("{}{OF_STANDARD}", directory::SETS), format!("{}{OF_STANDARD}", directory::LICENSES));
        let (frozen, sets, licences, groups) = futures::try_join!(
            self.given(FROZEN, "UserId", &page, frozen),
            self.given(&sets, "AssigneeId", &page, rows::permission_set),
            self.given_if_there(&licences, "AssigneeId", &page, rows::licence),
            self.given(directory::GROUPS, "UserOrGroupId", &page, rows::group),
        )?;
        give(&mut surveyed, [sets, licences, groups].into_iter().flatten(), frozen);
        Ok(surveyed)
    }

    async fn surveyed(&self, after: &str) -> Result<Vec<Surveyed>, SalesforceError> {
        let features = self.features(false).await?;
        let query = async |features: &BTreeSet<EntitlementName>| {
            self.query_as(&user_query(features, after), |row| surveyed(&row, features)).await
        };
        let users = match query(&features).await {
            // The org may have lost a feature since its fields were read.
            Err(SalesforceError::Unusable(refusal)) if refusal.code == "INVALID_FIELD" && !features.is_empty() => {
                query(&*self.features(true).await?).await
            }
            users => users,
        };
        whole(users?, "a user")
    }

    /// What is told about the page's users. `head` is a query up to its last condition, which is on `column`.
    async fn given<T: Send>(
        &self,
        head: &str,
        column: &str,
        page: &Page<'_>,
        read: fn(&Row) -> Option<T>,
    ) -> Result<Vec<T>, SalesforceError> {
        let (after, last) = (soql::quote(page.after), soql::quote(page.last.as_str()));
        let range = format!("{head}{column} > {after} AND {column} <= {last}");
        let found = match self.query_as(&range, |row| read(&row)).await {
            // Ranges of ids are common use for an object's own id; that every org takes them for references is not
            // documented.
            Err(SalesforceError::Unusable(refusal)) if refusal.code == "INVALID_QUERY_FILTER_OPERATOR" => {
                let id = |surveyed: &Surveyed| (column, surveyed.user.id.as_str().to_owned());
                let ids: Vec<_> = page.users.iter().map(id).collect();
                self.query_all(soql::any_of(head, &ids, "")).await?.iter().map(read).collect()
            }
            found => found?,
        };
        whole(found, column)
    }

    /// [`Self::given`] of an object that not every edition has.
    async fn given_if_there<T: Send>(
        &self,
        head: &str,
        column: &str,
        page: &Page<'_>,
        read: fn(&Row) -> Option<T>,
    ) -> Result<Vec<T>, SalesforceError> {
        match self.given(head, column, page, read).await {
            Err(SalesforceError::Unusable(refusal)) if refusal.code == "INVALID_TYPE" => Ok(Vec::new()),
            found => found,
        }
    }
}

fn user_query(features: &BTreeSet<EntitlementName>, after: &str) -> String {
    format!(
        "SELECT {}, Name, LastModifiedDate, LastModifiedBy.Username FROM User \
         WHERE UserType = 'Standard' AND Id > {} ORDER BY Id LIMIT {PAGE}",
        directory::user_columns(features),
        soql::quote(after)
    )
}

fn surveyed(row: &Row, features: &BTreeSet<EntitlementName>) -> Option<Surveyed> {
    Some(Surveyed {
        user: rows::user(row, features)?,
        name: row.text(&["Name"]).unwrap_or_default().to_owned(),
        last_modified: row.text(&["LastModifiedDate"])?.parse().ok()?,
        last_modified_by: row.text(&["LastModifiedBy", "Username"]).map(str::to_owned),
    })
}

fn frozen(row: &Row) -> Option<SalesforceUserId> {
    SalesforceUserId::parse(row.text(&["UserId"])?).ok()
}

/// Every row, or an error: a user or an assignment that is passed over would be taken for one that is not there.
fn whole<T>(rows: Vec<Option<T>>, what: &str) -> Result<Vec<T>, SalesforceError> {
    let unreadable = || SalesforceError::Unclear { reason: format!("a row can't be read: {what}") };
    rows.into_iter().map(|row| row.ok_or_else(unreadable)).collect()
}

/// What is about others (users that came in meanwhile, users of another type) is passed over.
fn give(
    surveyed: &mut [Surveyed],
    found: impl Iterator<Item = (SalesforceUserId, Assignment)>,
    frozen: Vec<SalesforceUserId>,
) {
    let mut users: BTreeMap<_, _> =
        surveyed.iter_mut().map(|surveyed| (surveyed.user.id.clone(), &mut surveyed.user)).collect();
    for (user, assignment) in found {
        if let Some(user) = users.get_mut(&user)
            && user.assignment(&assignment.entitlement).is_none()
        {
            user.assignments.push(assignment);
        }
    }
    for user in frozen {
        if let Some(user) = users.get_mut(&user) {
            user.frozen = true;
        }
    }
}

#[cfg(test)]
mod tests;
