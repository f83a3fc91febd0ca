//! From the form to what it means: formats with their settings, expressions compiled and checked against what they may
//! see and what their field takes.

use std::collections::BTreeMap;

use encoding_rs::Encoding;
use expression::{Expression, Type, Variables};
use serde_saphyr::Spanned;

use super::field::{FieldForm, Part};
use super::form::{
    AccountForm, ContactForm, ContractsForm, FileForm, Form, FormatForm, NameForm, PersonForm, ReferenceForm, place,
};
use super::names::{Names, is_identifier};
use super::{Definition, Input, Place, http};
use crate::formats::Format;
use crate::http::HttpSource;
use crate::http::plan::Subject;
use crate::mapping::{AccountMapping, Column, Contracts, DateForm, Field, Kind, Mapping, Object, Slot};

pub(super) type Faults = Vec<(Place, String)>;

/// Compiles the whole, or tells everything that is wrong. `fingerprint` is that of the text.
pub(super) fn definition(form: Form, fingerprint: String) -> Result<Definition, Faults> {
    let mut faults = Faults::new();
    let Form {
        file,
        settings,
        connection,
        auth,
        streams,
        join,
        incremental,
        absence,
        only,
        person,
        contracts,
        account,
    } = form;
    let row = Variables::new().with("row", Type::Any);
    let names = Names::of(&settings);
    let only = only.and_then(|only| expression(&only.value, place(&only), &names, &row, &Type::Bool, &mut faults));
    let mut compiler = Compiler { names: &names, variables: row, faults: &mut faults };
    let subject = match (person, account) {
        (Some(person), None) => {
            let person = compiler.person(person.value);
            let contracts = contracts.and_then(|contracts| compiler.contracts(contracts.value));
            Some(Subject::Person(Mapping { only, person, contracts }))
        }
        (None, Some(account)) => {
            if let Some(contracts) = contracts {
                faults.push((place(&contracts), "an account has no contracts".into()));
            } else if let Some(file) = &file {
                faults.push((place(file), "a file gives persons; their accounts are under person".into()));
            }
            Compiler { names: &names, variables: Variables::new().with("row", Type::Any), faults: &mut faults }
                .account(account.value)
                .map(|(person, fields)| Subject::Account(AccountMapping { only, person, fields }))
        }
        (Some(person), Some(_)) => {
            faults.push((place(&person), "a definition has either person or account".into()));
            None
        }
        (None, None) => {
            faults.push(((1, 1), "missing field `person`, or `account`".into()));
            None
        }
    };
    let input = match (file, connection) {
        (Some(file), None) => {
            let at = place(&file);
            for (name, given) in [
                ("auth", auth.as_ref().map(place)),
                ("streams", streams.as_ref().map(place)),
                ("join", join.as_ref().map(place)),
                ("incremental", incremental.as_ref().map(place)),
                ("absence", absence.as_ref().map(place)),
                ("settings", settings.values().next().map(place)),
            ] {
                faults.extend(given.map(|at| (at, format!("{name} is not a setting of a file"))));
            }
            let format = format(file.value, at, &mut faults);
            match (format, subject) {
                (Some(format), Some(Subject::Person(mapping))) => Some(Input::File { format, mapping }),
                _ => None,
            }
        }
        (None, Some(connection)) => {
            let parts = http::Parts { settings, connection, auth, streams, join, incremental, absence };
            http::plan(parts, subject, fingerprint, &mut faults).map(|plan| Input::Http(HttpSource::new(plan)))
        }
        (Some(file), Some(_)) => {
            faults.push((place(&file), "a definition has either file or connection".into()));
            None
        }
        (None, None) => {
            faults.push(((1, 1), "missing field `file`, or `connection`".into()));
            None
        }
    };
    match input {
        Some(input) if faults.is_empty() => Ok(Definition { input }),
        // A part that can't be compiled has told why.
        _ if faults.is_empty() => Err(vec![((1, 1), "the definition can't be used".into())]),
        _ => Err(faults),
    }
}

/// A format from its settings.
pub(super) fn format(file: FileForm, at: Place, faults: &mut Faults) -> Option<Format> {
    let FileForm { format, rows, repeated, delimiter, encoding, sheet, header } = file;
    let mut foreign = |setting: &str, at: Option<Place>, formats: &[FormatForm]| {
        if let Some(at) = at.filter(|_| !formats.contains(&format)) {
            faults.push((at, format!("{setting} is not a setting of {format:?}").to_lowercase()));
        }
    };
    foreign("rows", rows.as_ref().map(place), &[FormatForm::Xml, FormatForm::Json]);
    foreign("repeated", repeated.as_ref().map(place), &[FormatForm::Xml]);
    foreign("delimiter", delimiter.as_ref().map(place), &[FormatForm::Csv]);
    foreign("encoding", encoding.as_ref().map(place), &[FormatForm::Csv]);
    foreign("sheet", sheet.as_ref().map(place), &[FormatForm::Xlsx]);
    foreign("header", header.as_ref().map(place), &[FormatForm::Xlsx]);
    match format {
        FormatForm::Xml => {
            let at = rows.as_ref().map_or(at, place);
            let rows = rows.map_or(Vec::new(), |rows| path(&rows.value));
            if rows.len() < 2 || rows.iter().any(String::is_empty) {
                faults.push((at, "rows must name the elements from the root to the repeating one: Root/Row".into()));
            }
            let repeated = repeated.map_or(Vec::new(), |repeated| repeated.value);
            Some(Format::Xml { rows, repeated: repeated.iter().map(|repeated| path(repeated)).collect() })
        }
        FormatForm::Csv => {
            let delimiter = match &delimiter {
                None => b',',
                Some(delimiter) => match delimiter.value.as_bytes() {
                    [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => *byte,
                    _ => {
                        faults.push((place(delimiter), "delimiter must be one ASCII character".into()));
                        b','
                    }
                },
            };
            let encoding = encoding.and_then(|label| {
                let encoding = Encoding::for_label(label.value.as_bytes());
                if encoding.is_none() {
                    faults.push((place(&label), "unknown encoding; use a name such as windows-1252".into()));
                }
                encoding
            });
            Some(Format::Csv { delimiter, encoding })
        }
        FormatForm::Json => Some(Format::Json { rows: rows.map_or(Vec::new(), |rows| path(&rows.value)) }),
        FormatForm::Jsonl => Some(Format::JsonLines),
        FormatForm::Xlsx => {
            if let Some(header) = header.as_ref().filter(|header| header.value == 0) {
                faults.push((place(header), "header must be at least 1".into()));
            }
            Some(Format::Xlsx {
                sheet: sheet.map(|sheet| sheet.value),
                header: header.map_or(1, |header| header.value),
            })
        }
    }
}

fn path(path: &str) -> Vec<String> {
    path.split('/').map(|name| name.trim().to_owned()).collect()
}

/// Compiles fields that see the same variables.
struct Compiler<'f> {
    names: &'f Names,
    variables: Variables,
    faults: &'f mut Faults,
}

impl Compiler<'_> {
    fn person(&mut self, form: PersonForm) -> Object {
        let PersonForm { id, name, contact, blocked, accounts, custom } = form;
        let mut person = self.fields([("id", Part(Some(id)), Kind::Text), ("blocked", blocked, Kind::Bool)]);
        let NameForm {
            given_name,
            nick_name,
            initials,
            family_name,
            family_name_prefix,
            partner_name,
            partner_name_prefix,
            convention,
        } = name;
        let name = self.fields([
            ("givenName", given_name, Kind::Text),
            ("nickName", nick_name, Kind::Text),
            ("initials", initials, Kind::Text),
            ("familyName", family_name, Kind::Text),
            ("familyNamePrefix", family_name_prefix, Kind::Text),
            ("partnerName", partner_name, Kind::Text),
            ("partnerNamePrefix", partner_name_prefix, Kind::Text),
            ("convention", convention, Kind::Text),
        ]);
        person.push(("name".to_owned(), Slot::Object(name)));
        let ContactForm { email, phone, mobile_phone } = contact;
        let contact = self.fields([
            ("email", email, Kind::Text),
            ("phone", phone, Kind::Text),
            ("mobilePhone", mobile_phone, Kind::Text),
        ]);
        person.push(("contact".to_owned(), Slot::Object(contact)));
        let accounts: Object = accounts
            .into_iter()
            .map(|(source, account)| (source.to_string(), Slot::Custom(self.free_values(account))))
            .collect();
        person.push(("accounts".to_owned(), Slot::Object(accounts)));
        person.extend(self.custom(custom));
        person
    }

    fn account(&mut self, form: AccountForm) -> Option<(Option<Field>, Object)> {
        let fields = self.free_values(form.fields);
        let person = match form.person {
            Some(person) => Some(self.field(person, Kind::Text)?),
            None => None,
        };
        Some((person, fields))
    }

    fn contracts(&mut self, form: ContractsForm) -> Option<Contracts> {
        let each = match form.each.0 {
            Some(each) => {
                let each = self.field(each, Kind::List)?;
                self.variables = self.variables.clone().with("item", Type::Any).with("index", Type::Number);
                Some(each)
            }
            None => None,
        };
        let mut contract = self.fields([
            ("id", Part(Some(form.id)), Kind::Text),
            ("startDate", Part(Some(form.start_date)), Kind::Date),
            ("endDate", form.end_date, Kind::Date),
            ("type", form.kind, Kind::Text),
            ("fte", form.fte, Kind::Number),
            ("hoursPerWeek", form.hours_per_week, Kind::Number),
            ("percentage", form.percentage, Kind::Number),
            ("sequence", form.sequence, Kind::Integer),
        ]);
        for (name, reference) in [
            ("department", form.department),
            ("title", form.title),
            ("location", form.location),
            ("costCenter", form.cost_center),
            ("employer", form.employer),
            ("manager", form.manager),
        ] {
            let ReferenceForm { id, name: label, manager_id } = reference;
            let reference = self.fields([
                ("id", id, Kind::Text),
                ("name", label, Kind::Text),
                ("managerId", manager_id, Kind::Text),
            ]);
            contract.push((name.to_owned(), Slot::Object(reference)));
        }
        contract.extend(self.custom(form.custom));
        Some(Contracts { each, allow_none: form.allow_none, contract })
    }

    fn fields<const N: usize>(&mut self, fields: [(&str, Part, Kind); N]) -> Object {
        let mut object = Object::new();
        for (name, form, kind) in fields {
            if let Some(field) = form.0.and_then(|form| self.field(form, kind)) {
                object.push((name.to_owned(), Slot::Field(field)));
            }
        }
        object
    }

    fn custom(&mut self, custom: BTreeMap<String, Spanned<FieldForm>>) -> Option<(String, Slot)> {
        let object = self.free_values(custom);
        (!object.is_empty()).then(|| ("custom".to_owned(), Slot::Custom(object)))
    }

    fn free_values(&mut self, values: BTreeMap<String, Spanned<FieldForm>>) -> Object {
        let field = |(name, form)| self.field(form, Kind::Any).map(|field| (name, Slot::Field(field)));
        values.into_iter().filter_map(field).collect()
    }

    fn field(&mut self, form: Spanned<FieldForm>, kind: Kind) -> Option<Field> {
        let at = place(&form);
        let FieldForm { value, none, date, optional } = form.value;
        if date.is_some() && kind != Kind::Date {
            self.faults.push((at, "date is for startDate and endDate".into()));
        }
        let date = date.and_then(|form| match DateForm::parse(&form) {
            Ok(form) => Some(form),
            Err(reason) => {
                self.faults.push((at, reason));
                None
            }
        });
        // Moments may be numbers.
        let counted = matches!(date, Some(DateForm::Milliseconds | DateForm::FileTime));
        let needed = if counted { Type::Any } else { needed(kind) };
        let value = expression(&value, at, self.names, &self.variables, &needed, self.faults)?;
        let column = if optional { None } else { Column::of(value.source()) };
        Some(Field { value, kind, none, date, column })
    }
}

/// What an expression must be able to give for a field. Texts become numbers and numbers texts where that is possible,
/// so only what can never fit is refused here.
fn needed(kind: Kind) -> Type {
    match kind {
        Kind::Date => Type::Text,
        Kind::Bool => Type::Bool,
        Kind::List => Type::list(Type::Any),
        Kind::Text | Kind::Number | Kind::Integer | Kind::Any => Type::Any,
    }
}

fn expression(
    source: &str,
    at: Place,
    names: &Names,
    variables: &Variables,
    needed: &Type,
    faults: &mut Faults,
) -> Option<Expression> {
    let source = match names.put_into(source, is_identifier) {
        Ok(source) => source,
        Err(reason) => {
            faults.push((at, reason));
            return None;
        }
    };
    let expression = match Expression::compile(&source) {
        Ok(expression) => expression,
        Err(error) => {
            faults.push((at, format!("in the expression at {error}")));
            return None;
        }
    };
    match expression.check(variables) {
        Ok(gives) if gives.may_be(needed) => Some(expression),
        Ok(gives) => {
            faults.push((at, format!("{needed} is needed, the expression gives {gives}")));
            None
        }
        Err(errors) => {
            faults.extend(errors.into_iter().map(|error| (at, format!("in the expression at {error}"))));
            None
        }
    }
}
