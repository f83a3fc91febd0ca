//! The YAML form of a definition, as it is written, with the place of each part. What its parts mean together is not
//! checked here. The published JSON Schema is made from the same types.

use std::collections::BTreeMap;

use domain::SourceName;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::Place;
use super::field::{FieldForm, Part};
use super::http_form::{AbsenceForm, AuthForm, ConnectionForm, IncrementalForm, JoinForm, StreamForm};

/// How a source's rows become persons of the connector. Values are CEL expressions over `row`; under `contracts` also
/// over `item` and `index`, when `each` is set.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    /// A file with one row for each person. A definition has either this or connection.
    #[schemars(with = "Option<FileForm>")]
    pub(super) file: Option<Spanned<FileForm>>,
    /// Texts that differ from one organisation to the next, used as ${settings.name}.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) settings: BTreeMap<String, Spanned<String>>,
    /// A system that is read over HTTP.
    #[schemars(with = "Option<ConnectionForm>")]
    pub(super) connection: Option<Spanned<ConnectionForm>>,
    /// http: how calls are signed.
    #[schemars(with = "Option<AuthForm>")]
    pub(super) auth: Option<Spanned<AuthForm>>,
    /// http: the lists that are read, in this order.
    #[schemars(with = "Option<Vec<StreamForm>>")]
    pub(super) streams: Option<Spanned<Vec<Spanned<StreamForm>>>>,
    /// http: how the streams become one row for each person.
    #[schemars(with = "Option<JoinForm>")]
    pub(super) join: Option<Spanned<JoinForm>>,
    /// http: reading only what changed.
    #[schemars(with = "Option<IncrementalForm>")]
    pub(super) incremental: Option<Spanned<IncrementalForm>>,
    /// http: what it means when a record no longer comes in a complete read.
    #[schemars(with = "Option<AbsenceForm>")]
    pub(super) absence: Option<Spanned<AbsenceForm>>,
    /// Which rows are read; a row for which this is not true is passed over.
    #[serde(rename = "where")]
    #[schemars(with = "Option<String>")]
    pub(super) only: Option<Spanned<String>>,
    /// The person of a row. A definition has either this or account.
    #[schemars(with = "Option<PersonForm>")]
    pub(super) person: Option<Spanned<PersonForm>>,
    /// The person's contracts.
    #[schemars(with = "Option<ContractsForm>")]
    pub(super) contracts: Option<Spanned<ContractsForm>>,
    /// http: the account of a row, for a source of dependent accounts.
    #[schemars(with = "Option<AccountForm>")]
    pub(super) account: Option<Spanned<AccountForm>>,
}

/// The account of a row.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct AccountForm {
    /// The id that the authoritative source has for the account's person. An account without one is joined by the keys
    /// that the configuration has for the source, or left out.
    #[schemars(with = "Option<FieldForm>")]
    pub(super) person: Option<Spanned<FieldForm>>,
    /// What the account holds, under names of your own.
    #[schemars(with = "BTreeMap<String, FieldForm>")]
    pub(super) fields: BTreeMap<String, Spanned<FieldForm>>,
}

/// How a file's bytes become rows.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileForm {
    /// The file's format.
    pub(super) format: FormatForm,
    /// xml: names from the root element to the repeating one, as Root/Row. json: names of members down to the array, as
    /// data/people; without it the whole document is the array.
    #[schemars(with = "Option<String>")]
    pub(super) rows: Option<Spanned<String>>,
    /// xml: paths below the row of elements that are lists also when they come once or never.
    #[schemars(with = "Option<Vec<String>>")]
    pub(super) repeated: Option<Spanned<Vec<String>>>,
    /// csv: the character between two values; a comma when absent.
    #[schemars(with = "Option<String>")]
    pub(super) delimiter: Option<Spanned<String>>,
    /// csv: the encoding, as windows-1252, when it is not UTF-8 and there is no byte order mark.
    #[schemars(with = "Option<String>")]
    pub(super) encoding: Option<Spanned<String>>,
    /// xlsx: the sheet's name; the first that is not hidden when absent.
    #[schemars(with = "Option<String>")]
    pub(super) sheet: Option<Spanned<String>>,
    /// xlsx: the row that names the columns, from 1; 1 when absent.
    #[schemars(with = "Option<u32>")]
    pub(super) header: Option<Spanned<u32>>,
}

/// A file's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum FormatForm {
    /// XML
    Xml,
    /// CSV with a header row
    Csv,
    /// a JSON array
    Json,
    /// JSON Lines: one object a line
    Jsonl,
    /// a sheet of an Excel workbook with a header row
    Xlsx,
}

/// The person of a row.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct PersonForm {
    /// The person's id, which never changes and is never given to somebody else.
    #[schemars(with = "FieldForm")]
    pub(super) id: Spanned<FieldForm>,
    /// The parts of the name; at least one of them must give something.
    pub(super) name: NameForm,
    /// Ways to reach the person at work.
    #[serde(default)]
    pub(super) contact: ContactForm,
    /// True takes access away and keeps the account.
    #[serde(default)]
    pub(super) blocked: Part,
    /// The person's accounts in other systems, by source. A source that only adds accounts maps its own here.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, BTreeMap<String, FieldForm>>")]
    pub(super) accounts: BTreeMap<SourceName, BTreeMap<String, Spanned<FieldForm>>>,
    /// Whatever else rules and mappings need, under names of your own.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, FieldForm>")]
    pub(super) custom: BTreeMap<String, Spanned<FieldForm>>,
}

/// The parts of a name.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct NameForm {
    /// Given name, as in the passport.
    pub(super) given_name: Part,
    /// Name of everyday use.
    pub(super) nick_name: Part,
    /// Initials with dots.
    pub(super) initials: Part,
    /// Family name at birth, without prefix.
    pub(super) family_name: Part,
    /// Its prefix.
    pub(super) family_name_prefix: Part,
    /// The partner's family name, without prefix.
    pub(super) partner_name: Part,
    /// Its prefix.
    pub(super) partner_name_prefix: Part,
    /// Which family names are used: 'B' birth name, 'P' partner's name, 'BP' or 'PB' both; 'B' when absent.
    pub(super) convention: Part,
}

/// Ways to reach a person.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct ContactForm {
    /// Mail address.
    pub(super) email: Part,
    /// Phone at work.
    pub(super) phone: Part,
    /// Mobile phone.
    pub(super) mobile_phone: Part,
}

/// The contracts of a row.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ContractsForm {
    /// A list with one `item` for each contract, `index` counts from 1; without it the row is the one contract.
    #[serde(default)]
    pub(super) each: Part,
    /// Whether a person without any contract is taken; refused when absent or false.
    #[serde(default)]
    pub(super) allow_none: bool,
    /// The contract's id, unique among the person's.
    #[schemars(with = "FieldForm")]
    pub(super) id: Spanned<FieldForm>,
    /// First day.
    #[schemars(with = "FieldForm")]
    pub(super) start_date: Spanned<FieldForm>,
    /// Last day of work; none when it is open-ended.
    #[serde(default)]
    pub(super) end_date: Part,
    /// Kind of contract.
    #[serde(rename = "type", default)]
    pub(super) kind: Part,
    /// Full-time equivalent, 1.0 is full time.
    #[serde(default)]
    pub(super) fte: Part,
    /// Hours a week.
    #[serde(default)]
    pub(super) hours_per_week: Part,
    /// Part of the employment, in percent.
    #[serde(default)]
    pub(super) percentage: Part,
    /// The source's own order, the greater the more important.
    #[serde(default)]
    pub(super) sequence: Part,
    /// Department, which may name its manager.
    #[serde(default)]
    pub(super) department: ReferenceForm,
    /// Job title.
    #[serde(default)]
    pub(super) title: ReferenceForm,
    /// Place of work.
    #[serde(default)]
    pub(super) location: ReferenceForm,
    /// Cost centre.
    #[serde(default)]
    pub(super) cost_center: ReferenceForm,
    /// Employing company.
    #[serde(default)]
    pub(super) employer: ReferenceForm,
    /// Manager, by person id.
    #[serde(default)]
    pub(super) manager: ReferenceForm,
    /// Whatever else rules and mappings need, under names of your own.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, FieldForm>")]
    pub(super) custom: BTreeMap<String, Spanned<FieldForm>>,
}

/// Something that the source names by id.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct ReferenceForm {
    /// Its id in the source.
    pub(super) id: Part,
    /// What people call it.
    pub(super) name: Part,
    /// Person id of its manager.
    pub(super) manager_id: Part,
}

/// Reads the YAML.
pub(super) fn read(yaml: &str) -> Result<Form, (Place, String)> {
    serde_saphyr::from_str(yaml).map_err(|error| {
        let (line, column) = error.location().map_or((0, 0), |location| (location.line(), location.column()));
        let reason = error.without_snippet().to_string();
        let reason = reason.strip_suffix(&format!(" at line {line}, column {column}")).unwrap_or(&reason);
        ((line, column), reason.to_owned())
    })
}

/// Where a part stands.
pub(super) fn place<T>(part: &Spanned<T>) -> Place {
    (part.referenced.line(), part.referenced.column())
}
