//! Who changed what in Setup: the org's own trail, for telling people whose change it was.

use jiff::Timestamp;

use crate::Salesforce;
use crate::error::SalesforceError;
use crate::query::Row;

/// Most entries that are read at once; the newest ones.
const MOST: usize = 10_000;

/// An entry of the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetUpChange {
    /// When.
    pub at: Timestamp,
    /// The username of who did it; `None` for Salesforce itself.
    pub by: Option<String>,
    /// Who had logged in as that user, if somebody had.
    pub delegate: Option<String>,
    /// What was done, in a code: `activateduser`, `PermSetAssign` …
    pub action: String,
    /// Where in Setup.
    pub section: Option<String>,
    /// What was done, in words. Holds names of people.
    pub display: Option<String>,
}

/// What could be read of the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetUpTrail {
    /// The connector's user may not read it.
    Hidden,
    /// The entries.
    Read {
        /// Newest first.
        changes: Vec<SetUpChange>,
        /// Whether they reach back to the moment asked for; else there were too many, and the oldest are left out.
        complete: bool,
    },
}

impl Salesforce {
    /// What was changed in Setup since a moment, by anybody, the connector too. Salesforce keeps half a year.
    ///
    /// # Errors
    /// Those of the query; not being allowed to read it is none.
    pub async fn set_up_changes(&self, since: Timestamp) -> Result<SetUpTrail, SalesforceError> {
        // SOQL's literals have no fraction; a moment too many does no harm.
        let query = format!(
            "SELECT CreatedDate, CreatedBy.Username, DelegateUser, Action, Section, Display FROM SetupAuditTrail \
             WHERE CreatedDate >= {} ORDER BY CreatedDate DESC LIMIT {MOST}",
            since.strftime("%Y-%m-%dT%H:%M:%SZ")
        );
        match self.query_as(&query, |row| change(&row)).await {
            Ok(changes) => Ok(SetUpTrail::Read {
                complete: changes.len() < MOST,
                changes: super::whole(changes, "an entry of the trail")?,
            }),
            Err(SalesforceError::Unusable(refusal)) if is_hidden(&refusal.code) => Ok(SetUpTrail::Hidden),
            Err(error) => Err(error),
        }
    }
}

/// An object that the user may not see is answered like one that is not there.
fn is_hidden(code: &str) -> bool {
    matches!(
        code,
        "INVALID_TYPE" | "INVALID_FIELD" | "INSUFFICIENT_ACCESS" | "INSUFFICIENT_ACCESS_OR_READONLY" | "FORBIDDEN"
    )
}

fn change(row: &Row) -> Option<SetUpChange> {
    let text = |path: &[&str]| row.text(path).map(str::to_owned);
    Some(SetUpChange {
        at: row.text(&["CreatedDate"])?.parse().ok()?,
        by: text(&["CreatedBy", "Username"]),
        delegate: text(&["DelegateUser"]),
        action: text(&["Action"]).unwrap_or_default(),
        section: text(&["Section"]),
        display: text(&["Display"]),
    })
}
