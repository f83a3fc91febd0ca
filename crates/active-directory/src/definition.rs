//! An Active Directory source's definition, one YAML file, read strictly and as a whole: everything that is wrong is told
//! at once, with its place. What stands under `active-directory` is described in docs/ACTIVE-DIRECTORY.md; `where`,
//! `person` and `contracts`, for a directory that decides who exists, are the same as in every other source.

mod form;
mod mapping;

use std::time::Duration;

use domain::{PersonId, RecordError, RecordId, SecretName};
use serde_json::Map;
use sources::Problem;

use crate::account::{self, JoinKeys};
use crate::connection::Authorities;
use crate::filter::{AttributeName, Filter};
use crate::record::Record;
use crate::server::Server;

/// A source's definition.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Name of the secret with the reading account.
    pub secret: SecretName,
    /// The domain controllers, in the order in which they are tried.
    pub servers: Vec<Server>,
    /// Who may have signed their certificates.
    pub authorities: Authorities,
    /// Below which objects people are read.
    pub bases: Vec<String>,
    /// Which objects there are people.
    pub filter: Filter,
    /// The attributes that are read of each, beside those that are always read.
    pub attributes: Vec<AttributeName>,
    /// The attribute that holds the person's id.
    pub join: AttributeName,
    /// Whether and how groups are read.
    pub groups: Option<Groups>,
    /// How changes are read.
    pub incremental: Incremental,
    /// What absence means.
    pub absence: Absence,
    /// Entries of a page.
    pub page_size: u16,
    /// The longest wait for an answer.
    pub timeout: Duration,
    /// How a record becomes a person or an account.
    pub mapping: Mapping,
}

/// How groups are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    /// Whether a member of a group is one of the groups that this group is in, too.
    pub nested: bool,
    /// Below which object the groups are that are told; everywhere when absent.
    pub base: Option<String>,
    /// Which groups are told; all when absent.
    pub filter: Option<Filter>,
    /// What a group is called.
    pub name: GroupName,
}

/// What a group is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub enum GroupName {
    /// sAMAccountName, unique in the domain.
    #[default]
    #[serde(rename = "sAMAccountName")]
    Sam,
    /// cn.
    #[serde(rename = "cn")]
    Cn,
    /// The distinguished name.
    #[serde(rename = "dn")]
    Dn,
}

/// How changes are read between two full reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Incremental {
    /// By the DirSync control.
    #[default]
    Dirsync,
    /// By uSNChanged, of one domain controller.
    Usn,
    /// Not at all: every read is a full one.
    None,
}

/// What it means that a full read did not meet a record any more. For the caller; nothing here acts on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Absence {
    /// The person has left, or the account is gone.
    Leaver,
    /// Nothing.
    #[default]
    Ignore,
    /// Somebody must look at it.
    Hold,
}

/// How a record becomes something of the connector.
#[derive(Clone, Debug)]
pub enum Mapping {
    /// The account of a person that another source decides on.
    Account,
    /// A whole person.
    Person(Box<sources::Mapping>),
}

/// What a record is to the connector.
#[derive(Clone, Debug, PartialEq)]
pub enum Mapped {
    /// A whole person.
    Person(Box<domain::Person>),
    /// A person's account.
    Account {
        /// The account's id in the directory: its objectGUID.
        record: RecordId,
        /// The person that it belongs to, where the join attribute names one.
        person: Option<PersonId>,
        /// What else may find the person.
        keys: JoinKeys,
        /// What `person.accounts.<source>` holds.
        account: Map<String, serde_json::Value>,
    },
}

/// Attributes that are always read and part of every record.
pub const ATTRIBUTES: [&str; 10] = [
    "sAMAccountName",
    "userPrincipalName",
    "mail",
    "employeeID",
    "givenName",
    "sn",
    "displayName",
    "department",
    "title",
    "whenCreated",
];

impl Definition {
    /// Reads a definition. `file` only names it in problems.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the file; of the YAML's own form only the first fault.
    pub fn parse(file: &str, yaml: &str) -> Result<Self, Vec<Problem>> {
        let problem = |((line, column), reason): form::Fault| Problem { file: file.to_owned(), line, column, reason };
        let form = form::read(yaml).map_err(|fault| vec![problem(fault)])?;
        let mut faults = Vec::new();
        let has_person = form.has_person();
        let settings = form.settings(&mut faults);
        let mut problems: Vec<Problem> = faults.into_iter().map(problem).collect();
        let mapping = match has_person {
            false => Ok(Mapping::Account),
            true => mapping::parse(file, yaml).map(|mapping| Mapping::Person(Box::new(mapping))),
        };
        match (settings, mapping) {
            (Some(settings), Ok(mapping)) if problems.is_empty() => Ok(Self { mapping, ..settings }),
            (_, mapping) => {
                problems.extend(mapping.err().unwrap_or_default());
                problems.sort_by_key(|problem| (problem.line, problem.column));
                Err(problems)
            }
        }
    }

    /// What a record is to the connector; `None` for one that `where` leaves out.
    ///
    /// # Errors
    /// Why the record can't be used, by its field. May quote the record: for the operator, not for the log.
    pub fn map(&self, record: &Record) -> Option<Result<Mapped, RecordError>> {
        match &self.mapping {
            Mapping::Account => Some(account::mapped(record, &self.join, &self.attributes)),
            Mapping::Person(mapping) => {
                let person = mapping.person(&record.row(), 0)?;
                Some(person.map(|person| Mapped::Person(Box::new(person))).map_err(|refused| refused.error))
            }
        }
    }

    /// Names of all attributes that belong to a record.
    pub(crate) fn record_attributes(&self) -> Vec<&str> {
        let configured = self.attributes.iter().chain([&self.join]).map(AttributeName::as_str);
        let mut names: Vec<&str> = ATTRIBUTES.to_vec();
        for name in configured {
            if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                names.push(name);
            }
        }
        names
    }

    /// Whether it matters who is in which group: because groups are told, or because they decide who is read.
    pub(crate) fn depends_on_groups(&self) -> bool {
        self.groups.is_some() || self.filter.asks_for_members()
    }

    /// Whether managers matter: only a whole person has one.
    pub(crate) fn reads_managers(&self) -> bool {
        matches!(self.mapping, Mapping::Person(_))
    }
}

#[cfg(test)]
pub(crate) mod tests;
