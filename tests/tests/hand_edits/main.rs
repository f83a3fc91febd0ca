//! People change the org by hand while the connector works: at random, in ten orgs, on both write paths. In `own` nothing
//! that others gave is lost, in `exact` nothing that others gave remains, and every edit is reported with who made it.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests, which fail by panicking")]

mod edits;

use std::collections::BTreeSet;
use std::time::Duration;

use edits::{Edit, Given, Vandal};
use integration_tests::world::{ACCOUNT, CONNECTOR, RULES, World, morning, person};
use records::{Action, Finding};
use salesforce_simulator::{Org, UserView};
use sync::Task;

const DAY: Duration = Duration::from_secs(24 * 3600);
const PERSONS: usize = 8;
const ROUNDS: usize = 6;

fn world(api: &str, mode: &str) -> World {
    let connector = CONNECTOR.replace("secret: salesforce }", &format!("secret: salesforce, api: {api} }}"));
    let modes: Vec<_> = ["permissionSets", "permissionSetGroups", "permissionSetLicenses", "publicGroups", "queues"]
        .iter()
        .chain(&["featureLicenses", "role"])
        .map(|kind| format!("{kind}: {mode}"))
        .collect();
    let rules = format!(
        "{RULES}  - {{ name: More, permissionSetGroups: [Service_Bundle], queues: [Support_Queue], featureLicenses: \
         [UserPermissionsOfflineUser] }}\nownership: {{ {} }}\n",
        modes.join(", ")
    );
    let files = [("connector.yaml", connector.as_str()), ("account.yaml", ACCOUNT), ("rules.yaml", &rules)];
    World::configured(Org::sample(morning()), &files)
}

fn id(number: usize) -> String {
    format!("p{number}")
}

fn user(world: &World, id: &str) -> UserView {
    world.org.org().users_with("FederationIdentifier", id).pop().expect("a user")
}

async fn reconcile(world: &World) -> Vec<Finding> {
    world.pipeline.sync.run(&Task::Reconcile).await.expect("nothing fails");
    let findings = world.pipeline.sync.findings.all().await.expect("readable");
    world.quiet().await;
    findings
}

/// Everything that a person has of kinds of which one can have several, and the role.
fn has(user: &UserView) -> BTreeSet<Given> {
    let of = |kind: &'static str, names: &BTreeSet<String>| -> Vec<Given> {
        names.iter().map(|name| (kind, name.clone())).collect()
    };
    let sets = of("permissionSet", &user.permission_sets);
    let groups = of("permissionSetGroup", &user.permission_set_groups);
    let licences = of("permissionSetLicense", &user.permission_set_licences);
    let rest =
        [of("publicGroup", &user.groups), of("queue", &user.queues), of("featureLicense", &user.feature_licences)];
    [sets, groups, licences].into_iter().chain(rest).flatten().collect()
}

async fn play(seed: u64, api: &str, mode: &str) -> usize {
    let at = format!("seed {seed} by {api} in {mode}");
    let mut world = world(api, mode);
    let departments = ["SALES", "SERVICE"];
    for number in 0..PERSONS {
        let record = person(&id(number), &format!("Nick{number}"), "Vries", departments[number % 2], None);
        world.hr_says(&record).await;
    }
    assert!(reconcile(&world).await.iter().all(|finding| finding.person.is_none()), "nothing was changed yet {at}");
    let ours: Vec<_> = (0..PERSONS).map(|number| has(&user(&world, &id(number)))).collect();
    let mut vandal = Vandal::new(seed);
    let mut theirs = vec![BTreeSet::new(); PERSONS];
    let mut edited = 0;
    for round in 0..ROUNDS {
        world.pass(DAY);
        let mut made: Vec<(usize, Edit)> = Vec::new();
        for number in 0..PERSONS {
            let username = user(&world, &id(number)).username;
            let edit = vandal.edit(&mut world.org.org(), &username, &ours[number], &mut theirs[number]);
            made.extend(edit.map(|edit| (number, edit)));
        }
        edited += made.len();
        let findings = reconcile(&world).await;
        for (number, edit) in &made {
            let found = findings
                .iter()
                .find(|finding| {
                    finding.person.as_ref().is_some_and(|person| person.as_str() == id(*number))
                        && finding.kind.as_str() == edit.kind
                        && finding.what == edit.what
                })
                .unwrap_or_else(|| {
                    panic!("{edit:?} of p{number} is not reported in round {round} {at}: {findings:#?}")
                });
            assert_eq!(found.by.as_deref(), Some(edits::WHO), "{edit:?} {at}");
            let undone = edit.kind != "entitlementsAdded" || mode == "exact";
            assert_eq!(found.action == Action::Repair, undone, "{edit:?} {at}");
        }
        for number in 0..PERSONS {
            let now = user(&world, &id(number));
            let mut wanted = ours[number].clone();
            if mode == "own" {
                wanted.extend(theirs[number].iter().cloned());
            } else {
                theirs[number].clear();
            }
            assert_eq!(has(&now), wanted, "p{number} after round {round} {at}; edits {made:?}");
            assert_eq!(now.text("Department"), departments[number % 2].to_lowercase(), "p{number} round {round} {at}");
        }
        let mutations = world.org.org().journal().len();
        reconcile(&world).await;
        assert_eq!(world.org.org().journal().len(), mutations, "a second look finds nothing to do {at}");
    }
    edited
}

#[tokio::test]
async fn ten_orgs_are_edited_by_hand_at_random() {
    let mut edited = 0;
    for seed in 0..10 {
        let api = if seed % 2 == 0 { "scim" } else { "apex" };
        for mode in ["own", "exact"] {
            edited += play(seed, api, mode).await;
        }
    }
    assert!(edited > 500, "{edited} edits");
    println!("{edited} edits by hand, each reported");
}
