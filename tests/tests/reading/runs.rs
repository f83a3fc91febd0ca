//! Runs: what changed costs something, nothing else does; long reads go on; two never overlap.

use std::time::Duration;

use integration_tests::world::source_name;
use jiff::SignedDuration;
use ports::{Clock as _, Queue as _, QueueName};
use source_emulators::afas::{self, Employee};
use sync::{PullError, SyncError, Task};

use crate::employer::{DAY, Employer, USERS, sellers};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn employees_of_afas_get_accounts_and_an_unchanged_read_costs_nothing() {
    let employer = Employer::new();
    let report = employer.read().await;
    assert!(report.complete && report.everything, "{report:?}");
    assert_eq!((report.read, report.changed, report.refused), (6, 6, 0));
    let user = employer.user("100023").expect("a user");
    assert!(user.active && user.permission_sets.contains("Sales_Cloud_User"), "{user:?}");
    assert!(employer.user("100044").is_none(), "she comes next year");

    employer.world.salesforce_calls();
    employer.world.pass(MINUTE);
    let report = employer.read().await;
    assert_eq!((report.read, report.changed, report.complete), (6, 0, true));
    assert_eq!(employer.world.salesforce_calls(), 0);

    let mut staff = afas::organisation();
    staff[1].unit = "OPS".to_owned();
    employer.employs(&staff);
    employer.world.pass(MINUTE);
    assert_eq!(employer.read().await.changed, 1);
    assert!(!employer.user("100023").expect("a user").permission_sets.contains("Sales_Cloud_User"));
}

#[tokio::test]
async fn the_schedule_reads_when_the_time_has_come() {
    let employer = Employer::new();
    assert_eq!(employer.pass(MINUTE).await, 1);
    assert!(employer.is_in("100023"));
    assert_eq!(employer.pass(10 * MINUTE).await, 0, "every 15 minutes is asked for");
    assert_eq!(employer.pass(5 * MINUTE).await, 1);
}

#[tokio::test]
async fn a_read_that_takes_longer_than_an_invocation_goes_on_in_the_next() {
    let staff = sellers(20);
    let employer = Employer::with(&staff, "", |definition| definition);
    let sync = &employer.world.pipeline.sync;
    let task = Task::Pull { source: Some(source_name("afas")), everything: false };
    let mut invocations = 0;
    loop {
        invocations += 1;
        // So little is left that each invocation makes one step.
        let deadline = employer.world.clock.now() + SignedDuration::from_secs(60);
        let report = sync.run_until(&task, Some(deadline)).await.expect("it goes on").pull.expect("a report");
        if report.complete {
            break;
        }
        assert!(report.unfinished && invocations < 100, "{report:?}");
        // The next invocation is asked for at once.
        assert!(employer.world.embedded.depth(QueueName::SourceReads).await.expect("readable").messages > 0);
    }
    assert!(invocations > 10, "{invocations} invocations");
    let requests: Vec<String> = employer.afas.take_log().into_iter().map(|asked| asked.query).collect();
    let once = requests.iter().collect::<std::collections::BTreeSet<_>>().len();
    assert!(requests.len() - once < 8, "{} requests, {once} different ones", requests.len());
    employer.world.quiet().await;
    assert_eq!(employer.count(&staff), 20);
}

#[tokio::test]
async fn a_source_in_maintenance_is_left_alone_as_long_as_it_asks() {
    let employer = Employer::new();
    employer.afas.emulator.maintenance(Some(1800));
    let report = employer.read().await;
    assert!(!report.complete, "{report:?}");
    employer.afas.emulator.maintenance(None);
    employer.afas.take_log();
    assert_eq!(employer.pass(20 * MINUTE).await, 0);
    assert_eq!(employer.afas.take_log().len(), 0);
    assert_eq!(employer.pass(20 * MINUTE).await, 1);
    assert!(employer.is_in("100023"));
}

#[tokio::test]
async fn two_reads_of_a_source_never_overlap() {
    let employer = Employer::new();
    let sync = &employer.world.pipeline.sync;
    let now = employer.world.clock.now();
    assert!(sync.state.lock("pull-afas", "another", now, 10 * MINUTE).await.expect("lockable"));
    let task = Task::Pull { source: Some(source_name("afas")), everything: false };
    let error = sync.run(&task).await.expect_err("it is being read");
    assert!(matches!(error, SyncError::Pull(PullError::Busy(_))), "{error}");
    assert_eq!(employer.afas.take_log().len(), 0);
    // Whoever held it died; after its time another reads.
    assert_eq!(employer.pass(9 * MINUTE).await, 0);
    assert_eq!(employer.pass(2 * MINUTE).await, 1);
    assert!(employer.is_in("100023"));
}

#[tokio::test]
async fn a_mark_that_comes_while_a_source_is_read_is_not_lost() {
    let employer = Employer::new();
    let afas = source_name("afas");
    let reads = &employer.world.pipeline.sync.reads;
    assert!(reads.want(&afas, false, employer.world.clock.now()).await.expect("markable"));
    employer.read().await;
    assert!(reads.wanted(&afas).await.expect("readable").is_none(), "it was read");
    assert!(reads.want(&afas, false, employer.world.clock.now()).await.expect("markable"));
    // No message was sent; the schedule sees the mark though the source is not due.
    let mut staff = afas::organisation();
    staff.push(Employee::new("100070", "Noor", "Wit", "SALES"));
    employer.employs(&staff);
    assert_eq!(employer.pass(MINUTE).await, 1);
    assert!(employer.is_in("100070"));
}

#[tokio::test]
async fn a_record_that_cannot_be_used_stops_nobody_else_and_heals() {
    let employer = Employer::new();
    employer.afas.emulator.edit(USERS, |rows| rows[1]["Medewerker"] = "bad\u{0}id".into());
    let report = employer.read().await;
    assert_eq!((report.refused, report.complete), (1, true), "{report:?}");
    assert!(employer.is_in("100031") && !employer.is_in("100023"));
    assert_eq!(employer.world.pipeline.sync.state.all_refused().await.expect("readable").len(), 1);
    employer.employs(&afas::organisation());
    employer.world.pass(DAY);
    assert_eq!(employer.read().await.refused, 0);
    assert!(employer.is_in("100023"));
    assert_eq!(employer.world.pipeline.sync.state.all_refused().await.expect("readable").len(), 0);
}
