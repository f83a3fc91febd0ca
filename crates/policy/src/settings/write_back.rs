//! Writing back: which system is told what was decided, and what each person's records there are to hold. How it is
//! written is not known here.

mod values;

use std::collections::BTreeMap;

use domain::digest::digest;
use domain::{SecretName, SourceName};
use expression::{Lookups, Type, Variables};

pub use self::values::{AppliedUser, WriteBackProblem, WrittenRecord};
use super::sources::secret;
use crate::code::Code;
use crate::files::shape::write_back::{self as shape, WrittenValue};
pub use crate::files::shape::write_back::{OnLeaving, WrittenSystem};
use crate::files::shape::{Cel, Entries};
use crate::files::{At, Sink};
use crate::problems::Place;

/// A system that is told what was decided.
#[derive(Clone, Debug)]
pub struct WriteBack {
    /// Its name.
    pub name: SourceName,
    /// Which one it is.
    pub system: WrittenSystem,
    /// Name of the secret with the token.
    pub secret: SecretName,
    /// Address of the service.
    pub address: String,
    /// What becomes of a leaver's values.
    pub on_leaving: OnLeaving,
    /// The employee; at least one of the two is there.
    pub employee: Option<Written>,
    /// The user.
    pub user: Option<Written>,
    fingerprint: String,
}

/// A record of the system: where its present values stand, and what they are to be.
#[derive(Clone, Debug)]
pub struct Written {
    /// The GetConnector that shows it.
    pub connector: String,
    /// The column with its key.
    pub key: String,
    /// The column with what every update needs: an employee's person number, a user's description.
    pub companion: String,
    /// The column of each field.
    pub columns: BTreeMap<String, String>,
    key_code: Code,
    codes: BTreeMap<String, Code>,
}

impl WriteBack {
    /// A digest of what the values rest on: when it changes, all persons are to be looked at.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

const TEXT: &[Type] = &[Type::Text, Type::Number];

/// Fields that say which record is meant; they are not values.
const RESERVED: [&str; 8] = ["MatchPer", "BcCo", "BcId", "EmId", "UsId", "UsIdNew", "MtCd", "Nm"];

/// What writing back is made of, besides its shapes.
pub(crate) struct Surroundings<'c, F> {
    pub(crate) lookups: &'c Lookups,
    /// The text of the file that a place is in.
    pub(crate) text_of: F,
}

pub(crate) fn write_backs<'t>(
    shapes: &[At<shape::WriteBack>],
    around: &Surroundings<'_, impl Fn(&Place) -> &'t str>,
    sink: &mut Sink,
) -> Vec<WriteBack> {
    let mut all: Vec<WriteBack> = Vec::new();
    for At { place, value: shape } in shapes {
        let name = match SourceName::parse(shape.name.value.clone()) {
            Ok(name) if all.iter().any(|other| other.name == name) => {
                sink.error(&shape.name.place, format!("there is another system `{name}`"));
                None
            }
            Ok(name) => Some(name),
            Err(error) => {
                sink.error(&shape.name.place, error.to_string());
                None
            }
        };
        let secret = secret(&shape.secret, sink);
        if !is_service(&shape.address.value) {
            let message = "an address as https://12345.rest.afas.online/ProfitRestServices is needed here";
            sink.error(&shape.address.place, message);
        }
        if shape.employee.is_none() && shape.user.is_none() {
            sink.error(place, "nothing is written: `employee`, `user` or both are needed");
        }
        let mut maker = Maker { variables: values::variables(around.lookups), around, sink };
        let employee = shape.employee.as_ref().map(|at| {
            let shape::WrittenEmployee { connector, key, person_number, fields } = &at.value;
            maker.written(connector, key, person_number, fields)
        });
        let user = shape.user.as_ref().map(|at| {
            let shape::WrittenUser { connector, key, description, fields } = &at.value;
            maker.written(connector, key, description, fields)
        });
        // One that is refused is refused as a whole; the others are checked all the same.
        let sections = match (employee, user) {
            (Some(None), _) | (_, Some(None)) => None,
            (employee, user) => Some((employee.flatten(), user.flatten())),
        };
        if let (Some(name), Some(secret), Some((employee, user))) = (name, secret, sections) {
            all.push(WriteBack {
                fingerprint: fingerprint(shape, around.lookups),
                name,
                system: shape.system,
                secret,
                address: shape.address.value.clone(),
                on_leaving: shape.on_leaving.unwrap_or_default(),
                employee,
                user,
            });
        }
    }
    all
}

struct Maker<'m, F> {
    variables: Variables,
    around: &'m Surroundings<'m, F>,
    sink: &'m mut Sink,
}

impl<'t, F: Fn(&Place) -> &'t str> Maker<'_, F> {
    fn written(
        &mut self,
        connector: &At<String>,
        key: &WrittenValue,
        companion: &At<String>,
        fields: &At<Entries<WrittenValue>>,
    ) -> Option<Written> {
        for name in [connector, &key.column, companion] {
            self.name(name);
        }
        if fields.value.0.is_empty() {
            self.sink.error(&fields.place, "at least one field is needed here");
        }
        let (mut columns, mut codes) = (BTreeMap::new(), BTreeMap::new());
        for (field, WrittenValue { value, column }) in &fields.value.0 {
            self.name(field);
            self.name(column);
            if RESERVED.contains(&field.value.as_str()) {
                self.sink
                    .error(&field.place, format!("`{}` says which record is meant; it can't be written", field.value));
            }
            columns.insert(field.value.clone(), column.value.clone());
            codes.extend(self.compile(value).map(|code| (field.value.clone(), code)));
        }
        let key_code = self.compile(&key.value)?;
        if key_code.expression.variables().is_empty() {
            self.sink.error(&key.value.place, "the expression gives everybody the same record");
        }
        (codes.len() == columns.len()).then(|| Written {
            connector: connector.value.clone(),
            key: key.column.value.clone(),
            companion: companion.value.clone(),
            columns,
            key_code,
            codes,
        })
    }

    fn compile(&mut self, cel: &At<Cel>) -> Option<Code> {
        Code::compile(cel, (self.around.text_of)(&cel.place), &self.variables, TEXT, self.sink)
    }

    /// A name that goes into a URL, or is looked for in an answer.
    fn name(&mut self, At { place, value }: &At<String>) {
        let plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
        if !plain || value.is_empty() || value.len() > 128 || value.starts_with(['.', '-']) {
            self.sink.error(place, "a name of letters, digits and _ is needed here, as AFAS has it");
        }
    }
}

/// `https`, or `http` on a loopback host; no user, query or fragment.
fn is_service(address: &str) -> bool {
    let (rest, secure) = match (address.strip_prefix("https://"), address.strip_prefix("http://")) {
        (Some(rest), _) => (rest, true),
        (None, Some(rest)) => (rest, false),
        (None, None) => return false,
    };
    let host = rest.split('/').next().unwrap_or_default();
    let name = host.split(':').next().unwrap_or_default();
    let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:".contains(&b));
    let path = rest.bytes().all(|b| b.is_ascii_graphic() && !b"?#@\\".contains(&b));
    !name.is_empty() && plain && path && (secure || matches!(name, "localhost" | "127.0.0.1"))
}

/// What the values rest on. The address is a part of it: another environment holds nothing yet.
fn fingerprint(shape: &shape::WriteBack, lookups: &Lookups) -> String {
    let value = |value: &WrittenValue| (value.value.value.0.clone(), value.column.value.clone());
    let fields = |fields: &At<Entries<WrittenValue>>| -> BTreeMap<String, (String, String)> {
        fields.value.0.iter().map(|(field, of)| (field.value.clone(), value(of))).collect()
    };
    let employee = shape.employee.as_ref().map(|at| (value(&at.value.key), fields(&at.value.fields)));
    let user = shape.user.as_ref().map(|at| (value(&at.value.key), fields(&at.value.fields)));
    let uses = [&employee, &user]
        .into_iter()
        .flatten()
        .any(|(key, fields)| std::iter::once(key).chain(fields.values()).any(|(code, _)| code.contains("lookup")));
    let clears = shape.on_leaving.unwrap_or_default() == OnLeaving::Clear;
    digest(&(&shape.address.value, clears, employee, user, uses.then_some(lookups)))
}
