//! Who no longer comes in a complete read.

use std::time::Duration;

use domain::RecordId;
use integration_tests::world::source_name;
use source_emulators::afas;

use crate::employer::{DAY, Employer, sellers};

const MINUTE: Duration = Duration::from_secs(60);

async fn held(employer: &Employer) -> Vec<String> {
    let held = employer.world.pipeline.sync.reads.held(&source_name("afas")).await.expect("readable");
    held.into_iter().map(|absent| absent.record.to_string()).collect()
}

#[tokio::test]
async fn where_absence_means_leaver_who_is_gone_leaves() {
    let employer = Employer::new();
    employer.read().await;
    assert!(employer.is_in("100060"));
    let staff: Vec<_> = afas::organisation().into_iter().filter(|one| one.number != "100060").collect();
    employer.employs(&staff);
    employer.world.pass(MINUTE);
    let report = employer.read().await;
    assert_eq!((report.absent, report.held, report.complete), (1, 0, true), "{report:?}");
    assert!(!employer.is_in("100060"));
    assert_eq!(employer.count(&staff), 4);
    // Told once.
    employer.world.pass(MINUTE);
    assert_eq!(employer.read().await.absent, 0);
    // Who comes again is let in again.
    employer.employs(&afas::organisation());
    employer.world.pass(MINUTE);
    assert_eq!(employer.read().await.changed, 1);
    assert!(employer.is_in("100060"));
}

#[tokio::test]
async fn where_absence_means_nothing_nobody_leaves() {
    let employer = Employer::with(&afas::organisation(), "", |text| text.replace("absence: leaver", "absence: ignore"));
    employer.read().await;
    employer.employs(&afas::organisation()[..3]);
    employer.world.pass(MINUTE);
    let report = employer.read().await;
    assert_eq!((report.absent, report.held), (0, 0));
    assert_eq!(employer.count(&afas::organisation()), 5);
}

#[tokio::test]
async fn where_absence_is_held_a_person_decides() {
    let employer = Employer::with(&afas::organisation(), "", |text| text.replace("absence: leaver", "absence: hold"));
    employer.read().await;
    employer.employs(&afas::organisation()[..5]);
    employer.world.pass(MINUTE);
    let report = employer.read().await;
    assert_eq!((report.absent, report.held), (0, 1));
    assert!(employer.is_in("100060"));
    assert_eq!(held(&employer).await, ["100060"]);
    employer.employs(&afas::organisation());
    employer.world.pass(MINUTE);
    employer.read().await;
    assert!(held(&employer).await.is_empty(), "it came again");
}

#[tokio::test]
async fn many_who_are_gone_at_once_are_held_until_somebody_looks() {
    let staff = sellers(30);
    let employer = Employer::with(&staff, ", mostAbsent: 3", |text| text);
    employer.read().await;
    let before = employer.count(&staff);
    assert!(before > 4, "{before}");
    employer.employs(&staff[..26]);
    employer.world.pass(MINUTE);
    let report = employer.read().await;
    assert_eq!((report.absent, report.held), (0, 4), "{report:?}");
    assert_eq!(report.advice.len(), 1);
    assert_eq!(employer.count(&staff), before);
    assert_eq!(held(&employer).await.len(), 4);
    // One came back: the others are few enough to be taken as gone.
    employer.employs(&staff[..27]);
    employer.world.pass(DAY);
    let report = employer.read().await;
    assert_eq!((report.absent, report.held), (3, 0), "{report:?}");
    assert!(held(&employer).await.is_empty());
    assert_eq!(employer.count(&staff), before - 3);
    assert!(RecordId::parse("200000").is_ok());
}
