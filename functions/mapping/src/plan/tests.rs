use domain::{Entitlement, SnapshotContent, SourceName};
use jiff::civil::date;
use policy::{Configuration, Earlier, Policy};
use records::Stored;
use serde_json::{Value, json};

use super::*;

const CONFIGURATION: &str = "\
organisation: { timeZone: Europe/Amsterdam }
salesforce: { secret: salesforce }
sources: [{ name: hr, role: authoritative, webhook: { secret: hr-webhook } }]
account:
  when: person.custom.kind != 'external'
  create: { daysBeforeStart: 14 }
  correlate: [FederationIdentifier]
  attributes:
    FederationIdentifier: person.id
    Username: slug(nick) + '@example.com'
    Email: slug(nick) + '@example.com'
    LastName: family
    Title: contract.title.name
rules: [{ name: All, profile: Standard User, permissionSets: [A] }]
";

fn policy() -> Policy {
    Configuration::parse(&[("all.yaml".to_owned(), CONFIGURATION.to_owned())])
        .unwrap_or_else(|problems| panic!("{problems}"))
        .policy
}

/// A person's story: what is stored after each day's mapping.
struct Story {
    policy: Policy,
    data: PersonData,
    held: bool,
}

impl Story {
    fn new() -> Self {
        Self { policy: policy(), data: PersonData::default(), held: false }
    }

    fn hears(&mut self, change: impl FnOnce(&mut Value)) {
        let mut person = json!({
            "id": "7", "name": { "nickName": "Jan", "familyName": "Vries" },
            "contracts": [{ "id": "c1", "startDate": "2026-01-01", "endDate": "2026-06-30" }]
        });
        change(&mut person);
        self.says(SnapshotContent::Person(Box::new(domain::Person::from_json(&person).unwrap())));
    }

    fn says(&mut self, content: SnapshotContent) {
        let snapshot = Snapshot {
            source: SourceName::parse("hr").unwrap(),
            record: domain::RecordId::parse("7").unwrap(),
            person: PersonId::parse("7").unwrap(),
            observed_at: "2026-05-01T22:30:00Z".parse().unwrap(),
            event: None,
            content,
        };
        self.data.snapshots = vec![Stored { value: snapshot, version: 1, index: None }];
    }

    /// Maps on that day; answers the status that is stored, its version, and since when the person leaves.
    fn on(&mut self, today: Date) -> (AccountStatus, u64, Option<Date>) {
        let snapshots: Vec<_> = self.data.snapshots.iter().map(|stored| stored.value.clone()).collect();
        let roles = [(SourceName::parse("hr").unwrap(), domain::SourceRole::Authoritative)];
        let merged = domain::merge(&snapshots, &domain::SourceRoles::new(roles));
        let before = self.data.desired.as_ref().map(|stored| &stored.value);
        let decision = self.policy.decide(&merged, Earlier::of(before), today);
        let person = PersonId::parse("7").unwrap();
        let Plan { mapped, .. } = plan(&person, &self.data, decision, "p", today, Timestamp::UNIX_EPOCH);
        self.held = mapped.problem.is_some_and(|problem| problem.held);
        if let Some(desired) = mapped.desired {
            self.data.desired = Some(Stored { value: desired, version: 1, index: None });
        }
        let stored = self.desired();
        (stored.account.status, stored.version, stored.leaving_since)
    }

    fn desired(&self) -> &DesiredState {
        &self.data.desired.as_ref().unwrap().value
    }
}

fn day(month: i8, day: i8) -> Date {
    date(2026, month, day)
}

#[test]
fn a_leaver_is_frozen_then_inactive_then_stripped() {
    use AccountStatus::{Enabled, Frozen, Inactive, Unwanted};
    let mut story = Story::new();
    story.hears(|_| {});
    let since = Some(day(7, 1));
    assert_eq!(story.on(day(6, 30)), (Enabled, 1, None));
    // Mapped a day late, the steps count from the end all the same.
    assert_eq!(story.on(day(7, 2)), (Frozen, 2, since));
    assert_eq!(story.desired().changes_on, Some(day(7, 8)));
    assert_eq!(story.on(day(7, 7)), (Frozen, 2, since));
    assert_eq!(story.on(day(7, 8)), (Inactive, 3, since));
    assert_eq!(story.desired().changes_on, Some(day(7, 31)));
    assert_eq!(story.on(day(7, 31)), (Unwanted, 4, since));
    assert_eq!(story.desired().changes_on, None);
    // A later word that the contract ended earlier, or not quite so early, changes nothing.
    story.hears(|person| person["contracts"][0]["endDate"] = json!("2026-07-20"));
    assert_eq!(story.on(day(8, 1)), (Unwanted, 4, since));
}

#[test]
fn a_former_employee_changes_target_once() {
    let mut story = Story::new();
    story.hears(|_| {});
    assert_eq!(story.on(day(9, 1)), (AccountStatus::Unwanted, 1, Some(day(7, 1))));
    assert_eq!(story.desired().changes_on, None);
}

#[test]
fn who_never_had_an_account_has_nothing_to_lose() {
    let unwanted = (AccountStatus::Unwanted, 1, None);
    let mut external = Story::new();
    external.hears(|person| person["custom"] = json!({ "kind": "external" }));
    assert_eq!(external.on(day(3, 1)), unwanted);
    // Neither the end of the contract nor the removal puts them on the steps.
    assert_eq!(external.on(day(7, 1)), unwanted);
    external.says(SnapshotContent::Removed);
    assert_eq!(external.on(day(7, 2)), unwanted);

    let mut unknown = Story::new();
    unknown.says(SnapshotContent::Removed);
    assert_eq!(unknown.on(day(5, 3)), unwanted);
}

#[test]
fn a_removed_person_leaves_from_the_day_of_the_word() {
    use AccountStatus::{Enabled, Frozen, Inactive};
    let mut story = Story::new();
    story.hears(|_| {});
    assert_eq!(story.on(day(4, 1)), (Enabled, 1, None));
    // Half past ten in the evening in UTC is the next day in Amsterdam.
    story.says(SnapshotContent::Removed);
    assert_eq!(story.on(day(5, 4)), (Frozen, 2, Some(day(5, 2))));
    assert_eq!(story.desired().account.correlate, [(domain::UserField::FederationIdentifier, "7".to_owned())]);
    assert_eq!(story.on(day(5, 9)), (Inactive, 3, Some(day(5, 2))));
    // Who comes back is let in, and leaves anew.
    story.hears(|_| {});
    assert_eq!(story.on(day(5, 10)), (Enabled, 4, None));
    assert_eq!(story.on(day(7, 1)), (Frozen, 5, Some(day(7, 1))));
}

#[test]
fn a_condition_that_ceases_to_hold_counts_from_the_day_it_was_seen() {
    use AccountStatus::{Enabled, Frozen, Inactive, Unwanted};
    let mut story = Story::new();
    story.hears(|_| {});
    assert_eq!(story.on(day(6, 1)), (Enabled, 1, None));
    story.hears(|person| person["custom"] = json!({ "kind": "external" }));
    assert_eq!(story.on(day(6, 5)), (Frozen, 2, Some(day(6, 5))));
    assert_eq!(story.desired().changes_on, Some(day(6, 12)));
    assert_eq!(story.on(day(6, 12)), (Inactive, 3, Some(day(6, 5))));
    // The contract's end comes later and does not turn the steps back.
    assert_eq!(story.on(day(7, 1)), (Inactive, 3, Some(day(6, 5))));
    assert_eq!(story.on(day(7, 5)), (Unwanted, 4, Some(day(6, 5))));
}

#[test]
fn a_rehire_is_prepared_and_not_opened() {
    use AccountStatus::{Enabled, Frozen, Prepared};
    let mut story = Story::new();
    story.hears(|person| {
        person["contracts"] = json!([
            { "id": "c1", "startDate": "2026-01-01", "endDate": "2026-06-30" },
            { "id": "c2", "startDate": "2026-07-20" }
        ]);
    });
    assert_eq!(story.on(day(6, 30)), (Enabled, 1, None));
    assert_eq!(story.on(day(7, 1)), (Frozen, 2, Some(day(7, 1))));
    assert_eq!(story.desired().changes_on, Some(day(7, 6)));
    assert_eq!(story.on(day(7, 6)), (Prepared, 3, None));
    let frozen = domain::ActualUser {
        frozen: true,
        ..domain::ActualUser::bare(domain::SalesforceUserId::parse("005000000000001").unwrap(), true)
    };
    let change = domain::diff(&story.desired().account, Some(&frozen), &domain::Known::default());
    let opens =
        |operation: &domain::Operation| matches!(operation, domain::Operation::Activate | domain::Operation::Unfreeze);
    assert!(!change.operations.iter().any(opens), "{change:?}");
    assert_eq!(story.on(day(7, 20)), (Enabled, 4, None));
}

#[test]
fn with_problems_access_is_frozen_and_nothing_else_is_touched() {
    use AccountStatus::{Enabled, Frozen, Prepared};
    let mut story = Story::new();
    story.hears(|_| {});
    assert_eq!(story.on(day(6, 1)), (Enabled, 1, None));
    // Enabled all the same: nothing is applied.
    let faulty = |person: &mut Value| person["contracts"][0]["title"] = json!({ "name": "x".repeat(81) });
    story.hears(faulty);
    assert_eq!(story.on(day(6, 2)), (Enabled, 1, None));
    assert!(story.held);
    // The start is put off: access goes, though the account can't be prepared.
    let later = |person: &mut Value| person["contracts"][0]["startDate"] = json!("2026-06-10");
    story.hears(|person| {
        faulty(person);
        later(person);
    });
    assert_eq!(story.on(day(6, 3)), (Frozen, 2, None));
    assert!(!story.held);
    let account = &story.desired().account;
    assert!(account.attributes.is_empty() && account.entitlements.is_empty() && !account.correlate.is_empty());
    assert_eq!(story.on(day(6, 4)), (Frozen, 2, None));
    assert!(story.held);
    story.hears(later);
    assert_eq!(story.on(day(6, 5)), (Prepared, 3, None));
    assert_eq!(
        story.desired().account.entitlements.keys().map(Entitlement::to_string).collect::<Vec<_>>(),
        ["profile:Standard User"]
    );
    // Nothing stands in the way of a leaver.
    story.hears(|person| {
        faulty(person);
        person["contracts"][0]["endDate"] = json!("2026-05-31");
    });
    assert_eq!(story.on(day(6, 6)).0, Frozen);
    assert!(!story.held);
}

#[test]
fn a_blocked_person_is_frozen_and_comes_back_as_before() {
    use AccountStatus::{Enabled, Frozen};
    let mut story = Story::new();
    story.hears(|_| {});
    assert_eq!(story.on(day(6, 1)), (Enabled, 1, None));
    story.hears(|person| person["blocked"] = json!(true));
    assert_eq!(story.on(day(6, 2)), (Frozen, 2, None));
    assert_eq!(story.on(day(6, 20)), (Frozen, 2, None));
    story.hears(|_| {});
    assert_eq!(story.on(day(6, 21)), (Enabled, 3, None));
}
