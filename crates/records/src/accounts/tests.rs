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
        let commit = Commit { person: &person(id), record, version, audit, claims, keep_lease: false };
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
