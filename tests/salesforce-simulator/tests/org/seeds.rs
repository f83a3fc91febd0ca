//! Orgs from a seed, and the administrator's hand.

use salesforce_simulator::{AdminError, Api, Behaviours, Object, Org, SeedError};

use crate::client::{Client, start};

const SEED: &str = "
now: 2026-05-01T06:00:00Z
sandbox: true
variant: delete-renames
dailyApiLimit: 500
licences: { Salesforce: 20, Salesforce Platform: 5 }
permissionSetLicences: { SalesConsole: 2 }
profiles:
  - { name: Seller, licence: Salesforce }
  - { name: Connector, licence: Salesforce, managesUsers: true }
roles:
  - { name: Board }
  - { name: Sales, parent: Board }
permissionSets:
  - { name: Quotes }
  - { name: Console, licence: SalesConsole }
permissionSetGroups: { Bundle: [Quotes] }
publicGroups: [Everybody]
queues: [Desk]
customUserFields: [{ name: Person_Id__c, length: 20, externalId: true }]
foreignUsernames: [taken@elsewhere.example]
users:
  - username: connector@seed.example
    profile: Connector
  - username: anna@seed.example
    profile: Seller
    role: Sales
    frozen: true
    fields: { FirstName: Anna, LastName: Smit, Person_Id__c: '7' }
    permissionSetLicences: [SalesConsole]
    permissionSets: [Console]
    permissionSetGroups: [Bundle]
    groups: [Everybody, Desk]
    blocker: You cannot deactivate the Default Workflow User
clients:
  - { clientId: key, clientSecret: secret, runAs: connector@seed.example, approved: [connector@seed.example] }
faults:
  - { path: /limits, times: { count: 2 }, fault: { too-many-requests: 3 } }
";

#[test]
fn a_seed_makes_an_org() {
    let mut org = Org::from_seed(SEED, start()).unwrap();
    assert_eq!(org.now(), "2026-05-01T06:00:00Z".parse().unwrap());
    assert!(org.behaviours_mut().delete_renames);
    let anna = org.user("anna@seed.example").unwrap();
    assert_eq!(anna.text("Name"), "Anna Smit");
    assert_eq!(anna.role.as_deref(), Some("Sales"));
    assert!(anna.frozen && anna.active);
    assert!(anna.permission_sets.contains("Console"));
    assert!(anna.permission_set_groups.contains("Bundle"));
    assert!(anna.groups.contains("Everybody") && anna.queues.contains("Desk"));
    assert_eq!(org.seats("SalesConsole"), Some((1, 2)));
    assert_eq!(org.seats("Salesforce"), Some((3, 20)));
    assert!(org.journal().is_empty());
    assert!(org.admin().deactivate("anna@seed.example").is_err());
    assert!(!org.faults_mut().is_spent());
}

#[test]
fn a_wrong_seed_says_what_is_wrong() {
    let error = |text: &str| Org::from_seed(text, start()).expect_err(text);
    assert!(matches!(error("users: 7"), SeedError::Unreadable(_)));
    assert!(matches!(error("profils: []"), SeedError::Unreadable(_)));
    assert!(matches!(error("variant: none"), SeedError::UnknownVariant(_)));
    let unknown = error("users: [{ username: a@b.example, profile: Nobody }]");
    assert_eq!(unknown.to_string(), "the seed cannot be built: there is no Profile named Nobody");
}

#[test]
fn every_variant_builds_and_answers() {
    for (name, behaviours) in Behaviours::variants() {
        let mut client = Client::sample();
        *client.org.behaviours_mut() = behaviours;
        let body = crate::client::with(
            client.scim_user("eva@example.com"),
            serde_json::json!({ "emailEncodingKey": "UTF-8", "preferredLanguage": "nl_NL" }),
        );
        let made = client.scim("POST", "/Users", body);
        assert!(matches!(made.status, 200 | 201), "{name}: {:?}", made.body);
    }
}

#[test]
fn the_administrator_renames_and_removes() {
    let mut org = Org::sample(start());
    let mut admin = org.admin();
    admin.assign("p.bakker@sample.example", Object::PermissionSet, "Mobile_User").unwrap();
    admin.assign("p.bakker@sample.example", Object::Group, "Sales_NL").unwrap();
    admin.set_role("p.bakker@sample.example", Some("IT")).unwrap();
    admin.rename(Object::PermissionSet, "Mobile_User", "Phone_User").unwrap();
    assert!(org.user("p.bakker@sample.example").unwrap().permission_sets.contains("Phone_User"));
    let mut admin = org.admin();
    admin.remove(Object::PermissionSet, "Phone_User").unwrap();
    admin.remove(Object::Group, "Sales_NL").unwrap();
    admin.remove(Object::UserRole, "IT").unwrap();
    assert!(matches!(admin.remove(Object::UserRole, "IT"), Err(AdminError::Unknown { .. })));
    let user = org.user("p.bakker@sample.example").unwrap();
    assert!(user.permission_sets.is_empty() && user.groups.is_empty() && user.role.is_none());
    assert!(org.journal().iter().all(|entry| entry.by.api == Api::Admin));
    let sequences: Vec<u64> = org.journal().iter().map(|entry| entry.sequence).collect();
    assert_eq!(sequences, (1..=org.journal().len() as u64).collect::<Vec<_>>());
}
