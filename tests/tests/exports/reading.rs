//! Reading such a source, through the whole pipeline.

use std::sync::Arc;
use std::time::Duration;

use integration_tests::world::{ACCOUNT, RULES, World, morning, source_name};
use ports::{Clock as _, ObjectError, Queue as _, QueueName};
use records::sync_state::RunReport;
use salesforce_simulator::Org;
use sync::{PullError, SyncError, Task};

use crate::bucket::Buckets;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);
const BUCKET: &str = "my-exports";
const KEY: &str = "hr/employees.xml";

const DEFINITION: &str = "
file: { format: xml, rows: Staff/Person }
person:
  id: row.Number
  name: { nickName: row.First, familyName: row.Last }
  contact: { email: row.Mail }
contracts:
  each: '[row]'
  id: row.Number
  startDate: row.From
  endDate: { value: row.Until, optional: true }
  department: { id: row.Department, name: row.Department }
";

/// A connector whose persons are in an export, and the buckets.
struct Employer {
    world: World,
    buckets: Arc<Buckets>,
}

impl Employer {
    fn new() -> Self {
        let connector = connector(KEY);
        let mut world = World::with_sources(Org::sample(morning()), &files(&connector, DEFINITION), [], None);
        let buckets = Arc::new(Buckets::default());
        world.pipeline.sync.objects = Some(buckets.clone());
        Self { world, buckets }
    }

    fn reconfigure(&mut self, definition: &str, key: &str) {
        self.world.reconfigure(&files(&connector(key), definition));
        self.world.pipeline.sync.objects = Some(self.buckets.clone());
    }

    fn exports(&self, staff: &[(&str, &str)]) {
        self.buckets.put(BUCKET, KEY, export(staff).as_bytes());
    }

    async fn read(&self, everything: bool) -> RunReport {
        let task = Task::Pull { source: Some(source_name("hr")), everything };
        let report = self.world.pipeline.sync.run(&task).await.unwrap_or_else(|error| panic!("{error}"));
        self.world.quiet().await;
        report.pull.expect("it was read")
    }

    /// What EventBridge and the queues do when an object comes.
    async fn arrives(&self, bucket: &str, key: &str) -> usize {
        let task = Task::Arrived { bucket: bucket.to_owned(), key: key.to_owned() };
        let report = self.world.pipeline.sync.run(&task).await.unwrap_or_else(|error| panic!("{error}"));
        self.world.quiet().await;
        report.sources
    }

    async fn last_report(&self) -> RunReport {
        let report = self.world.pipeline.sync.state.last_report(&source_name("hr")).await;
        report.expect("readable").expect("it was read")
    }

    fn is_in(&self, number: &str) -> bool {
        let users = self.world.org.org().users_with("FederationIdentifier", number);
        users.iter().any(|user| user.active && !user.frozen)
    }

    fn department(&self, number: &str) -> Option<String> {
        let users = self.world.org.org().users_with("FederationIdentifier", number);
        users.first().map(|user| user.text("Department").to_owned())
    }
}

fn connector(key: &str) -> String {
    format!(
        "organisation: {{ timeZone: Europe/Amsterdam }}\nsalesforce: {{ secret: salesforce }}\nsources:\n  - {{ name: \
         hr, role: authoritative, file: {{ definition: sources/hr.yaml, bucket: {BUCKET}, key: {key}, absence: leaver \
         }} }}\n"
    )
}

fn files<'f>(connector: &'f str, definition: &'f str) -> [(&'static str, &'f str); 4] {
    [("connector.yaml", connector), ("account.yaml", ACCOUNT), ("rules.yaml", RULES), ("sources/hr.yaml", definition)]
}

/// Employees by number and department.
fn export(staff: &[(&str, &str)]) -> String {
    let one = |(number, department): &(&str, &str)| {
        format!(
            "<Person><Number>{number}</Number><First>N{number}</First><Last>Family{number}</Last>\
             <Mail>n{number}@example.com</Mail><From>2026-01-01</From><Department>{department}</Department></Person>"
        )
    };
    format!("<Staff>{}</Staff>", staff.iter().map(one).collect::<String>())
}

#[tokio::test]
async fn an_export_that_arrives_is_read_once() {
    let employer = Employer::new();
    employer.exports(&[("1", "SALES"), ("2", "SALES")]);
    assert_eq!(employer.arrives(BUCKET, KEY).await, 1);
    assert!(employer.is_in("1") && employer.is_in("2"));
    assert_eq!(employer.buckets.given(), 1);
    // The event comes again, as EventBridge says that it may.
    assert_eq!(employer.arrives(BUCKET, KEY).await, 1);
    assert_eq!(employer.buckets.given(), 0);
    let report = employer.last_report().await;
    assert_eq!((report.complete, report.everything, report.read), (true, false, 0));
    assert!(report.advice.iter().any(|said| said.contains("not read again")), "{report:?}");
    // The next version.
    employer.exports(&[("1", "SERVICE"), ("2", "SALES")]);
    employer.arrives(BUCKET, KEY).await;
    assert_eq!(employer.last_report().await.changed, 1);
    assert_eq!(employer.department("1").as_deref(), Some("SERVICE"));
}

#[tokio::test]
async fn other_objects_start_nothing() {
    let employer = Employer::new();
    employer.exports(&[("1", "SALES")]);
    for (bucket, key) in [(BUCKET, "hr/employees.xml.tmp"), ("other-exports", KEY), (BUCKET, "")] {
        assert_eq!(employer.arrives(bucket, key).await, 0);
    }
    assert_eq!(employer.buckets.given(), 0);
    assert_eq!(employer.world.embedded.depth(QueueName::SourceReads).await.expect("readable").messages, 0);
}

#[tokio::test]
async fn the_schedule_reads_it_too_and_everything_means_everything() {
    let employer = Employer::new();
    employer.exports(&[("1", "SALES")]);
    let schedule = Task::Pull { source: None, everything: false };
    let run = || async {
        let report = employer.world.pipeline.sync.run(&schedule).await.unwrap_or_else(|error| panic!("{error}"));
        employer.world.quiet().await;
        report.sources
    };
    assert_eq!((run().await, employer.buckets.given()), (1, 1));
    assert!(employer.is_in("1"));
    employer.world.clock.sleep(61 * MINUTE).await;
    assert_eq!((run().await, employer.buckets.given()), (1, 0), "asked, and unchanged");
    employer.world.clock.sleep(DAY).await;
    assert_eq!((run().await, employer.buckets.given()), (1, 1), "everything is read once a day");
    assert_eq!(employer.read(false).await.read, 0);
    let report = employer.read(true).await;
    assert_eq!((report.read, report.changed, report.everything), (1, 0, true));
}

#[tokio::test]
async fn another_definition_or_key_reads_the_same_content_again() {
    let mut employer = Employer::new();
    employer.exports(&[("1", "SALES")]);
    employer.read(false).await;
    let other = DEFINITION.replace("name: row.Department }", "name: row.Department + ' NL' }");
    employer.reconfigure(&other, KEY);
    let report = employer.read(false).await;
    assert_eq!((report.read, report.changed), (1, 1));
    assert_eq!(employer.department("1").as_deref(), Some("SALES NL"));
    employer.buckets.put(BUCKET, "hr/other.xml", export(&[("1", "SALES")]).as_bytes());
    employer.reconfigure(&other, "hr/other.xml");
    assert_eq!(employer.read(false).await.read, 1);
    assert_eq!(employer.read(false).await.read, 0);
}

#[tokio::test]
async fn a_missing_export_removes_nobody_and_is_read_as_soon_as_it_comes() {
    let employer = Employer::new();
    employer.exports(&[("1", "SALES"), ("2", "SALES")]);
    employer.read(false).await;
    employer.buckets.delete(BUCKET, KEY);
    let report = employer.read(false).await;
    assert!(!report.complete && employer.is_in("1"), "{report:?}");
    assert_eq!(report.fault.as_deref(), Some("there is no s3://my-exports/hr/employees.xml"));
    // The schedule leaves it alone for half an hour; the event does not.
    employer.world.pass(MINUTE);
    employer.exports(&[("1", "SALES")]);
    employer.arrives(BUCKET, KEY).await;
    assert!(employer.is_in("1") && !employer.is_in("2"));
}

#[tokio::test]
async fn a_cut_export_removes_nobody_and_is_not_taken_for_the_last_one() {
    let employer = Employer::new();
    let whole = export(&[("1", "SALES"), ("2", "SALES"), ("3", "SALES")]);
    employer.buckets.put(BUCKET, KEY, whole.as_bytes());
    employer.read(false).await;
    let cut = &whole.as_bytes()[..whole.len() - 150];
    for _ in 0..2 {
        employer.buckets.put(BUCKET, KEY, cut);
        let report = employer.read(false).await;
        assert!(!report.complete && report.fault.is_some(), "{report:?}");
    }
    assert_eq!(employer.buckets.given(), 3, "what was not whole is read again");
    assert!(employer.is_in("3"));
    // The old version comes back: it is the one that is known.
    employer.buckets.put(BUCKET, KEY, whole.as_bytes());
    let report = employer.read(false).await;
    assert_eq!((report.complete, report.read), (true, 0));
}

#[tokio::test]
async fn trouble_with_the_bucket_is_told_and_passes() {
    let employer = Employer::new();
    employer.exports(&[("1", "SALES")]);
    let object = || format!("s3://{BUCKET}/{KEY}");
    for (error, wait) in [
        (ObjectError::Unavailable { object: object(), reason: "503 SlowDown".to_owned() }, 5),
        (ObjectError::TooLarge { object: object(), bytes: 1 << 40 }, 30),
        (ObjectError::Denied { object: object(), reason: "403 AccessDenied".to_owned() }, 30),
    ] {
        let said = error.to_string();
        employer.buckets.fail(Some(error));
        assert_eq!(employer.read(false).await.fault, Some(said));
        let state = employer.world.pipeline.sync.reads.state(&source_name("hr")).await.expect("readable");
        let until = state.not_before.expect("a pause").duration_since(employer.world.clock.now());
        assert_eq!(until.as_secs(), wait * 60);
    }
    employer.buckets.fail(None);
    assert!(employer.read(false).await.complete && employer.is_in("1"));
}

#[tokio::test]
async fn a_connector_that_reads_no_buckets_says_so() {
    let mut employer = Employer::new();
    employer.world.pipeline.sync.objects = None;
    let task = Task::Pull { source: Some(source_name("hr")), everything: false };
    let error = employer.world.pipeline.sync.run(&task).await.expect_err("it can't");
    assert!(matches!(error, SyncError::Pull(PullError::File { .. })), "{error}");
}

#[tokio::test]
async fn an_export_from_a_bucket_may_be_brought_by_hand_too() {
    let employer = Employer::new();
    employer.exports(&[("1", "SALES")]);
    employer.read(false).await;
    let brought = export(&[("1", "SALES"), ("2", "SALES")]);
    let sync = &employer.world.pipeline.sync;
    let report = sync.import(&source_name("hr"), std::io::Cursor::new(brought), &|_, _| ()).await;
    assert_eq!(report.expect("readable").pull.expect("a report").changed, 1);
    employer.world.quiet().await;
    assert!(employer.is_in("2"));
    // What lies in the bucket is no longer what was read last.
    assert_eq!(employer.read(false).await.read, 1);
}

#[test]
fn the_task_is_what_the_template_makes() {
    let task: Task =
        serde_json::from_str(r#"{"task":"arrived","bucket":"my-exports","key":"hr/a \"b\".csv"}"#).expect("a task");
    assert_eq!(task, Task::Arrived { bucket: BUCKET.to_owned(), key: "hr/a \"b\".csv".to_owned() });
}
