//! The made-up domain that the tests read.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub(crate) const DOMAIN: &str = "DC=corp,DC=example,DC=test";
pub(crate) const PASSWORD: &str = "Str0ng!Pass1";
/// May read deleted objects.
pub(crate) const READER: &str = "reader@corp.example.test";
/// An account without any right of its own.
pub(crate) const PLAIN: &str = "plain@corp.example.test";
/// Users in OU=Bulk.
pub(crate) const BULK: usize = 300;
/// Members of the group `big`: more than one answer of a Windows domain controller holds.
pub(crate) const BIG: usize = 1_701;

/// 2018-01-01.
const LONG_AGO: &str = "131592384000000000";
const NEVER: &str = "9223372036854775807";

/// What is added to the empty domain.
pub(crate) fn ldif() -> String {
    let mut ldif = String::new();
    for unit in ["People", "Bulk", "Groups", "Other"] {
        add(&mut ldif, &format!("OU={unit}"), &["objectClass: organizationalUnit"]);
    }
    for account in ["reader", "plain"] {
        user(&mut ldif, &format!("CN={account},CN=Users"), account, &[]);
    }
    people(&mut ldif);
    for n in 0..BULK {
        user(&mut ldif, &format!("CN=bulk{n:04},OU=Bulk"), &format!("bulk{n:04}"), &[&format!("employeeID: B{n}")]);
    }
    groups(&mut ldif);
    ldif
}

fn people(ldif: &mut String) {
    let never = format!("accountExpires: {NEVER}");
    user(ldif, "CN=Anna de Boer,OU=People", "anna", &["employeeID: 1001", "title: CEO", &never]);
    let jan = ["employeeID: 1002", "title: Account manager", "department: Sales", "givenName: Jan", "sn: de Vries"];
    let managed_by_anna = manager("Anna de Boer");
    let jan = [&jan[..], &["mail: Jan@corp.example.test", &managed_by_anna]].concat();
    user(ldif, "CN=Jan de Vries,OU=People", "jan", &jan);
    let zoe = format!("displayName:: {}", STANDARD.encode("Zoë Müller"));
    let addresses = ["proxyAddresses: SMTP:zoe@corp.example.test", "proxyAddresses: smtp:z@corp.example.test"];
    user(
        ldif,
        "CN=Zoe,OU=People",
        "zoe",
        &[&zoe, "employeeID: 1003", addresses[0], addresses[1], &manager("Jan de Vries")],
    );
    user(ldif, "CN=Li Wei (ext)\\, Jr.,OU=People", "li.wei", &["employeeID: 1004"]);
    let expired = format!("accountExpires: {LONG_AGO}");
    user(ldif, "CN=Expired,OU=People", "expired", &["employeeID: 1005", &expired]);
    user(ldif, "CN=Disabled,OU=People", "disabled", &["employeeID: 1006", "userAccountControl: 514"]);
    user(ldif, "CN=Must Change,OU=People", "must.change", &["employeeID: 1007", "pwdLastSet: 0"]);
    user(ldif, "CN=Elsewhere,OU=Other", "elsewhere", &["employeeID: 1008"]);
    user(ldif, "CN=Forgotten,OU=People", "forgotten", &[]);
}

fn groups(ldif: &mut String) {
    for n in 0..BIG {
        add(ldif, &format!("CN=contact{n:04},OU=Other"), &["objectClass: contact"]);
    }
    let big: Vec<String> = (0..BIG).map(|n| format!("member: CN=contact{n:04},OU=Other,{DOMAIN}")).collect();
    group(ldif, "big", &big.iter().map(String::as_str).collect::<Vec<_>>());
    group(ldif, "inner", &[&member("CN=Jan de Vries,OU=People"), &member("CN=Li Wei (ext)\\, Jr.,OU=People")]);
    group(ldif, "middle", &[&member("CN=inner,OU=Groups")]);
    group(ldif, "outer", &[&member("CN=middle,OU=Groups")]);
}

/// What is changed in it afterwards: somebody is deleted, so that there is a tombstone.
pub(crate) fn changes() -> String {
    delete("CN=Forgotten,OU=People")
}

pub(crate) fn delete(object: &str) -> String {
    format!("dn: {object},{DOMAIN}\nchangetype: delete\n\n")
}

pub(crate) fn modify(object: &str, changes: &[&str]) -> String {
    format!("dn: {object},{DOMAIN}\nchangetype: modify\n{}\n\n", changes.join("\n-\n"))
}

pub(crate) fn rename(object: &str, name: &str, parent: &str) -> String {
    let parent = if parent.is_empty() { DOMAIN.to_owned() } else { format!("{parent},{DOMAIN}") };
    format!("dn: {object},{DOMAIN}\nchangetype: modrdn\nnewrdn: {name}\ndeleteoldrdn: 1\nnewsuperior: {parent}\n\n")
}

pub(crate) fn manager(name: &str) -> String {
    format!("manager: CN={name},OU=People,{DOMAIN}")
}

pub(crate) fn member(object: &str) -> String {
    format!("member: {object},{DOMAIN}")
}

pub(crate) fn new_user(object: &str, name: &str, more: &[&str]) -> String {
    let mut ldif = String::new();
    user(&mut ldif, object, name, more);
    ldif.replace("\nobjectClass", "\nchangetype: add\nobjectClass")
}

fn user(ldif: &mut String, object: &str, name: &str, more: &[&str]) {
    let password: Vec<u8> = PASSWORD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let control =
        if more.iter().any(|line| line.starts_with("userAccountControl")) { "" } else { "userAccountControl: 512" };
    let own = [
        "objectClass: user".to_owned(),
        format!("sAMAccountName: {name}"),
        format!("userPrincipalName: {name}@corp.example.test"),
        format!("clearTextPassword:: {}", STANDARD.encode(password)),
    ];
    let lines = own.iter().map(String::as_str).chain([control]).chain(more.iter().copied());
    add(ldif, object, &lines.filter(|line| !line.is_empty()).collect::<Vec<_>>());
}

fn group(ldif: &mut String, name: &str, members: &[&str]) {
    let own = ["objectClass: group".to_owned(), format!("sAMAccountName: {name}")];
    let lines: Vec<&str> = own.iter().map(String::as_str).chain(members.iter().copied()).collect();
    add(ldif, &format!("CN={name},OU=Groups"), &lines);
}

fn add(ldif: &mut String, object: &str, lines: &[&str]) {
    writeln!(ldif, "dn: {object},{DOMAIN}\n{}\n", lines.join("\n")).unwrap();
}
