use rcgen::{CertificateParams, KeyPair};
use serde_json::json;

use super::*;

/// A certificate authority's certificate.
fn ca() -> String {
    let key = KeyPair::generate().unwrap();
    CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap().pem()
}

fn yaml(more: &str) -> String {
    let ca: String = ca().lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "active-directory:\n  secret: active-directory\n  servers: [ldaps://dc1, ldap://dc2]\n  \
         base: OU=People,DC=x\n  ca: |\n{ca}{more}"
    )
}

/// A definition with more settings.
pub(crate) fn definition(more: &str) -> Definition {
    Definition::parse("ad.yaml", &yaml(more)).unwrap()
}

const PERSON: &str = "
where: row.employeeID != null
person:
  id: row.employeeID
  name: { givenName: row.givenName, familyName: row.sn }
  contact: { email: row.mail }
contracts:
  id: \"'ad'\"
  startDate: { value: row.whenCreated, date: '%Y-%m-%dT%H:%M:%SZ' }
  endDate: row.lastDay
  department: { name: row.department }
  title: { name: row.title }
  manager: { id: row.managerId }
";

#[test]
fn a_definition_is_read() {
    let definition = definition(
        "  filter: (objectClass=user)\n  attributes: [company, proxyAddresses]\n  join: employeeNumber\n  \
         groups: { nested: false, filter: (cn=SF-*), name: cn }\n  incremental: usn\n  absence: hold\n  pageSize: 100\n  \
         timeoutSeconds: 5\n",
    );
    assert_eq!(definition.secret.as_str(), "active-directory");
    let servers: Vec<_> = definition.servers.iter().map(ToString::to_string).collect();
    assert_eq!(servers, ["ldaps://dc1:636", "ldap://dc2:389"]);
    assert_eq!(definition.bases, ["OU=People,DC=x"]);
    assert_eq!(definition.filter.as_str(), "(objectClass=user)");
    let names = definition.record_attributes();
    assert!(names.ends_with(&["company", "proxyAddresses", "employeeNumber"]), "{names:?}");
    assert_eq!((definition.incremental, definition.absence), (Incremental::Usn, Absence::Hold));
    assert_eq!((definition.page_size, definition.timeout), (100, Duration::from_secs(5)));
    let groups = definition.groups.unwrap();
    assert_eq!((groups.nested, groups.name), (false, GroupName::Cn));
}

#[test]
fn what_is_not_said_is_harmless() {
    let definition = definition("");
    assert_eq!(definition.filter.as_str(), "(&(objectCategory=person)(objectClass=user))");
    assert_eq!((definition.incremental, definition.absence), (Incremental::Dirsync, Absence::Ignore));
    assert_eq!(definition.join.as_str(), "employeeID");
    assert!(definition.groups.is_none() && matches!(definition.mapping, Mapping::Account));
    let two = yaml("").replace("base: OU=People,DC=x", "base: ['OU=A\\, B,DC=x', 'OU=B,DC=x']");
    assert_eq!(Definition::parse("ad.yaml", &two).unwrap().bases, ["OU=A\\, B,DC=x", "OU=B,DC=x"]);
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let good = yaml("  pageSize: 100\n");
    for (from, to, told) in [
        ("secret: active-directory", "secret: '#'", "ad.yaml:2:11: not a valid secret name"),
        ("ldaps://dc1,", "https://dc1,", "ad.yaml:3:13: ldaps://host or ldap://host"),
        ("[ldaps://dc1, ldap://dc2]", "[]", "ad.yaml:3:12: at least one server is needed"),
        ("OU=People,DC=x", "People", "ad.yaml:4:9: base needs distinguished names"),
        ("BEGIN CERTIFICATE", "BEGIN NONSENSE", ": it "),
        ("pageSize: 100", "pageSize: 2000", ":13: a number from 1 to 1000 is needed here"),
        ("pageSize: 100", "pagesize: 100", "unknown field `pagesize`"),
        ("pageSize: 100", "filter: (a=b", ":11: it is no search filter"),
        ("pageSize: 100", "attributes: [a b]", ":16: it is no name of an attribute"),
        ("pageSize: 100", "incremental: sometimes", "unknown variant `sometimes`"),
        ("pageSize: 100", "groups: { filter: x }", "it is no search filter"),
        ("  pageSize: 100", "where: 'true'", "where needs a person"),
    ] {
        assert!(good.contains(from), "{from}");
        let problems = Definition::parse("ad.yaml", &good.replacen(from, to, 1)).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].to_string().contains(told), "{} is told, not {told}", problems[0]);
        assert!(problems[0].line > 0, "{}", problems[0]);
    }
}

#[test]
fn faults_of_the_mapping_are_told_at_their_own_place() {
    let good = yaml(PERSON);
    let line = good.lines().position(|line| line.contains("row.sn")).unwrap() + 1;
    let bad = good.replace("row.sn", "raw.sn").replace("OU=People,DC=x", "People");
    let problems = Definition::parse("ad.yaml", &bad).unwrap_err();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert_eq!(problems[1].line, u64::try_from(line).unwrap(), "{}", problems[1]);
}

#[test]
fn a_record_becomes_a_whole_person_by_mapping() {
    let definition = definition(PERSON);
    assert!(definition.reads_managers());
    let record = crate::record::tests::record(&[
        ("employeeID", "100023"),
        ("givenName", "Jan"),
        ("sn", "de Vries"),
        ("mail", "j@x"),
        ("department", "Sales"),
        ("whenCreated", "20260102030405.0Z"),
        ("accountExpires", "134142876000000000"),
    ]);
    let Some(Ok(Mapped::Person(person))) = definition.map(&record) else { panic!("a person") };
    let expected = json!({
        "id": "100023",
        "name": { "givenName": "Jan", "familyName": "de Vries", "convention": "B" },
        "contact": { "email": "j@x" },
        "contracts": [{
            "id": "ad", "startDate": "2026-01-02", "endDate": "2026-01-30",
            "department": { "name": "Sales" }, "manager": { "id": "100001" },
        }],
        "blocked": false,
    });
    assert_eq!(serde_json::to_value(&person).unwrap(), expected);
    let nobody = crate::record::tests::record(&[("sn", "Room 1")]);
    assert_eq!(definition.map(&nobody), None);
}

#[test]
fn a_record_becomes_an_account() {
    let definition = definition("  attributes: [company, proxyAddresses]\n");
    let record = crate::record::tests::record(&[
        ("employeeID", "100023"),
        ("userPrincipalName", "J.deVries@x"),
        ("mail", "J@x"),
        ("sAMAccountName", "j.devries"),
        ("proxyAddresses", "smtp:a@x"),
    ]);
    let Some(Ok(Mapped::Account { record: id, person, keys, account })) = definition.map(&record) else {
        panic!("an account")
    };
    assert_eq!(id.as_str(), "ce35e774-6bc0-4e57-ac5a-af1e01c6feb2");
    assert_eq!(person.unwrap().as_str(), "100023");
    assert_eq!(keys.employee_id.as_deref(), Some("100023"));
    assert_eq!((keys.mail.as_deref(), keys.user_principal_name.as_deref()), (Some("j@x"), Some("j.devries@x")));
    let expected = json!({
        "userPrincipalName": "J.deVries@x", "mail": "J@x", "samAccountName": "j.devries", "employeeId": "100023",
        "displayName": null, "enabled": true, "groups": ["SF-Sales"], "company": null, "proxyAddresses": ["smtp:a@x"],
    });
    assert_eq!(serde_json::Value::Object(account), expected);
    assert!(!format!("{keys:?}").contains("j@x"));
}

#[test]
fn an_account_without_its_join_attribute_waits_for_other_keys() {
    let definition = definition("");
    let record = crate::record::tests::record(&[("mail", "a@x")]);
    let Some(Ok(Mapped::Account { person: None, keys, .. })) = definition.map(&record) else { panic!("no person") };
    assert_eq!(keys.mail.as_deref(), Some("a@x"));
    let odd = crate::record::tests::record(&[("employeeID", " 7")]);
    let error = definition.map(&odd).unwrap().unwrap_err();
    assert_eq!(error.path, "employeeID");
}

/// The examples that people copy.
#[test]
fn the_documented_definitions_are_good() {
    let page = include_str!("../../../../docs/ACTIVE-DIRECTORY.md");
    let blocks: Vec<&str> = page.split("```yaml\n").skip(1).filter_map(|block| block.split("```").next()).collect();
    let [directory, mapping] = blocks.as_slice() else { panic!("{} examples", blocks.len()) };
    let ca: String = ca().lines().map(|line| format!("    {line}\n")).collect();
    let (before, after) = (directory.find("    -----BEGIN").unwrap(), directory.find("  base:").unwrap());
    let directory = format!("{}{ca}{}", &directory[..before], &directory[after..]);
    let accounts = Definition::parse("ad.yaml", &directory).unwrap();
    assert!(matches!(accounts.mapping, Mapping::Account) && accounts.groups.is_some());
    let persons = Definition::parse("ad.yaml", &format!("{directory}{mapping}")).unwrap();
    assert!(persons.reads_managers());
}
