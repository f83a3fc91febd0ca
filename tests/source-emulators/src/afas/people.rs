//! A made-up organisation as rows of Tools4ever's GetConnectors, all columns in them.

use serde_json::{Value, json};

/// Dates as AFAS writes them: local time that claims to be UTC.
fn moment(date: &str) -> Value {
    if date.is_empty() { Value::Null } else { Value::from(format!("{date}T00:00:00Z")) }
}

/// An employee in short.
#[derive(Clone, Debug)]
pub struct Employee {
    /// Employee number.
    pub number: String,
    /// Name of everyday use.
    pub nick: String,
    /// Prefix of the family name; none when empty.
    pub prefix: String,
    /// Family name.
    pub family: String,
    /// The partner's family name; none when empty.
    pub partner: String,
    /// 0 birth name, 1 partner's and birth name, 2 partner's name, 3 birth and partner's name.
    pub convention: String,
    /// Organisational unit.
    pub unit: String,
    /// Manager's employee number; none when empty.
    pub manager: String,
    /// First day.
    pub start: String,
    /// Last day; none when empty.
    pub end: String,
}

impl Employee {
    /// An employee with the least that AFAS knows of one.
    pub fn new(number: &str, nick: &str, family: &str, unit: &str) -> Self {
        Self {
            number: number.to_owned(),
            nick: nick.to_owned(),
            prefix: String::new(),
            family: family.to_owned(),
            partner: String::new(),
            convention: "0".to_owned(),
            unit: unit.to_owned(),
            manager: "100001".to_owned(),
            start: "2024-01-01".to_owned(),
            end: String::new(),
        }
    }

    fn text(text: &str) -> Value {
        if text.is_empty() { Value::Null } else { Value::from(text) }
    }
}

/// A small organisation: a head without a manager, a prefix with an apostrophe, a partner's name, one who has left, one
/// who is to come.
pub fn organisation() -> Vec<Employee> {
    let of = Employee::new;
    vec![
        Employee { manager: String::new(), ..of("100001", "Anna", "Bakker", "DIR") },
        Employee { prefix: "de".into(), ..of("100023", "Jan", "Vries", "SALES") },
        Employee {
            prefix: "'t".into(),
            partner: "Smit".into(),
            convention: "3".into(),
            end: "2026-10-31".into(),
            ..of("100052", "Piet", "Hart", "OPS")
        },
        Employee {
            partner: "Øster".into(),
            convention: "2".into(),
            start: "2027-02-01".into(),
            ..of("100044", "Zoë", "Çelik", "INSIDE")
        },
        of("100031", "Greet", "Berg", "INSIDE"),
        of("100060", "Omar", "Amrani", "OPS"),
    ]
}

/// Rows of `T4E_HelloID_Users_v2`.
pub fn users(employees: &[Employee]) -> Vec<Value> {
    let row = |e: &Employee| {
        let login = format!("{}.{}", e.nick, e.family).to_lowercase();
        json!({
            "Medewerker": e.number, "Gebruiker": format!("12345.{}", e.number), "Persoonsnummer": format!("{}1", e.number),
            "DisplayName": format!("{}, {}", e.family, e.nick), "Geblokkeerd": false,
            "UPN": format!("{login}@example.test"), "Email_werk_gebruiker": format!("{login}@example.test"),
            "Profit_Windows": true, "Connector": false, "Reservekopieen_via_commandline": false, "Commandline": false,
            "InSite": true, "OutSite": false, "Voorletters": format!("{}.", e.nick.chars().next().unwrap_or('X')),
            "Roepnaam": e.nick, "Voornaam": e.nick, "Voorvoegsel": Employee::text(&e.prefix), "Geboortenaam": e.family,
            "Geboortenaam_partner": Employee::text(&e.partner), "Voorvoegsel_partner": null,
            "Naamgebruik_code": e.convention, "Mobielnr_werk": "+31600000000", "Telefoonnr_werk": null,
            "Email_werk": format!("{login}@example.test"), "Email_portal": null
        })
    };
    employees.iter().map(row).collect()
}

/// An employment's id.
fn employment_id(number: &str) -> String {
    format!("1B0C6E0A-0000-4000-8000-{number:0>12}")
}

/// Rows of `T4E_HelloID_Employments_v2`, one for each employee.
pub fn employments(employees: &[Employee]) -> Vec<Value> {
    let row = |e: &Employee| {
        json!({
            "Medewerker": e.number, "Persoonsnummer": format!("{}1", e.number), "Naam": e.family,
            "Organisatorische_eenheid_code": e.unit, "Organisatorische_eenheid_omschrijving": format!("Eenheid {}", e.unit),
            "Functie_code": "MED", "Functie_omschrijving": "Medewerker", "Kostenplaats_code": "203",
            "Kostenplaats_omschrijving": "Algemeen", "Werkgever_code": "01", "Werkgever_omschrijving": "Voorbeeld B.V.",
            "Type_contract": "Onbepaalde tijd", "Dienstverband": 1, "Volgnummer_contract": 1,
            "Begindatum_contract": moment(&e.start), "Einddatum_contract": moment(&e.end),
            "Begindatum_functie": moment(&e.start), "Einddatum_functie": moment(&e.end),
            "Uren_per_week": 40.0, "Parttime_percentage": 100.0, "FTE": 1.0,
            "Persoonsnummer_leidinggevende": null, "Medewerkernummer_leidinggevende": Employee::text(&e.manager),
            "Persoonsnummer_VervangendLeidinggevende": null, "Medewerkernummer_VervangendLeidinggevende": null,
            "ExternalID": employment_id(&e.number), "Soort_medewerker": "Personeelslid", "Soort_medewerker_code": "P",
            "Dienstbetrekking": "Dienstbetrekking"
        })
    };
    employees.iter().map(row).collect()
}

/// Rows of `T4E_HelloID_Positions_v2`: for each employee named, a position in each of the units named.
pub fn positions(of: &[(&Employee, &[&str])]) -> Vec<Value> {
    let row = |e: &Employee, n: usize, unit: &str| {
        json!({
            "Medewerker": e.number, "Persoonsnummer": format!("{}1", e.number), "Naam": e.family,
            "Organisatorische_eenheid_code": unit, "Organisatorische_eenheid_omschrijving": format!("Eenheid {unit}"),
            "Functie_code": format!("F{n}"), "Functie_omschrijving": format!("Functie {n}"), "Kostenplaats_code": "204",
            "Kostenplaats_omschrijving": "Bijzonder", "Werkgever_code": "01", "Werkgever_omschrijving": "Voorbeeld B.V.",
            "Begindatum_functie": moment(&e.start), "Einddatum_functie": null, "Percentage": 50.0,
            "Persoonsnummer_leidinggevende": null, "Medewerkernummer_leidinggevende": "100023",
            "Persoonsnummer_VervangendLeidinggevende": null, "Medewerkernummer_VervangendLeidinggevende": null,
            "EmploymentExternalID": employment_id(&e.number),
            "ExternalID": format!("2C0C6E0A-0000-4000-8{n:03}-{:0>12}", e.number)
        })
    };
    of.iter().flat_map(|(e, units)| units.iter().enumerate().map(move |(n, unit)| row(e, n + 1, unit))).collect()
}

/// Rows of `T4E_HelloID_OrganizationalUnits_v2`: code, parent and manager.
pub fn units(units: &[(&str, &str, &str)]) -> Vec<Value> {
    let row = |(code, parent, manager): &(&str, &str, &str)| {
        json!({ "ExternalId": code, "DisplayName": format!("Eenheid {code}"), "ParentExternalId": Employee::text(parent),
            "ManagerExternalId": Employee::text(manager), "Huidige_vervanger": null })
    };
    units.iter().map(row).collect()
}
