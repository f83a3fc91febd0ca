//! What is wrong in the org, without a store.

use domain::UserField;
use salesforce_simulator::{ADMINISTRATOR_USERNAME, CLIENT_ID, Fault, FaultRule, INTEGRATION_USERNAME, Times};

use super::*;

/// Takes a permission of the connector's own user, on the permission set that stands for its profile.
fn forbid(stage: &Stage, permission: &str) {
    let mut org = stage.org();
    let id = org.id_of(Object::Profile, "Provisioning Integration").unwrap();
    org.admin().set_permission(Object::PermissionSet, &format!("X{}", id.short()), permission, false).unwrap();
}

#[tokio::test]
async fn a_refused_log_in_says_what_helps() {
    let stage = Stage::new();
    stage.org().admin().withdraw_approval(CLIENT_ID, INTEGRATION_USERNAME).unwrap();
    let finding = stage.fails("user hasn't approved this consumer (invalid_grant)").await;
    assert!(finding.help.unwrap().contains("permission set that the app's policies name"));
    let stage = Stage::new();
    stage.org().admin().set_frozen(INTEGRATION_USERNAME, true).unwrap();
    assert!(stage.fails("refuses the log-in by jwt-bearer").await.help.unwrap().contains("frozen or locked"));
    let mut stage = Stage::new();
    stage.secret["clientId"] = "3MVG9.another".into();
    stage.fails("refuses the log-in").await;
}

#[tokio::test]
async fn a_missing_or_wrong_secret_and_a_silent_org_are_told_apart() {
    let mut stage = Stage::new();
    stage.secret = Value::Null;
    assert!(stage.fails("secret salesforce does not exist").await.help.unwrap().contains("--secrets"));
    let mut stage = Stage::new();
    stage.secret["privateKey"] = "no key".into();
    let finding = stage.fails("privateKey: it is no RSA private key").await;
    assert!(!finding.what.contains("no key"));
    let stage = Stage::new();
    stage.org().faults_mut().add(FaultRule::next(Fault::Refused).times(Times::Always));
    assert!(stage.fails("can't be reached").await.help.unwrap().contains("loginUrl"));
    assert_eq!(stage.topics().await.len(), 1, "without a session nothing else can be said");
}

#[tokio::test]
async fn what_one_check_can_not_read_leaves_the_others() {
    let stage = Stage::new();
    stage.org().faults_mut().add(FaultRule::next(Fault::LimitExceeded).path("/limits").times(Times::Always));
    stage.warns("the org's API calls can't be read").await;
    assert_eq!(stage.topics().await.len(), 9);
}

#[tokio::test]
async fn a_missing_permission_is_told_with_what_it_is_for() {
    for (permission, purpose) in [
        ("ManageUsers", "to freeze users"),
        ("ManageInternalUsers", "to make and change users"),
        ("AssignPermissionSets", "to give permission sets"),
    ] {
        let stage = Stage::new();
        forbid(&stage, &format!("Permissions{permission}"));
        let troubles = stage.troubles().await;
        let what = format!("lacks the permission {permission}, {purpose}");
        let found = troubles.iter().find(|trouble| trouble.what.starts_with(&what));
        assert_eq!(found.map(|found| found.level), Some(Level::Fails), "{troubles:#?}");
    }
    // Nobody is given a permission set: then it is not needed.
    let mut stage = Stage::new();
    stage.files[2].1 = "rules: [{ name: Everybody, profile: Standard User }]\n".to_owned();
    forbid(&stage, "PermissionsAssignPermissionSets");
    assert_eq!(stage.troubles().await, []);
}

#[tokio::test]
async fn the_accounts_service_must_be_there_and_let_the_user_in() {
    let apex = || Stage::new().change("  secret: salesforce\n", "  secret: salesforce\n  api: apex\n");
    let stage = apex();
    stage.org().install_accounts_service(false);
    assert!(stage.fails("not installed").await.help.unwrap().contains("api: scim"));
    let stage = apex();
    let (profile, permission) = ("Provisioning Integration", "Connector_Manage_Accounts");
    stage.org().admin().set_custom_permission(Object::Profile, profile, permission, false).unwrap();
    assert!(stage.fails("does not let the user in").await.help.unwrap().contains("Connector_Integration"));
    // The other path needs no service.
    let stage = Stage::new();
    stage.org().install_accounts_service(false);
    assert_eq!(stage.troubles().await, []);
}

#[tokio::test]
async fn a_key_on_the_connectors_user_is_worth_a_warning() {
    let stage = Stage::new();
    stage.org().admin().set(INTEGRATION_USERNAME, "EmployeeNumber", "42").unwrap();
    assert!(!stage.warns("it carries EmployeeNumber").await.what.contains("42"));
}

#[tokio::test]
async fn calls_are_compared_with_the_budget() {
    let stage = Stage::new();
    stage.org().set_daily_api_limit(1_000);
    stage.org().set_api_usage(850);
    stage.warns("beyond 80 percent").await;
}

#[tokio::test]
async fn every_kind_of_name_is_looked_up_and_the_closest_are_told() {
    let stage = Stage::new()
        .change("profile: Service User", "profile: Service Users")
        .change("role: ServiceNL", "role: ServiceNl")
        .change("permissionSets: [Expense_Approver]", "permissionSets: [Expense_Approvers]")
        .change("permissionSetGroups: [Sales_Bundle]", "permissionSetGroups: [Sales_Bundles]")
        .change(
            "publicGroups: [Managers]",
            "publicGroups: [Manager]\n    featureLicenses: [UserPermissionsWirelessUser]",
        )
        .change("queues: [Support_Queue]", "queues: [Support_Queues]\n    permissionSetLicenses: [AnalyticsPlusX]");
    let troubles = stage.troubles().await;
    let names: Vec<_> = troubles.iter().filter(|trouble| trouble.what.starts_with("the org has no")).collect();
    assert_eq!(names.len(), 8, "{troubles:#?}");
    for (what, close) in [
        ("profile `Service Users`", "`Service User`"),
        ("role `ServiceNl`", "`ServiceNL`"),
        ("permission set `Expense_Approvers`", "`Expense_Approver`"),
        ("permission set group `Sales_Bundles`", "`Sales_Bundle`"),
        ("permission set licence `AnalyticsPlusX`", "`AnalyticsPlus`"),
        ("public group `Manager`", "`Managers`"),
        ("queue `Support_Queues`", "`Support_Queue`"),
        ("feature licence `UserPermissionsWirelessUser`", ""),
    ] {
        let found =
            names.iter().find(|trouble| trouble.what.contains(what)).unwrap_or_else(|| panic!("{what}: {names:#?}"));
        assert!(found.help.as_ref().unwrap().contains(close), "{found:#?}");
        assert!(found.place.as_ref().is_some_and(|place| place.file == "rules.yaml" && place.line > 5), "{found:#?}");
    }
    let lines: Vec<_> = names.iter().map(|name| name.place.as_ref().unwrap().line).collect();
    assert!(lines.is_sorted(), "{lines:?}");
}

#[tokio::test]
async fn an_outdated_group_may_be_refused() {
    let stage = Stage::new();
    stage.org().admin().set_group_status("Sales_Bundle", "Outdated").unwrap();
    let finding = stage.warns("`Sales_Bundle` is outdated").await;
    assert!(finding.place.is_some_and(|place| place.file == "rules.yaml"));
}

#[tokio::test]
async fn permission_sets_must_fit_the_profiles_licence() {
    // No profile of that licence at all.
    let add =
        |set: &str| Stage::new().change("[Sales_Cloud_User, Report_Builder]", &format!("[Sales_Cloud_User, {set}]"));
    let finding = add("Platform_Tools").fails("and no rule gives a profile of that licence").await;
    assert!(finding.place.is_some_and(|place| place.file == "rules.yaml"));
    // One for some, but not for whom the rule meets: an example person of Sales.
    let some = add("Platform_Tools").change("profile: Service User", "profile: Standard Platform User");
    let finding = some.fails("(by Sales) have profile Standard User").await;
    assert!(finding.what.contains("only for users of licence Salesforce Platform"), "{finding:#?}");
    // A permission set licence that no rule gives, that another rule gives, and that the same rule gives.
    add("Sales_Console").warns("the permission set licence `SalesConsoleUser`, which no rule gives").await;
    let licence = "\n    permissionSetLicenses: [SalesConsoleUser]";
    let elsewhere = add("Sales_Console").change("profile: Service User", &format!("profile: Service User{licence}"));
    elsewhere.warns("(by Sales) are given it not").await;
    let same = add("Sales_Console").change("profile: Standard User", &format!("profile: Standard User{licence}"));
    assert_eq!(same.troubles().await, []);
}

#[tokio::test]
async fn seats_are_shown_and_none_left_is_told() {
    let stage = Stage::new();
    let topics = stage.topics().await;
    let seats = topics.iter().find(|topic| topic.topic == "Seats").unwrap();
    assert_eq!(seats.findings[0], Finding::ok("user licence Salesforce: 6 of 100 used, 94 free"));
    stage.org().admin().set_seats("Salesforce", 6).unwrap();
    stage.warns("6 of 6 used, 0 free").await;
    stage.org().admin().set_seats("Salesforce", 4).unwrap();
    assert!(stage.warns("6 of 4 used, 0 free").await.help.unwrap().contains("over-allocated"));
}

#[tokio::test]
async fn values_must_be_among_those_of_picklists() {
    let finding = Stage::new().change("locale: nl_NL", "locale: nl_XX").fails("LocaleSidKey: `nl_XX`").await;
    assert!(finding.help.unwrap().contains("organisation.locale"));
    Stage::new().change("language: nl_NL", "language: nl").fails("LanguageLocaleKey: `nl`").await;
}

#[tokio::test]
async fn protected_users_must_be_there() {
    let protect = |name: &str| {
        Stage::new().change("  secret: salesforce\n", &format!("  secret: salesforce\n  protect: [{name}]\n"))
    };
    assert_eq!(protect(ADMINISTRATOR_USERNAME).troubles().await, []);
    protect("nobody@example.com").fails("no user `nobody@example.com`").await;
    let stage = protect("k.visser@sample.example");
    stage.org().admin().deactivate("k.visser@sample.example").unwrap();
    stage.warns("`k.visser@sample.example`, whom `salesforce.protect` names, is inactive").await;
    Stage::of(Org::sample(now())).warns("only one user besides the connector").await;
}

#[tokio::test]
async fn keys_that_several_users_carry_are_found_by_a_deep_look_only() {
    let mut stage = Stage::new();
    stage.org().admin().set("p.bakker@sample.example", "EmployeeNumber", "900002").unwrap();
    assert_eq!(stage.troubles().await, []);
    stage.deep = true;
    let finding = stage.warns("carry the same EmployeeNumber").await;
    assert!(!finding.what.contains("900002"), "{finding:#?}");
    for user in ["p.bakker@sample.example", "k.visser@sample.example"] {
        assert!(finding.what.contains(stage.org().user(user).unwrap().id.as_str()), "{finding:#?}");
    }
}

#[tokio::test]
async fn a_version_that_is_not_served_fails() {
    let stage = Stage::new().change("  secret: salesforce\n", "  secret: salesforce\n  apiVersion: \"12.0\"\n");
    let troubles = stage.troubles().await;
    let version = troubles.iter().find(|trouble| trouble.what.starts_with("API version 12.0 is not served"));
    assert!(version.is_some_and(|version| version.level == Level::Fails), "{troubles:#?}");
}

#[tokio::test]
async fn a_field_of_the_org_that_nothing_fills_fails_by_its_name() {
    use salesforce::{FieldDescription, UserDescription};

    let stage = Stage::new();
    let configuration = stage.configuration();
    let samples = Samples::collect(&configuration, Some(&example()), None, now());
    let plan = Plan { configuration: &configuration, samples: &samples, waiting: None };
    let field = || FieldDescription { createable: true, updateable: true, ..FieldDescription::default() };
    let required = || FieldDescription { required_on_create: true, ..field() };
    let fields = UserField::ALL.iter().map(|name| (name.api_name().to_owned(), field()));
    let usual = UserDescription { fields: fields.collect() };
    let troubles = |change: &dyn Fn(&mut UserDescription)| {
        let mut description = usual.clone();
        change(&mut description);
        let found = fields::compare(&plan, &description);
        found.into_iter().filter(|finding| finding.level != Level::Ok).collect::<Vec<_>>()
    };
    assert_eq!(troubles(&|_| {}), []);
    let with = |name: &'static str, description: FieldDescription| {
        let found = troubles(&|all| drop(all.fields.insert(name.to_owned(), description.clone())));
        Stage::only(
            &found,
            if description.createable && !description.updateable { Level::Warning } else { Level::Fails },
            name,
        )
    };
    assert!(with("Badge__c", required()).what.contains("can't fill it"));
    // An example person has no cost centre; so Division is empty.
    assert!(with("Division", required()).what.contains("lack it"));
    assert!(with("Title", FieldDescription { updateable: false, ..field() }).what.contains("new users only"));
    assert!(with("Title", FieldDescription::default()).what.contains("may not set"));
    let hidden = troubles(&|all| drop(all.fields.remove("MobilePhone")));
    Stage::only(&hidden, Level::Fails, "MobilePhone: the org's User object has no such field");
    let short = with("Department", FieldDescription { max_length: Some(1), ..field() });
    assert!(short.what.contains("takes 1 characters at most"), "{short:#?}");
    // What the rules give, and what the configuration must have anyhow.
    for name in ["ProfileId", "LastName"] {
        assert_eq!(troubles(&|all| drop(all.fields.insert(name.to_owned(), required()))), []);
    }
}
