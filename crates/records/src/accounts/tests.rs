use domain::audit::verify_chain;
use domain::{Cause, Correlation, HowCorrelated};
use ports::clock::ManualClock;
use storage::Embedded;

use super::*;
use crate::AuditLog;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const MINUTE: Duration = Duration::from_secs(60);

fn store() -> Arc<Embedded> {
    Arc::new(Embedded::in_memory(Arc::new(ManualClock::at(NOW))).unwrap())
}

fn person(id: &str) -> PersonId {
    PersonId::parse(id).unwrap()
}

async fn leased(accounts: &Accounts, id: &str) -> Stored<AccountRecord> {
    let stored = accounts.load(&[person(id)]).await.unwrap().remove(0);
    match accounts.lease(&person(id), stored, "t".into(), NOW, MINUTE).await.unwrap() {
        LeaseOutcome::Mine(stored) => *stored,
        LeaseOutcome::Taken(wait) => panic!("taken for {wait:?}"),
    }
}

fn audit(id: &str) -> AuditRecord {
    AuditRecord {
        person: person(id),
        sequence: 0,
        at: NOW,
        user: None,
        version: 1,
        cause: Cause::Configuration { policy: "x".into() },
        why: String::new(),
        entries: Vec::new(),
        recovered: false,
        previous: String::new(),
    }
}

#[tokio::test]
async fn one_writer_at_a_time_until_the_lease_ends() {
    let accounts = Accounts::new(store());
    let before = accounts.load(&[person("p")]).await.unwrap().remove(0);
    let mine = leased(&accounts, "p").await;
    let race = accounts.lease(&person("p"), before, "u".into(), NOW, MINUTE).await.unwrap();
    assert!(matches!(race, LeaseOutcome::Taken(_)));
    let seen = accounts.load(&[person("p")]).await.unwrap().remove(0);
    let later = NOW + Duration::from_secs(30);
    assert!(
        matches!(accounts.lease(&person("p"), seen.clone(), "u".into(), later, MINUTE).await.unwrap(), LeaseOutcome::Taken(w) if w == Duration::from_secs(30))
    );
    let after = NOW + MINUTE;
    assert!(matches!(
        accounts.lease(&person("p"), seen, "u".into(), after, MINUTE).await.unwrap(),
        LeaseOutcome::Mine(_)
    ));
    // The first holder is too late now.
    let late = Commit {
        person: &person("p"),
        record: mine.value,
        version: mine.version,
        audit: None,
        claims: None,
        gives_up: None,
        waited_for: BTreeSet::new(),
        keep_lease: false,
    };
    assert!(matches!(accounts.commit(late).await, Err(StoreError::Conflict { .. })));
}

#[tokio::test]
async fn a_user_belongs_to_one_person_and_every_commit_lengthens_the_chain() {
    let store = store();
    let accounts = Accounts::new(store.clone());
    let user = SalesforceUserId::parse("005000000000001").unwrap();
    for (id, expected) in [("p", true), ("q", false)] {
        let stored = leased(&accounts, id).await;
        let correlation = Correlation { user: user.clone(), how: HowCorrelated::Created, since: NOW };
        let record = AccountRecord { correlation: Some(correlation), ..stored.value };
        let commit = Commit {
            person: &person(id),
            record,
            version: stored.version,
            audit: Some(audit(id)),
            claims: Some(user.clone()),
            gives_up: None,
            waited_for: BTreeSet::new(),
            keep_lease: false,
        };
        assert_eq!(accounts.commit(commit).await.is_ok(), expected);
    }
    assert_eq!(accounts.owners(&[user]).await.unwrap(), [Some(person("p"))]);
    let stored = leased(&accounts, "p").await;
    let commit = Commit {
        person: &person("p"),
        record: stored.value,
        version: stored.version,
        audit: Some(audit("p")),
        claims: None,
        gives_up: None,
        waited_for: BTreeSet::new(),
        keep_lease: false,
    };
    let stored = accounts.commit(commit).await.unwrap();
    let log = AuditLog::new(store).of(&person("p")).await.unwrap();
    assert_eq!(log.len(), 2);
    verify_chain(&log, stored.value.audit.as_ref()).unwrap();
}

#[tokio::test]
async fn all_records_can_be_paged_through() {
    let store = store();
    let accounts = Accounts::new(store.clone());
    for id in ["p", "q"] {
        let Stored { value: record, version, .. } = leased(&accounts, id).await;
        let claims = SalesforceUserId::parse(if id == "p" { "005000000000001" } else { "005000000000002" }).ok();
        let audit = Some(audit(id));
        let waited_for = BTreeSet::new();
        let person = person(id);
        let commit =
            Commit { person: &person, record, version, audit, claims, gives_up: None, waited_for, keep_lease: false };
        accounts.commit(commit).await.unwrap();
    }
    // The owners' items of the same table are passed over.
    let (mut records, next) = accounts.page(None).await.unwrap();
    records.sort_by(|(a, _), (b, _)| a.cmp(b));
    assert_eq!(next, None);
    assert_eq!(records.iter().map(|(person, _)| person.as_str()).collect::<Vec<_>>(), ["p", "q"]);
    assert!(records.iter().all(|(_, record)| record.audit.is_some()));
    let (log, _) = AuditLog::new(store).page(None).await.unwrap();
    assert_eq!(log.len(), 2);
}

#[tokio::test]
async fn leases_of_a_dead_process_can_be_ended() {
    let accounts = Accounts::new(store());
    leased(&accounts, "p").await;
    assert_eq!(accounts.end_leases().await.unwrap(), 1);
    leased(&accounts, "p").await;
}

#[tokio::test]
async fn an_operator_links_and_unlinks_and_nobody_takes_anothers_user() {
    let store = store();
    let accounts = Accounts::new(store.clone());
    let user = SalesforceUserId::parse("005000000000001").unwrap();
    let other = SalesforceUserId::parse("005000000000002").unwrap();
    assert_eq!(accounts.link(&person("p"), &user, NOW).await.unwrap(), Decided::Done);
    assert_eq!(accounts.link(&person("p"), &user, NOW).await.unwrap(), Decided::Already);
    assert_eq!(accounts.link(&person("p"), &other, NOW).await.unwrap(), Decided::HasAnother(user.clone()));
    assert_eq!(accounts.link(&person("q"), &user, NOW).await.unwrap(), Decided::BelongsTo(person("p")));
    assert_eq!(accounts.unlink(&person("q"), 1, NOW).await.unwrap(), Decided::NoUser);
    assert_eq!(accounts.unlink(&person("p"), 1, NOW).await.unwrap(), Decided::Done);
    assert_eq!(accounts.link(&person("q"), &user, NOW).await.unwrap(), Decided::Done);
    let parked = accounts.load(&[person("p")]).await.unwrap().remove(0).value;
    assert_eq!(parked.parked.map(|parked| parked.reason.code).as_deref(), Some(UNLINKED));
    let log = AuditLog::new(store).of(&person("p")).await.unwrap();
    verify_chain(&log, parked.audit.as_ref()).unwrap();
    assert_eq!(log.len(), 2);
}

#[tokio::test]
async fn who_waits_for_a_user_is_listed_until_it_waits_no_more() {
    let accounts = Accounts::new(store());
    let waits = |ids: &[&str]| ids.iter().map(|id| person(id)).collect::<BTreeSet<_>>();
    for (before, after) in [(waits(&[]), waits(&["boss", "deputy"])), (waits(&["boss", "deputy"]), waits(&["deputy"]))]
    {
        let Stored { value, version, .. } = leased(&accounts, "p").await;
        let record = AccountRecord { waits_for: after, ..value };
        let person = person("p");
        let commit = Commit {
            person: &person,
            record,
            version,
            audit: None,
            claims: None,
            gives_up: None,
            waited_for: before,
            keep_lease: false,
        };
        accounts.commit(commit).await.unwrap();
    }
    assert!(accounts.waiting_for(&person("boss"), None).await.unwrap().0.is_empty());
    assert_eq!(accounts.waiting_for(&person("deputy"), None).await.unwrap().0, [person("p")]);
    assert_eq!(accounts.page(None).await.unwrap().0.len(), 1);
}
