//! The story: what happens to people in the course of two months, and what their users must be after each act.

use std::collections::BTreeMap;
use std::time::Duration;

use integration_tests::world::{CONNECTOR, World, morning, person, person_id};
use salesforce_simulator::{Behaviours, Object, Org, UserView};
use serde_json::{Value, json};
use sync::Task;

const DAY: Duration = Duration::from_secs(24 * 3600);
const MINUTE: Duration = Duration::from_secs(60);

const ACCOUNT: &str = "
account:
  create: { daysBeforeStart: 14 }
  links: { manager: contract.manager.id }
  leaver: { deactivate: 7d, strip: 30d }
  correlate: [FederationIdentifier, EmployeeNumber, Username]
  attributes:
    FederationIdentifier: person.id
    EmployeeNumber: person.id
    FirstName: person.name.nickName
    LastName: person.name.familyName
    Email: person.contact.email
    Department: contract.department.name
    Title: contract.title.name
    Username:
      candidates: [\"slug(nick, '') + '.' + slug(family, '') + '@example.com'\"]
";

const RULES: &str = "
rules:
  - { name: Everybody, profile: Standard User, publicGroups: [All_Staff] }
  - name: Sales
    when: contract.department.id == 'SALES'
    role: SalesEMEA
    permissionSetLicenses: [SalesConsoleUser]
    permissionSets: [Sales_Console, quoting__Quote_Author]
    permissionSetGroups: [Service_Bundle]
    queues: [Orders_Queue]
    featureLicenses: [UserPermissionsMarketingUser]
  - name: Service
    when: contract.department.id == 'SERVICE'
    role: ServiceEMEA
    permissionSets: [Expense_Approver]
    permissionSetGroups: [Service_Bundle]
    queues: [Support_Queue]
    featureLicenses: [UserPermissionsKnowledgeUser]
  - { name: Finance, when: \"contract.department.id == 'FINANCE'\", role: FinanceEMEA, queues: [Orders_Queue] }
  - name: Temporary
    when: contract.type == 'temporary'
    permissionSetGroups: [Sales_Bundle]
    expires: contract.endDate
";

/// A world in which the story happens, and what was seen.
pub(crate) struct Story {
    world: World,
    at: String,
    /// The users after each act, without ids and stamps.
    pub(crate) seen: Vec<(String, BTreeMap<String, String>)>,
}

impl Story {
    pub(crate) fn new(api: &str, variant: &str, behaviours: Behaviours) -> Self {
        let mut org = Org::sample(morning());
        *org.behaviours_mut() = behaviours;
        let protect = "salesforce, protect: [\"boss.berg@example.com\"]";
        let connector = CONNECTOR.replace("secret: salesforce", &format!("secret: {protect}, api: {api}"));
        let files = [("connector.yaml", connector.as_str()), ("account.yaml", ACCOUNT), ("rules.yaml", RULES)];
        Self { world: World::configured(org, &files), at: format!("by {api} with {variant}"), seen: Vec::new() }
    }

    async fn hr_says(&mut self, record: &Value) {
        self.world.pass(MINUTE);
        self.world.hr_says(record).await;
    }

    async fn days_pass(&mut self, days: u32) {
        self.world.pass(DAY * days);
        for task in [Task::Due, Task::Sweep] {
            self.world.pipeline.sync.run(&task).await.expect("nothing fails");
            self.world.quiet().await;
        }
    }

    fn user(&self, id: &str) -> UserView {
        let users = self.world.org.org().users_with("FederationIdentifier", id);
        let [user] = users.as_slice() else { panic!("{} users for {id} {}", users.len(), self.at) };
        user.clone()
    }

    async fn parked(&self, id: &str) -> Option<String> {
        let record = self.world.pipeline.writer.accounts.load(&[person_id(id)]).await.expect("readable").remove(0);
        record.value.parked.map(|parked| parked.reason.code)
    }

    /// Remembers how everybody's user looks now.
    fn see(&mut self, act: &str) {
        let org = self.world.org.org();
        let users = org.users().into_iter().filter(|user| user.username.ends_with("example.com"));
        let plain = |user: UserView| {
            let fields: Vec<_> =
                ["FirstName", "LastName", "Alias", "Email", "Department", "Title", "CommunityNickname"]
                    .into_iter()
                    .map(|field| format!("{field}={}", user.text(field)))
                    .collect();
            let state = format!(
                "active {} frozen {} profile {} role {:?} manager {} sets {:?} groups {:?} licences {:?} in {:?} \
                 queues {:?} features {:?} until {:?} {}",
                user.active,
                user.frozen,
                user.profile,
                user.role,
                user.manager.is_some(),
                user.permission_sets,
                user.permission_set_groups,
                user.permission_set_licences,
                user.groups,
                user.queues,
                user.feature_licences,
                user.expirations,
                fields.join(" ")
            );
            (user.username, state)
        };
        let users = users.map(plain).collect();
        drop(org);
        self.seen.push((act.to_owned(), users));
    }
}

fn is(set: &std::collections::BTreeSet<String>, wanted: &[&str]) -> bool {
    set.iter().map(String::as_str).eq(wanted.iter().copied())
}

fn with_manager(mut record: Value, manager: &str) -> Value {
    record["contracts"][0]["manager"] = json!({ "id": manager });
    record["contracts"][0]["title"] = json!({ "id": "T", "name": "Adviser" });
    record
}

/// Tells the story.
pub(crate) async fn tell(story: &mut Story) {
    joiners(story).await;
    movers(story).await;
    leavers(story).await;
    troubles(story).await;
}

async fn joiners(story: &mut Story) {
    let sales = with_manager(person("1", "Jan", "Vries", "SALES", None), "9");
    story.hr_says(&sales).await;
    let jan = story.user("1");
    let at = story.at.clone();
    assert!(jan.active && !jan.frozen && jan.profile == "Standard User", "{jan:?} {at}");
    assert_eq!(jan.role.as_deref(), Some("SalesEMEA"), "{at}");
    assert!(is(&jan.permission_sets, &["Sales_Console", "quoting__Quote_Author"]), "{jan:?} {at}");
    assert!(is(&jan.permission_set_groups, &["Service_Bundle"]), "{jan:?} {at}");
    assert!(is(&jan.permission_set_licences, &["SalesConsoleUser"]), "{jan:?} {at}");
    assert!(is(&jan.queues, &["Orders_Queue"]) && is(&jan.groups, &["All_Staff"]), "{jan:?} {at}");
    assert!(is(&jan.feature_licences, &["UserPermissionsMarketingUser"]), "{jan:?} {at}");
    assert_eq!((jan.manager.as_ref(), story.parked("1").await), (None, None), "the manager is not there yet {at}");
    story.see("joiner");

    // The manager appears, and the link completes itself.
    let boss = person("9", "Boss", "Berg", "SERVICE", None);
    story.hr_says(&boss).await;
    assert!(story.user("1").manager.is_some(), "{:?} {at}", story.user("1"));
    story.see("manager");

    // The same again costs nothing.
    story.world.salesforce_calls();
    story.hr_says(&sales).await;
    assert_eq!(story.world.salesforce_calls(), 0, "{at}");

    let mut future = person("2", "Kim", "Bos", "SERVICE", None);
    future["contracts"][0]["startDate"] = json!("2026-03-10");
    story.hr_says(&future).await;
    let kim = story.user("2");
    assert!(!kim.active && kim.permission_sets.is_empty() && kim.queues.is_empty(), "{kim:?} {at}");
    story.see("pre-hire");
    story.days_pass(8).await;
    let kim = story.user("2");
    assert!(kim.active && is(&kim.queues, &["Support_Queue"]), "{kim:?} {at}");
    story.see("first day");

    let mut temporary = person("3", "Tom", "Bos", "SERVICE", Some("2026-06-30"));
    temporary["contracts"][0]["type"] = json!("temporary");
    story.hr_says(&temporary).await;
    let tom = story.user("3");
    assert!(is(&tom.permission_set_groups, &["Sales_Bundle", "Service_Bundle"]), "{tom:?} {at}");
    assert!(tom.expirations["Sales_Bundle"].to_string().starts_with("2026-06-30"), "{tom:?} {at}");
    assert!(!tom.expirations.contains_key("Service_Bundle"), "{tom:?} {at}");
    story.see("temporary");
    temporary["contracts"][0]["endDate"] = json!("2026-07-31");
    story.hr_says(&temporary).await;
    let tom = story.user("3");
    assert!(tom.expirations["Sales_Bundle"].to_string().starts_with("2026-07-31"), "{tom:?} {at}");
    assert_eq!(story.parked("3").await, None, "{at}");
    story.see("prolonged");
}

async fn movers(story: &mut Story) {
    let at = story.at.clone();
    // Somebody gives and takes nothing of ours by hand.
    story
        .world
        .org
        .org()
        .admin()
        .assign("jan.vries@example.com", Object::PermissionSet, "Mobile_User")
        .expect("assignable");
    let mut service = with_manager(person("1", "Jan", "Vries", "SERVICE", None), "9");
    service["contracts"][0]["title"] = Value::Null;
    story.hr_says(&service).await;
    let jan = story.user("1");
    assert_eq!(
        (jan.role.as_deref(), jan.text("Department"), jan.text("Title")),
        (Some("ServiceEMEA"), "service", ""),
        "{at}"
    );
    assert!(is(&jan.permission_sets, &["Expense_Approver", "Mobile_User"]), "{jan:?} {at}");
    assert!(jan.permission_set_licences.is_empty() && is(&jan.queues, &["Support_Queue"]), "{jan:?} {at}");
    assert!(is(&jan.permission_set_groups, &["Service_Bundle"]), "{jan:?} {at}");
    assert!(is(&jan.feature_licences, &["UserPermissionsKnowledgeUser"]), "{jan:?} {at}");
    assert_eq!(story.parked("1").await, None, "{at}");
    story.see("mover");

    let mut blocked = service.clone();
    blocked["blocked"] = json!(true);
    story.hr_says(&blocked).await;
    let jan = story.user("1");
    assert!(jan.frozen && is(&jan.queues, &["Support_Queue"]), "{jan:?} {at}");
    story.see("blocked");
    story.hr_says(&service).await;
    assert!(story.user("1").active && !story.user("1").frozen, "{at}");
    story.see("unblocked");

    // Shut by hand it stays shut, whatever the calendar says, until its source says something new.
    story.world.org.org().admin().set_frozen("kim.bos@example.com", true).expect("there");
    story.days_pass(1).await;
    assert!(story.user("2").frozen, "{at}");
    let mut moved = person("2", "Kim", "Bos", "SALES", None);
    moved["contracts"][0]["startDate"] = json!("2026-03-10");
    story.hr_says(&moved).await;
    assert!(!story.user("2").frozen && story.user("2").role.as_deref() == Some("SalesEMEA"), "{at}");
    story.see("let in by new data");
}

async fn leavers(story: &mut Story) {
    let at = story.at.clone();
    let leaver = with_manager(person("1", "Jan", "Vries", "SERVICE", Some("2026-03-10")), "9");
    let before = story.user("1").id;
    story.hr_says(&leaver).await;
    let jan = story.user("1");
    assert!(jan.frozen && jan.active && is(&jan.permission_sets, &["Expense_Approver", "Mobile_User"]), "{jan:?} {at}");
    story.see("frozen");
    story.days_pass(7).await;
    let jan = story.user("1");
    assert!(!jan.active && is(&jan.permission_sets, &["Expense_Approver", "Mobile_User"]), "{jan:?} {at}");
    story.see("deactivated");
    story.days_pass(23).await;
    let jan = story.user("1");
    assert!(!jan.active && is(&jan.permission_sets, &["Mobile_User"]) && jan.groups.is_empty(), "{jan:?} {at}");
    assert!(
        jan.queues.is_empty() && jan.permission_set_groups.is_empty() && jan.feature_licences.is_empty(),
        "{jan:?} {at}"
    );
    assert_eq!((jan.role.as_ref(), story.parked("1").await), (None, None), "{at}");
    story.see("stripped");

    let mut back = with_manager(person("1", "Jan", "Vries", "SALES", None), "9");
    back["contracts"][0]["startDate"] = json!("2026-04-01");
    story.hr_says(&back).await;
    let jan = story.user("1");
    assert!(jan.active && !jan.frozen && jan.id == before, "{jan:?} {at}");
    assert!(is(&jan.queues, &["Orders_Queue"]) && jan.role.as_deref() == Some("SalesEMEA"), "{jan:?} {at}");
    story.see("rehired");
}

async fn troubles(story: &mut Story) {
    let at = story.at.clone();
    // The user name is taken in another org, which only Salesforce knows.
    story.world.org.org().admin().add_foreign_username("ann.smit@example.com");
    story.hr_says(&person("4", "Ann", "Smit", "SALES", None)).await;
    assert_eq!(story.user("4").username, "ann.smit2@example.com", "{at}");
    story.see("name taken");

    // Salesforce refuses to deactivate: the account stays frozen, and the reason is told.
    story.world.org.org().admin().block_deactivation("kim.bos@example.com", "default lead owner").expect("there");
    let mut leaver = person("2", "Kim", "Bos", "SALES", Some("2026-03-11"));
    leaver["contracts"][0]["startDate"] = json!("2026-03-10");
    story.hr_says(&leaver).await;
    let kim = story.user("2");
    assert!(kim.active && kim.frozen, "{kim:?} {at}");
    assert_eq!(story.parked("2").await.as_deref(), Some("deactivation-blocked"), "{at}");
    story.see("blocked leaver");
    story.world.org.org().admin().unblock_deactivation("kim.bos@example.com").expect("there");
    story.days_pass(1).await;
    story.days_pass(1).await;
    assert!(!story.user("2").active, "tried again by itself {at}");
    assert_eq!(story.parked("2").await, None, "{at}");
    story.see("unblocked leaver");

    // Who is on the protect list is not shut out.
    story.hr_says(&person("9", "Boss", "Berg", "SERVICE", Some("2026-03-01"))).await;
    let boss = story.user("9");
    assert!(boss.active && !boss.frozen, "{boss:?} {at}");
    assert_eq!(story.parked("9").await.as_deref(), Some("protected-user"), "{at}");
    story.see("protected");

    // What the org does not have yet is given when it is there; until then the person has all the rest.
    story.hr_says(&person("5", "Els", "Bos", "FINANCE", None)).await;
    let els = story.user("5");
    assert!(els.active && els.role.is_none() && is(&els.queues, &["Orders_Queue"]), "{els:?} {at}");
    assert_eq!(story.parked("5").await.as_deref(), Some("unknown-entitlement"), "{at}");
    story.see("role missing");
    story.world.org.org().admin().add_role("FinanceEMEA", None).expect("addable");
    story.days_pass(1).await;
    assert_eq!((story.user("5").role.as_deref(), story.parked("5").await), (Some("FinanceEMEA"), None), "{at}");
    story.see("role appears");
}
