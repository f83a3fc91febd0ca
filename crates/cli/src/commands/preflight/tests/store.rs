//! What waits in the store, against what the org has left.

use std::collections::BTreeMap;

use domain::{
    AccountRecord, AccountStatus, Applied, Cause, DesiredAccount, DesiredState, Entitlement, PersonId, Reason,
    UserField,
};
use salesforce_simulator::INTEGRATION_USERNAME;
use storage::Embedded;

use super::super::waiting::WaitingPerson;
use super::*;

fn person(number: usize, status: AccountStatus, given: &[&str]) -> WaitingPerson {
    let entitlements: BTreeMap<Entitlement, Vec<String>> =
        given.iter().map(|given| (given.parse().unwrap(), vec!["Sales".to_owned()])).collect();
    let account = DesiredAccount {
        status,
        entitlements,
        correlate: vec![(UserField::EmployeeNumber, number.to_string())],
        why: Reason("a test".to_owned()),
        ..DesiredAccount::unwanted("a test")
    };
    let desired = DesiredState {
        person: PersonId::parse(format!("p{number}")).unwrap(),
        version: 2,
        account,
        cause: Cause::Operator,
        leaving_since: None,
        changes_on: None,
        policy: "a".to_owned(),
    };
    WaitingPerson { desired, record: AccountRecord::default() }
}

fn joiners(number: usize) -> Vec<WaitingPerson> {
    (0..number).map(|number| person(number, AccountStatus::Enabled, &["profile:Standard User"])).collect()
}

fn leaver(number: usize) -> WaitingPerson {
    let applied = Applied {
        version: 1,
        at: now(),
        active: Some(true),
        username: None,
        frozen: false,
        shut_by_hand: false,
        owned: ["permissionSetLicense:SalesConsoleUser".parse().unwrap()].into(),
    };
    let record = AccountRecord { applied: Some(applied), ..AccountRecord::default() };
    WaitingPerson { record, ..person(number, AccountStatus::Inactive, &[]) }
}

fn waiting(persons: Vec<WaitingPerson>) -> Option<Waiting> {
    Some(Waiting { persons, ..Waiting::default() })
}

#[tokio::test]
async fn joiners_need_seats_and_leavers_bring_some_back() {
    let mut stage = Stage::new();
    stage.org().admin().set_seats("Salesforce", 8).unwrap();
    stage.waiting = waiting(joiners(2));
    assert_eq!(stage.troubles().await, []);
    stage.waiting = waiting(joiners(3));
    let finding = stage.fails("6 of 8 used, 2 free; 3 persons wait for one").await;
    assert!(finding.help.unwrap().contains("buy or free 1"));
    stage.waiting = waiting([joiners(3), vec![leaver(4)]].concat());
    assert!(stage.warns("2 free").await.help.unwrap().contains("1 person leaves too"));
    // Who is made ahead of time takes no seat yet.
    let prepared = (0..3).map(|number| person(number, AccountStatus::Prepared, &["profile:Standard User"]));
    stage.waiting = waiting(prepared.collect());
    assert_eq!(stage.troubles().await, []);
}

#[tokio::test]
async fn permission_set_licences_are_counted_for_those_who_do_not_have_them() {
    let licensed = "profile: Standard User\n    permissionSetLicenses: [FieldService]";
    let mut stage = Stage::new().change("profile: Standard User", licensed);
    let given = ["profile:Standard User", "permissionSetLicense:FieldService"];
    let mut persons: Vec<_> = (0..3).map(|number| person(number, AccountStatus::Enabled, &given)).collect();
    stage.waiting = waiting(persons.clone());
    stage.fails("permission set licence FieldService: 0 of 2 used, 2 free; 3 persons wait for one").await;
    let has = Applied { owned: [given[1].parse().unwrap()].into(), ..leaver(0).record.applied.unwrap() };
    persons[0].record.applied = Some(has);
    stage.waiting = waiting(persons);
    assert_eq!(stage.troubles().await, []);
}

#[tokio::test]
async fn calls_are_estimated_by_path() {
    let mut stage = Stage::new();
    stage.org().set_daily_api_limit(500);
    stage.waiting = waiting(joiners(90));
    assert_eq!(stage.troubles().await, []);
    stage.org().admin().set_seats("Salesforce", 1_000).unwrap();
    stage.waiting = waiting(joiners(900));
    let finding = stage.warns("900 persons wait: about 1000 calls by scim").await;
    assert!(finding.help.unwrap().contains("`api: apex` would need about 19"));
    let apex = stage.change("  secret: salesforce\n", "  secret: salesforce\n  api: apex\n");
    assert_eq!(apex.troubles().await, []);
}

#[tokio::test]
async fn who_was_not_looked_at_yet_is_told_apart() {
    let mut stage = Stage::new();
    stage.waiting = Some(Waiting { unmapped: 12, ..Waiting::default() });
    let calls = stage.topics().await.into_iter().find(|topic| topic.topic == "API calls").unwrap().findings;
    assert_eq!(calls[1], Finding::ok("nobody waits to be written"));
    assert!(calls[2].level == Level::Skipped && calls[2].what.starts_with("12 persons"), "{calls:#?}");
}

#[tokio::test]
async fn the_connectors_user_must_be_nobodys() {
    let mut stage = Stage::new();
    stage.waiting = Some(Waiting { owner_of_own: Some(PersonId::parse("p7").unwrap()), ..Waiting::default() });
    stage.fails("it is the account of person p7").await;
    let mut claims = person(1, AccountStatus::Enabled, &["profile:Standard User"]);
    claims.desired.account.correlate.push((UserField::Username, INTEGRATION_USERNAME.to_uppercase()));
    stage.waiting = waiting(vec![claims]);
    stage.fails("1 waiting person is found as this user").await;
}

#[tokio::test]
async fn what_waits_is_read_from_the_store_and_nothing_is_written() {
    let clock = Arc::new(ManualClock::at(now()));
    let store: Arc<dyn Store> = Arc::new(Embedded::in_memory(clock).unwrap());
    let people = records::People::new(store.clone());
    for number in 0..150 {
        let WaitingPerson { desired, .. } = person(number, AccountStatus::Enabled, &["profile:Standard User"]);
        let (person, new_target) = (desired.person.clone(), number != 149);
        let mapped = records::people::Mapped { desired: Some(desired), new_target, changes_on: None, problem: None };
        people.save_mapped(&person, &records::PersonData::default(), &mapped, now()).await.unwrap();
    }
    let before = store.scan(ports::Table::People, None, 500).await.unwrap().items;
    let waiting = Waiting::read(&store).await.unwrap();
    assert_eq!((waiting.persons.len(), waiting.unmapped), (149, 0));
    assert!(waiting.persons.iter().all(WaitingPerson::takes_seat));
    let after = store.scan(ports::Table::People, None, 500).await.unwrap().items;
    assert_eq!(before.len(), after.len());
    assert!(before.iter().zip(&after).all(|(before, after)| before.version == after.version));
}
