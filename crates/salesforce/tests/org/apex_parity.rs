//! Both write paths bring the org to the same state and tell the same of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{AccountStatus, DesiredAccount, Operation, Outcome, UserField};
use ports::clock::ManualClock;
use salesforce::WritePath;
use salesforce_simulator::{Org, UserView};

use crate::apex::ALL;
use crate::world::{Secret, Someone, World};

type Step = fn(&mut Someone);

/// A person's way through the organisation.
const STEPS: [(&str, Step); 9] = [
    ("joins before the day", |someone| someone.desired.status = AccountStatus::Prepared),
    ("the day comes", |someone| someone.desired.status = AccountStatus::Enabled),
    ("moves", |someone| {
        someone.give(&["profile:Service User", "role:ServiceNL", "permissionSet:Mobile_User", "queue:Support_Queue"]);
        someone.set(UserField::Department, Some("Service"));
        someone.set(UserField::Title, None);
    }),
    ("gets a last day", |someone| {
        let end = ("permissionSet:Mobile_User".parse().unwrap(), "2026-12-31".parse().unwrap());
        someone.desired.expirations = [end].into();
    }),
    ("gets another last day", |someone| {
        let end = ("permissionSet:Mobile_User".parse().unwrap(), "2027-12-31".parse().unwrap());
        someone.desired.expirations = [end].into();
    }),
    ("is frozen", |someone| someone.desired.status = AccountStatus::Frozen),
    ("is made inactive", |someone| someone.desired.status = AccountStatus::Inactive),
    ("comes back", |someone| someone.desired.status = AccountStatus::Enabled),
    ("leaves", |someone| {
        let correlate = someone.desired.correlate.clone();
        someone.desired = DesiredAccount { correlate, ..DesiredAccount::unwanted("left") };
    }),
];

/// What was told, what the org shows, and the last days of what ends.
type Seen = (String, Vec<(Operation, Outcome)>, BTreeMap<String, String>, UserView);

async fn way(path: WritePath) -> Vec<Seen> {
    let now = "2026-06-01T08:00:00Z".parse().unwrap();
    let org = Org::sample(now);
    let secret = Arc::new(Secret::new(&org.jwt_secret()));
    let world = World::on(path, org, secret, Arc::new(ManualClock::at(now))).connected().await;
    // The first candidate for the name is taken.
    let mut people = [Someone::new(1, &ALL)];
    world.org().admin().add_foreign_username(&people[0].username(0));
    let mut seen = Vec::new();
    for (name, step) in STEPS {
        step(&mut people[0]);
        let done = world.round(&mut people).await.remove(0);
        assert_eq!(done.error, None, "{path:?}, {name}: {:?}", done.outcomes);
        world.settled(&people, &format!("{path:?}, {name}")).await;
        let user = world.user(&people[0]);
        let last_days = user.expirations.iter().map(|(name, end)| (name.clone(), last_day(*end))).collect();
        seen.push((name.to_owned(), done.outcomes, last_days, UserView { expirations: BTreeMap::new(), ..user }));
    }
    seen
}

/// The end of a day is its last second or the midnight after it.
fn last_day(end: jiff::Timestamp) -> String {
    (end - jiff::SignedDuration::from_secs(1)).strftime("%F").to_string()
}

#[tokio::test]
async fn a_person_s_whole_way_is_the_same_by_either_path() {
    let (scim, apex) = (way(WritePath::Scim).await, way(WritePath::Apex).await);
    for (scim, apex) in scim.into_iter().zip(apex) {
        assert_eq!(scim, apex);
    }
}
