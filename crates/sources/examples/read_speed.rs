//! How fast a file of 100,000 employees becomes persons: `cargo run --release -p sources --example read_speed`.

use std::io::Cursor;
use std::time::Instant;

use sources::{Definition, FileRead};

const PEOPLE: usize = 100_000;

fn main() {
    let xml = exact_synergy();
    println!("{PEOPLE} rows each, read twice (proof of completeness, then persons):");
    measure("xml, exact-synergy.yaml", include_str!("../../../infra/config/sources/exact-synergy.yaml"), xml);
    let body = "
person: { id: row.id, name: { nickName: row.nick, familyName: row.name } }
contracts: { id: row.id, startDate: row.start, department: { id: row.department }, manager: { id: row.manager } }";
    measure("csv", &format!("file: {{ format: csv }}{body}"), csv());
    measure("jsonl", &format!("file: {{ format: jsonl }}{body}"), json_lines());
    measure(
        "json",
        &format!("file: {{ format: json }}{body}"),
        format!("[{}]", json_lines().trim().replace('\n', ",")),
    );
}

fn measure(name: &str, yaml: &str, document: String) {
    let bytes = document.len();
    let started = now();
    let (mut persons, mut refused) = (0, 0);
    match Definition::parse(name, yaml) {
        Err(problems) => return println!("{name}: {problems:?}"),
        Ok(definition) => match FileRead::open(&definition, Cursor::new(document)) {
            Err(error) => return println!("{name}: {error}"),
            Ok(read) => read.for_each(|outcome| if outcome.is_ok() { persons += 1 } else { refused += 1 }),
        },
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{name:24} {:5.1} MB  {persons} persons, {refused} refused  {seconds:5.2} s  {:7.0} rows/s  {:5.1} MB/s",
        bytes as f64 / 1e6,
        PEOPLE as f64 / seconds,
        bytes as f64 / 1e6 / seconds
    );
}

#[expect(clippy::disallowed_methods, reason = "this measures real time")]
fn now() -> Instant {
    Instant::now()
}

fn exact_synergy() -> String {
    let mut xml = String::from("\u{feff}<JH>\r\n");
    for n in 0..PEOPLE {
        let department = |d: usize| {
            format!(
                "    <Afdeling>\r\n      <Loonverdeling_afdelings_code>D{d}</Loonverdeling_afdelings_code>\r\n      \
                 <Loonverdeling_Afdeling>Afdeling {d}</Loonverdeling_Afdeling>\r\n      <Datum_Functiewijziging />\r\n      \
                 <Beroep_Code>B{d}</Beroep_Code>\r\n      <Beroep>Beroep {d}</Beroep>\r\n    </Afdeling>\r\n"
            )
        };
        let departments = if n % 5 == 0 { department(n % 40) + &department(n % 7) } else { department(n % 40) };
        xml.push_str(&format!(
            "  <Medewerker>\r\n    <Naam>\r\n      <Roepnaam>Jan</Roepnaam>\r\n      <Voorletters>J.</Voorletters>\r\n      \
             <Voorvoegsels>de</Voorvoegsels>\r\n      <Achternaam>Vries{n}</Achternaam>\r\n      \
             <Plaatsnaam>Utrecht</Plaatsnaam>\r\n    </Naam>\r\n    <Strooknummer>{n}</Strooknummer>\r\n    <Contract>\r\n      \
             <Concerndatum>2020-01-01</Concerndatum>\r\n      <Werkgevers_code>01</Werkgevers_code>\r\n      \
             <Werkgever >Voorbeeld BV</Werkgever>\r\n      <DatumUitDienst>2099-01-01</DatumUitDienst>\r\n    </Contract>\r\n    \
             <Leidinggevende>\r\n      <Afdelingsverantwoordelijke_1_Achternaam>Wit</Afdelingsverantwoordelijke_1_Achternaam>\r\n      \
             <Strooknummer>{}</Strooknummer>\r\n    </Leidinggevende>\r\n{departments}    <Taken>\r\n      <taak1>Nee</taak1>\r\n      \
             <taak2>Nee</taak2>\r\n    </Taken>\r\n    <Rollen>\r\n      <OR>Nee</OR>\r\n    </Rollen>\r\n    <Extra>\r\n      \
             <OR_Functie>Nee</OR_Functie>\r\n    </Extra>\r\n  </Medewerker>\r\n",
            n / 10
        ));
    }
    xml + "</JH>\r\n"
}

fn csv() -> String {
    let rows = (0..PEOPLE).map(|n| format!("{n},Jan,\"de Vries\",2020-01-01,D{},{}\n", n % 40, n / 10));
    "id,nick,name,start,department,manager\n".to_owned() + &rows.collect::<String>()
}

fn json_lines() -> String {
    let row = |n: usize| {
        let (department, manager) = (n % 40, n / 10);
        format!(
            r#"{{"id":{n},"nick":"Jan","name":"Vries","start":"2020-01-01","department":"D{department}","manager":{manager}}}"#
        ) + "\n"
    };
    (0..PEOPLE).map(row).collect()
}
