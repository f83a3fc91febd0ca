use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use http::Response;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use super::decision::{MOST_UNCOUNTED, OLD};
use super::*;
use crate::testing::{Answer, Asked, answer, client, records};
use crate::usage::{ApiUsage, CallKind};

const BUDGET: Budget = Budget { bulk_until: 80, reserve: 5 };

fn moment(second: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + second).unwrap()
}

fn known(used: u64, max: u64) -> Known {
    let reading = Reading { usage: ApiUsage { used, max }, at: moment(0) };
    Known { reading: Some(reading), ..Known::default() }
}

fn open(second: i64, retry_after: Option<Duration>) -> Circuit {
    let mut circuit = Circuit::default();
    circuit.refused(moment(second), retry_after);
    circuit
}

fn bulk(known: &Known, second: i64) -> Pace {
    decide(known, BUDGET, Priority::Bulk, moment(second))
}

fn urgent(known: &Known, second: i64) -> Pace {
    decide(known, BUDGET, Priority::Urgent, moment(second))
}

#[test]
fn bulk_goes_slows_and_waits() {
    assert_eq!(bulk(&Known::default(), 0), Pace::Go, "nothing is known");
    assert_eq!(bulk(&known(69_999, 100_000), 0), Pace::Go);
    assert_eq!(bulk(&known(70_000, 100_000), 0), Pace::Slow(Duration::from_millis(200)));
    assert_eq!(bulk(&known(75_000, 100_000), 0), Pace::Slow(Duration::from_secs(5)));
    assert!(matches!(bulk(&known(79_999, 100_000), 0), Pace::Slow(pause) if pause > Duration::from_millis(19_900)));
    assert_eq!(bulk(&known(80_000, 100_000), 0), Pace::Wait(OLD));
    assert_eq!(bulk(&known(80_000, 100_000), 600), Pace::Wait(Duration::from_secs(300)), "until a new reading");
}

#[test]
fn the_reserve_bounds_what_bulk_may_use() {
    for (bulk_until, reserve, ceiling) in [(80, 5, 80), (100, 5, 95), (99, 0, 99), (200, 0, 100), (50, 255, 0)] {
        assert_eq!(Budget { bulk_until, reserve }.ceiling(), ceiling);
    }
    let none = Budget { bulk_until: 0, reserve: 5 };
    assert!(matches!(decide(&known(0, 100), none, Priority::Bulk, moment(0)), Pace::Wait(_)));
    assert!(matches!(decide(&known(0, 0), BUDGET, Priority::Bulk, moment(0)), Pace::Wait(_)));
}

#[test]
fn while_calls_are_refused_each_priority_tries_in_its_own_time() {
    let known = Known { circuit: open(0, None), ..known(10, 100) };
    assert_eq!(urgent(&known, 0), Pace::Wait(Duration::from_secs(20)));
    assert_eq!(urgent(&known, 19), Pace::Wait(Duration::from_secs(1)));
    assert_eq!(urgent(&known, 20), Pace::Go);
    assert_eq!(bulk(&known, 20), Pace::Wait(Duration::from_secs(280)));
    assert!(!wants_reading(&known, BUDGET, Priority::Bulk, moment(299)));
    assert!(wants_reading(&known, BUDGET, Priority::Bulk, moment(300)));
    assert!(!wants_reading(&known, BUDGET, Priority::Urgent, moment(300)));
    let mut tried = known;
    tried.circuit.tries(moment(20));
    assert_eq!(urgent(&tried, 21), Pace::Wait(Duration::from_secs(19)), "one try at a time");
    let asked = Known { circuit: open(0, Some(Duration::from_secs(60))), ..known };
    assert_eq!(urgent(&asked, 0), Pace::Wait(Duration::from_secs(60)), "as Salesforce asks");
    let long = Known { circuit: open(0, Some(Duration::from_secs(86_400))), ..known };
    assert_eq!(urgent(&long, 0), Pace::Wait(Duration::from_secs(900)), "but not for a day");
}

#[test]
fn a_reading_is_asked_for_when_an_old_one_is_in_the_way_and_not_again_at_once() {
    let wants = |known: &Known, second| wants_reading(known, BUDGET, Priority::Bulk, moment(second));
    assert!(!wants(&Known::default(), 0), "the first answer tells it");
    assert!(wants(&Known { uncounted: MOST_UNCOUNTED, ..Known::default() }, 0), "no answer told it");
    assert!(!wants(&known(1, 100), 900), "nothing is in the way");
    assert!(!wants(&known(85, 100), 899));
    assert!(wants(&known(85, 100), 900));
    let asked = Known { asked: Some(moment(900)), ..known(85, 100) };
    assert!(!wants(&asked, 1_199));
    assert!(wants(&asked, 1_200));
}

fn circuits() -> impl Strategy<Value = Circuit> {
    prop_oneof![
        3 => Just(Circuit::Closed),
        1 => (0..2_000_i64, proptest::option::of(0..5_000_u64))
            .prop_map(|(second, asked)| open(second, asked.map(Duration::from_secs))),
    ]
}

proptest! {
    #[test]
    fn bulk_never_goes_on_above_its_share_nor_while_calls_are_refused(
        used in 0..200_000_u64, max in 0..200_000_u64, circuit in circuits(), second in -500..4_000_i64,
        bulk_until in 0..=255_u8, reserve in 0..=255_u8,
    ) {
        let budget = Budget { bulk_until, reserve };
        let known = Known { circuit, ..known(used, max) };
        let pace = decide(&known, budget, Priority::Bulk, moment(second));
        let above = u128::from(used) * 100 >= u128::from(max) * u128::from(budget.ceiling());
        if above || circuit != Circuit::Closed {
            prop_assert!(matches!(pace, Pace::Wait(wait) if !wait.is_zero() && wait <= OLD), "{:?}", pace);
        } else {
            prop_assert!(!matches!(pace, Pace::Wait(_)), "{:?}", pace);
        }
    }

    #[test]
    fn urgent_never_waits_for_the_share(
        used in 0..200_000_u64, max in 0..200_000_u64, second in -500..4_000_i64, bulk_until in 0..=100_u8,
    ) {
        let budget = Budget { bulk_until, reserve: 5 };
        prop_assert_eq!(decide(&known(used, max), budget, Priority::Urgent, moment(second)), Pace::Go);
    }

    #[test]
    fn urgent_waits_at_most_as_long_as_bulk(circuit in circuits(), used in 0..100_u64, second in 0..4_000_i64) {
        let known = Known { circuit, ..known(used, 100) };
        let wait = |pace| match pace { Pace::Go => Duration::ZERO, Pace::Slow(wait) | Pace::Wait(wait) => wait };
        prop_assert!(wait(urgent(&known, second)) <= wait(bulk(&known, second)));
    }

    #[test]
    fn pauses_grow_with_the_share(max in 1..200_000_u64, a in 0..200_000_u64, b in 0..200_000_u64) {
        let wait = |used| match bulk(&known(used, max), 0) {
            Pace::Go => Duration::ZERO,
            Pace::Slow(wait) | Pace::Wait(wait) => wait,
        };
        prop_assert!(wait(a.min(b)) <= wait(a.max(b)));
    }
}

/// An org whose count and willingness the test sets; it tells the count in `/limits`, and in the header when asked to.
struct Script {
    used: AtomicU64,
    refuses: AtomicBool,
    hides_limits: AtomicBool,
    header: bool,
}

impl Script {
    fn answer(&self, asked: &Asked) -> Answer {
        if self.refuses.load(Ordering::SeqCst) {
            return answer(
                403,
                &json!([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]),
            );
        }
        let used = self.used.load(Ordering::SeqCst);
        let reply = if asked.path.ends_with("/limits") {
            if self.hides_limits.load(Ordering::SeqCst) {
                return answer(403, &json!([{"errorCode": "INSUFFICIENT_ACCESS", "message": "no"}]));
            }
            answer(200, &json!({"DailyApiRequests": {"Max": 1000, "Remaining": 1000 - used}}))
        } else {
            records(&[])
        };
        reply.map(|mut reply: Response<Bytes>| {
            if self.header {
                reply.headers_mut().insert("sforce-limit-info", format!("api-usage={used}/1000").parse().unwrap());
            }
            reply
        })
    }
}

fn org(used: u64, header: bool) -> (crate::testing::Client, std::sync::Arc<Script>) {
    let script =
        std::sync::Arc::new(Script { used: used.into(), refuses: false.into(), hides_limits: false.into(), header });
    let shared = script.clone();
    (client(move |asked| shared.answer(asked)), script)
}

const QUERY: &str = "SELECT Id FROM User";

/// A client that has made calls, of which no answer told the count where the org sends none.
async fn org_at_work(used: u64, header: bool) -> (crate::testing::Client, std::sync::Arc<Script>) {
    let (client, script) = org(used, header);
    for _ in 0..MOST_UNCOUNTED {
        client.salesforce.query(QUERY).await.unwrap();
    }
    (client, script)
}

#[tokio::test]
async fn where_no_answer_tells_the_count_the_limits_are_read_and_not_at_once_again() {
    let (client, _) = org_at_work(810, false).await;
    for _ in 0..3 {
        assert!(matches!(client.salesforce.pace(Priority::Bulk).await, Pace::Wait(_)));
        assert_eq!(client.salesforce.pace(Priority::Urgent).await, Pace::Go);
    }
    assert_eq!(client.salesforce.calls()[&CallKind::Limits], 1);
}

#[tokio::test]
async fn what_answers_tell_is_enough() {
    let (client, script) = org(100, true);
    client.salesforce.query(QUERY).await.unwrap();
    assert_eq!(client.salesforce.pace(Priority::Bulk).await, Pace::Go);
    script.used.store(900, Ordering::SeqCst);
    client.salesforce.query(QUERY).await.unwrap();
    assert!(matches!(client.salesforce.pace(Priority::Bulk).await, Pace::Wait(_)));
    assert_eq!(client.salesforce.calls().get(&CallKind::Limits), None);
}

#[tokio::test]
async fn answers_without_the_header_leave_the_reading_alone_but_own_calls_count() {
    let (client, _) = org_at_work(795, false).await;
    assert!(matches!(client.salesforce.pace(Priority::Bulk).await, Pace::Slow(_)));
    let read = client.salesforce.usage();
    for _ in 0..5 {
        client.salesforce.query(QUERY).await.unwrap();
    }
    assert_eq!(client.salesforce.usage(), read);
    assert!(matches!(client.salesforce.pace(Priority::Bulk).await, Pace::Wait(_)), "800 of 1000 by now");
}

#[tokio::test]
async fn an_old_reading_is_refreshed_before_work_is_refused_for_long() {
    let (client, script) = org_at_work(900, false).await;
    let Pace::Wait(wait) = client.salesforce.pace(Priority::Bulk).await else { panic!("above the share") };
    script.used.store(100, Ordering::SeqCst);
    client.clock.advance(wait);
    assert_eq!(client.salesforce.pace(Priority::Bulk).await, Pace::Go);
    assert_eq!(client.salesforce.calls()[&CallKind::Limits], 2);
}

#[tokio::test]
async fn a_refusal_opens_the_circuit_and_the_first_success_closes_it() {
    let (client, script) = org(100, true);
    client.salesforce.query(QUERY).await.unwrap();
    script.refuses.store(true, Ordering::SeqCst);
    client.salesforce.query(QUERY).await.err().unwrap();
    assert!(client.salesforce.limit_reached_since().is_some());
    let before = client.org.asked().len();
    for _ in 0..5 {
        assert!(matches!(client.salesforce.pace(Priority::Bulk).await, Pace::Wait(_)));
        assert!(matches!(client.salesforce.pace(Priority::Urgent).await, Pace::Wait(_)));
    }
    assert_eq!(client.org.asked().len(), before, "nobody asks meanwhile");
    client.clock.advance(Duration::from_secs(20));
    assert_eq!(client.salesforce.pace(Priority::Urgent).await, Pace::Go);
    assert!(matches!(client.salesforce.pace(Priority::Urgent).await, Pace::Wait(_)), "one at a time");
    client.salesforce.query(QUERY).await.err().unwrap();
    client.clock.advance(Duration::from_secs(20));
    script.refuses.store(false, Ordering::SeqCst);
    assert_eq!(client.salesforce.pace(Priority::Urgent).await, Pace::Go);
    client.salesforce.query(QUERY).await.unwrap();
    assert_eq!(client.salesforce.limit_reached_since(), None);
    assert_eq!(client.salesforce.pace(Priority::Bulk).await, Pace::Go);
}

#[tokio::test]
async fn bulk_finds_out_by_itself_every_few_minutes() {
    let (client, script) = org(100, false);
    script.refuses.store(true, Ordering::SeqCst);
    client.salesforce.query(QUERY).await.err().unwrap();
    client.clock.advance(Duration::from_secs(300));
    assert_eq!(client.salesforce.pace(Priority::Bulk).await, Pace::Wait(Duration::from_secs(300)));
    assert_eq!(client.salesforce.calls()[&CallKind::Limits], 1);
    client.clock.advance(Duration::from_secs(300));
    script.refuses.store(false, Ordering::SeqCst);
    assert_eq!(client.salesforce.pace(Priority::Bulk).await, Pace::Go);
}

#[tokio::test]
async fn a_user_who_may_not_read_the_limits_is_not_stopped_by_that() {
    let (client, script) = org_at_work(100, false).await;
    script.hides_limits.store(true, Ordering::SeqCst);
    assert_eq!(client.salesforce.pace(Priority::Bulk).await, Pace::Go);
    assert_eq!(client.salesforce.pace(Priority::Bulk).await, Pace::Go);
    assert_eq!(client.salesforce.calls()[&CallKind::Limits], 1, "nor asked again at once");
    script.refuses.store(true, Ordering::SeqCst);
    client.salesforce.query(QUERY).await.err().unwrap();
    script.refuses.store(false, Ordering::SeqCst);
    client.clock.advance(Duration::from_secs(300));
    assert_eq!(client.salesforce.pace(Priority::Bulk).await, Pace::Go, "the refusal shows that it is served");
}
