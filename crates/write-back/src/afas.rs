//! AFAS Profit's REST service, as far as writing back needs it: one row of a GetConnector, and the update connectors
//! KnEmployee and KnUser. Facts: docs.afas.help (GetConnector, UpdateConnector, troubleshooting) and the code of
//! Tools4ever's public AFAS connectors.

mod body;
mod call;
mod error;

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Method;
use ports::{Clock, HttpTransport, SecretName, Secrets};
use records::write_back::Fields;
use serde_json::Value;
use url::Url;

pub use self::error::{Failure, SettingsError};
use crate::plan::{Managed, UpdateConnector};

/// How an environment is reached, and which records are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// As `https://12345.rest.afas.online/ProfitRestServices`.
    pub address: String,
    /// The secret with the token, a JSON object `{"token": "<token>…</token>"}`.
    pub secret: SecretName,
    /// The employee.
    pub employee: Option<Section>,
    /// The user.
    pub user: Option<Section>,
}

/// Where the present values of a record stand: columns of a GetConnector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The GetConnector.
    pub connector: String,
    /// The column with the record's key: employee number or user code.
    pub key: String,
    /// The column with what AFAS demands beside the key: an employee's person number (BcCo), a user's description (Nm).
    pub companion: String,
    /// The column of each field that is written.
    pub columns: BTreeMap<String, String>,
}

/// A record as AFAS shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Current {
    companion: String,
    /// The present values of the fields under management.
    pub fields: Fields,
}

/// An AFAS environment. Holds no secret: the token is read for each call and dropped after it.
pub struct Afas {
    base: Url,
    settings: Settings,
    transport: Arc<dyn HttpTransport>,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
}

impl Afas {
    /// An environment by its settings.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub fn new(
        settings: Settings,
        transport: Arc<dyn HttpTransport>,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SettingsError> {
        let base = call::base(&settings.address)?;
        for section in settings.employee.iter().chain(&settings.user) {
            let columns = section.columns.iter().flat_map(|(field, column)| [field, column]);
            let names = [&section.connector, &section.key, &section.companion].into_iter().chain(columns);
            for name in names {
                call::check_name(name)?;
            }
        }
        Ok(Self { base, settings, transport, secrets, clock })
    }

    /// The fields that are written.
    pub fn managed(&self) -> Managed {
        let fields = |section: &Section| section.columns.keys().cloned().collect();
        UpdateConnector::ALL
            .into_iter()
            .filter_map(|connector| Some((connector, fields(self.section(connector)?))))
            .collect()
    }

    /// A record as it is now; `None` when AFAS shows none with that key.
    ///
    /// # Errors
    /// [`Failure`]; nothing was changed.
    pub async fn read(&self, connector: UpdateConnector, key: &str) -> Result<Option<Current>, Failure> {
        let section = self.section(connector).ok_or(Failure::NotConfigured(connector.as_str()))?;
        let url = call::row_url(&self.base, section, key)?;
        let answer = self.call(Method::GET, &url, None).await?;
        let row = match body::rows(&answer)?.as_slice() {
            [] => return Ok(None),
            [row] => row.clone(),
            _ => return Err(Failure::SeveralRows { connector: section.connector.clone() }),
        };
        let text = |column: &str| match row.get(column) {
            Some(value) => Ok(body::text_of(value)),
            None => Err(Failure::NoColumn { connector: section.connector.clone(), column: column.to_owned() }),
        };
        // A filter that AFAS reads in another way than we do must not lead to somebody else's record.
        if text(&section.key)?.as_deref() != Some(key) {
            return Err(Failure::OtherRecord { connector: section.connector.clone() });
        }
        let mut fields = Fields::new();
        for (field, column) in &section.columns {
            fields.insert(field.clone(), text(column)?);
        }
        let companion = text(&section.companion)?;
        let companion = companion.ok_or_else(|| Failure::NoCompanion { column: section.companion.clone() })?;
        Ok(Some(Current { companion, fields }))
    }

    /// Writes the fields, and no others; `None` clears.
    ///
    /// # Errors
    /// [`Failure`], whose class tells whether it may have been written.
    pub async fn update(
        &self,
        connector: UpdateConnector,
        key: &str,
        current: &Current,
        fields: &Fields,
    ) -> Result<(), Failure> {
        let body = match connector {
            UpdateConnector::KnEmployee => body::employee(key, &current.companion, fields),
            UpdateConnector::KnUser => body::user(key, &current.companion, fields),
        };
        let url = call::update_url(&self.base, connector);
        let answer = self.call(Method::PUT, &url, Some(&body)).await?;
        // 201 or 200, with the record's keys or with nothing.
        if answer.trim_ascii().is_empty() || serde_json::from_slice::<Value>(&answer).is_ok() {
            return Ok(());
        }
        Err(Failure::Unreadable)
    }

    fn section(&self, connector: UpdateConnector) -> Option<&Section> {
        match connector {
            UpdateConnector::KnEmployee => self.settings.employee.as_ref(),
            UpdateConnector::KnUser => self.settings.user.as_ref(),
        }
    }
}
