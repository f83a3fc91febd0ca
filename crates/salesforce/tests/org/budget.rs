//! The org's daily allowance: bulk work stops before it is used up, urgent work goes on, and whoever was refused finds
//! out when the org serves again.

use std::time::Duration;

use domain::UserField;
use salesforce::{Budget, CallKind, Pace, Priority, SalesforceError, Wanted};
use salesforce_simulator::{Behaviours, LimitHeader};

use crate::world::World;

const HOUR: Duration = Duration::from_secs(3_600);

async fn org(behaviours: Behaviours, used: u64) -> World {
    let world = World::new(behaviours).connected().await;
    world.org().set_daily_api_limit(1_000);
    world.org().set_api_usage(used);
    world
}

impl World {
    async fn bulk(&self) -> Pace {
        self.salesforce.pace(Priority::Bulk).await
    }

    async fn urgent(&self) -> Pace {
        self.salesforce.pace(Priority::Urgent).await
    }

    /// One query.
    async fn ask(&self) -> Result<(), SalesforceError> {
        let nobody = Wanted { user: None, keys: vec![(UserField::EmployeeNumber, "nobody".to_owned())] };
        self.salesforce.lookup(&[nobody]).await.map(drop)
    }
}

#[tokio::test]
async fn bulk_stops_at_its_share_under_every_variant_and_urgent_does_not() {
    for (variant, behaviours) in Behaviours::variants() {
        let told = behaviours.limit_header != LimitHeader::Never;
        let world = org(behaviours, 500).await;
        let used = async |calls| {
            // Where no answer tells the count, it is asked for now and then.
            for _ in 0..if told { 0 } else { 55 } {
                world.ask().await.unwrap();
            }
            world.org().set_api_usage(calls);
            world.clock.advance(HOUR);
            world.ask().await.unwrap();
        };
        used(500).await;
        assert_eq!(world.bulk().await, Pace::Go, "{variant}");
        used(790).await;
        assert!(matches!(world.bulk().await, Pace::Slow(_)), "{variant}");
        used(850).await;
        assert!(matches!(world.bulk().await, Pace::Wait(_)), "{variant}");
        assert_eq!(world.urgent().await, Pace::Go, "{variant}");
    }
}

#[tokio::test]
async fn a_budget_of_ones_own_counts() {
    let mut world = org(Behaviours::default(), 500).await;
    world.salesforce = world.salesforce.with_budget(Budget { bulk_until: 40, reserve: 5 });
    world.ask().await.unwrap();
    assert!(matches!(world.bulk().await, Pace::Wait(_)));
}

#[tokio::test]
async fn own_calls_count_where_no_answer_tells_the_usage() {
    let world = org(Behaviours { limit_header: LimitHeader::Never, ..Behaviours::default() }, 600).await;
    world.clock.advance(HOUR);
    let mut calls = 0;
    while matches!(world.bulk().await, Pace::Go | Pace::Slow(_)) {
        world.ask().await.unwrap();
        calls += 1;
        assert!(calls < 500, "bulk never stops");
    }
    let used = world.org().api_usage();
    assert!((795..=805).contains(&used), "{used}");
    assert_eq!(world.salesforce.calls()[&CallKind::Limits], 1);
}

#[tokio::test]
async fn leavers_go_on_until_the_org_refuses_and_again_when_it_serves() {
    let world = org(Behaviours::default(), 998).await;
    while world.ask().await.is_ok() {}
    assert!(world.salesforce.limit_reached_since().is_some());
    assert!(matches!(world.urgent().await, Pace::Wait(wait) if wait <= Duration::from_secs(30)));
    // A tries every so often, whatever others do: a day of that costs no more than it must.
    world.org().reset_calls();
    let mut waited = Duration::ZERO;
    while waited < HOUR {
        match world.urgent().await {
            Pace::Go => assert!(world.ask().await.is_err()),
            Pace::Wait(wait) | Pace::Slow(wait) => {
                world.clock.advance(wait);
                waited += wait;
            }
        }
        assert!(matches!(world.bulk().await, Pace::Wait(_)));
    }
    let calls = world.org().call_count();
    assert!((120..=800).contains(&calls), "{calls}");
    // The rolling day has moved on.
    world.org().set_api_usage(100);
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(world.urgent().await, Pace::Go);
    world.ask().await.unwrap();
    assert_eq!(world.salesforce.limit_reached_since(), None);
    assert_eq!(world.bulk().await, Pace::Go);
}

#[tokio::test]
async fn bulk_alone_finds_out_when_the_day_has_moved_on() {
    let world = org(Behaviours::default(), 1_000).await;
    assert!(matches!(world.ask().await, Err(SalesforceError::LimitReached { .. })));
    world.org().reset_calls();
    let mut waited = Duration::ZERO;
    while let Pace::Wait(wait) = world.bulk().await {
        assert!(waited < 25 * HOUR, "bulk never goes on");
        world.clock.advance(wait);
        waited += wait;
    }
    assert!(waited > 23 * HOUR, "the simulated day is a rolling one: {waited:?}");
    assert!(world.org().call_count() <= 25 * 12, "{:?}", world.org().calls());
    world.ask().await.unwrap();
}

#[tokio::test]
async fn the_limits_are_read() {
    let world = org(Behaviours::default(), 400).await;
    let limits = world.salesforce.limits().await.unwrap();
    assert_eq!(limits.daily_api_requests.max, 1_000);
    assert_eq!(limits.daily_api_requests.remaining, 599);
}
