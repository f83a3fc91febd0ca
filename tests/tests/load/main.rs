//! A leaver among ten thousand: while that many joiners and movers are written, those who leave are shut out within two
//! seconds of the 202, on both write paths. Time is modelled, each answer of Salesforce taking 300 ms; what the machine
//! computes costs none of it.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests, which fail by panicking")]

mod modelled;
mod world;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use ports::Clock as _;
use world::{Shut, World, leaver, person};

const JOINERS: usize = 9_000;
const MOVERS: usize = 1_000;

/// From the 202 to the freeze.
const PROMISED: Duration = Duration::from_secs(2);

/// The same for those on whom the bulk work is at that moment: their turn ends with their batch, and the writer wakes
/// whoever was overtaken by news. By SCIM, a batch of a hundred takes that long.
const AT_WORK: Duration = Duration::from_secs(10);

/// Who leaves, when that was accepted, and what must come of it.
struct Left {
    who: String,
    accepted: Timestamp,
    expected: Expected,
}

#[derive(Clone, Copy)]
enum Expected {
    ShutWithin(Duration),
    NeverMade,
}

#[test]
fn leavers_overtake_bulk_work_by_scim() {
    modelled::run(leavers_overtake("scim", &[1, 60, 240, 420, 600]));
}

#[test]
fn leavers_overtake_bulk_work_by_apex() {
    modelled::run(leavers_overtake("apex", &[1, 4, 8, 12, 16]));
}

/// `seconds` are moments after the beginning of the bulk work.
async fn leavers_overtake(api: &str, seconds: &[u64]) {
    let world = World::new(api);
    let left = world.serve_during(story(&world, seconds)).await;
    for Left { who, accepted, expected } in &left {
        let shut = world.shut(who, *accepted);
        let right = match (expected, shut) {
            (Expected::ShutWithin(bound), Shut::After(took)) => took <= *bound,
            (Expected::NeverMade, Shut::NoUser) => true,
            _ => false,
        };
        assert!(right, "{who}: {shut:?}");
    }
    nobody_is_lost_or_doubled(&world, &left);
}

async fn story(world: &World, seconds: &[u64]) -> Vec<Left> {
    let names = |kind: &str, number: usize| -> Vec<_> { (0..number).map(|n| format!("{kind}-{n}")).collect() };
    let (staff, movers, joiners) = (names("staff", seconds.len()), names("mover", MOVERS), names("joiner", JOINERS));
    let working: Vec<_> = staff.iter().chain(&movers).map(|id| person(id, "SALES", None)).collect();
    world.send(&working).await;
    world.settled().await;

    let bulk: Vec<_> = joiners.iter().chain(&movers).map(|id| person(id, "SERVICE", None)).collect();
    let begun = world.send(&bulk).await;
    let others = async {
        let mut left = Vec::new();
        for (who, second) in staff.iter().zip(seconds) {
            let moment = begun + Duration::from_secs(*second);
            world.clock.sleep(moment.duration_since(world.clock.now()).unsigned_abs()).await;
            assert!(world.left().await > 500, "bulk work is nearly done, so there is nothing to overtake");
            left.push(leave(world, who, Expected::ShutWithin(PROMISED)).await);
        }
        left
    };
    let of_the_bulk = async {
        let (joiner, mover) = futures::join!(
            leave(world, &joiners[JOINERS - 1], Expected::NeverMade),
            leave(world, &movers[MOVERS - 1], Expected::ShutWithin(PROMISED)),
        );
        let (first, second, third, fourth) = futures::join!(
            leave_during(world, &joiners[4_321], Stage::LookUp, AT_WORK),
            leave_during(world, &joiners[6_543], Stage::Write, AT_WORK),
            leave_during(world, &movers[321], Stage::LookUp, AT_WORK),
            leave_during(world, &movers[543], Stage::Write, AT_WORK),
        );
        vec![joiner, mover, first, second, third, fourth]
    };
    let (mut left, of_the_bulk) = futures::join!(others, of_the_bulk);
    left.extend(of_the_bulk);
    world.settled().await;
    left
}

async fn leave(world: &World, who: &str, expected: Expected) -> Left {
    Left { who: who.to_owned(), accepted: world.send(&[leaver(who)]).await, expected }
}

/// What the bulk work does with a person at a moment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Salesforce is asked what the person has.
    LookUp,
    /// It is written down what is to be done, and being done.
    Write,
}

async fn leave_during(world: &World, who: &str, stage: Stage, bound: Duration) -> Left {
    loop {
        let record = world.record(who).await;
        if record.lease.is_some() && record.pending.is_some() == (stage == Stage::Write) {
            return leave(world, who, Expected::ShutWithin(bound)).await;
        }
        assert_eq!(record.applied_version(), u64::from(who.starts_with("mover")), "{who} was written unseen");
        world.clock.sleep(Duration::from_millis(20)).await;
    }
}

fn nobody_is_lost_or_doubled(world: &World, left: &[Left]) {
    let gone: BTreeSet<&str> = left.iter().map(|left| left.who.as_str()).collect();
    let users = world.org.org().users();
    let mut seen = BTreeSet::new();
    for user in users.iter().filter(|user| !user.text("FederationIdentifier").is_empty()) {
        let id = user.text("FederationIdentifier");
        assert!(seen.insert(id), "{id} has two users");
        let usable = user.active && !user.frozen;
        assert_eq!(usable, !gone.contains(id), "{user:?}");
        if usable {
            assert_eq!((user.text("Department"), user.groups.len()), ("SERVICE", 1), "{user:?}");
        }
    }
    let of_the_bulk = gone.iter().filter(|id| !id.starts_with("staff")).count();
    let working = seen.difference(&gone).count();
    assert_eq!(working, JOINERS + MOVERS - of_the_bulk);
}
