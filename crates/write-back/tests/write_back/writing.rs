//! What a run writes into AFAS, and what it says when it can't.

use std::time::Duration;

use crate::support::{World, person, settings, wish};
use ports::Class;
use records::write_back::MOST_KEPT;
use serde_json::json;
use source_emulators::{Breakage, When};
use write_back::{Answer, Failure, OnLeaving, Report, UpdateConnector, Wish};

fn leaves() -> Answer {
    Answer::Wanted(Wish::Leave, None)
}

#[tokio::test]
async fn a_joiner_is_written_a_mover_changed_and_a_leaver_cleared() {
    let world = World::of(2);
    world.want("1", wish("1", "jan@example.test")).await;
    assert_eq!(world.run().await, Report { looked: 1, written: 2, ..Report::default() });
    let all = vec!["EmAd".to_owned(), "Upn".to_owned()];
    let written = world.afas.emulator.take_updated();
    assert_eq!(written, [("KnEmployee".to_owned(), vec!["EmAd".to_owned()]), ("KnUser".to_owned(), all)]);
    assert_eq!(world.column("1", "Email_werk"), "jan@example.test");
    assert_eq!(world.column("1", "UPN"), "jan@example.test");
    assert_eq!(world.column("2", "Email_werk"), "");

    // Nothing changed, so nothing is asked.
    world.calls();
    world.want("1", wish("1", "Jan@example.test")).await;
    assert_eq!(world.run().await, Report { looked: 1, ..Report::default() });
    assert_eq!(world.calls(), Vec::<String>::new());

    world.want("1", wish("1", "j.vries@example.test")).await;
    world.run().await;
    assert_eq!(world.calls(), ["GET 200", "PUT 201", "GET 200", "PUT 201"]);
    assert_eq!(world.column("1", "Email_werk"), "j.vries@example.test");

    world.want("1", leaves()).await;
    world.run().await;
    for column in ["Email_werk", "Email_werk_gebruiker", "UPN"] {
        assert_eq!(world.column("1", column), "", "{column}");
    }
    assert_eq!(world.column("1", "DisplayName"), "Vries1, Jan");
    let log = world.write_backs.of(&person("1")).await.unwrap().log;
    assert_eq!(log.len(), 6);
    assert!(log.len() <= MOST_KEPT);
    let change = &log[2].delivery;
    assert_eq!((change.record.as_str(), change.key.as_str()), ("KnEmployee", "1"));
    assert_eq!(change.before["EmAd"].as_deref(), Some("jan@example.test"));
    assert_eq!(change.after["EmAd"].as_deref(), Some("j.vries@example.test"));
    assert!(log[2].cause.is_some() && !log[2].recovered);
}

#[tokio::test]
async fn what_is_there_already_is_taken_over_without_a_call_that_afas_would_refuse() {
    let world = World::of(1);
    world.set("1", "Email_werk", "jan@example.test");
    world.set("1", "Email_werk_gebruiker", "jan@example.test");
    world.want("1", wish("1", "jan@example.test")).await;
    assert_eq!(world.run().await.written, 1);
    assert_eq!(world.afas.emulator.take_updated(), [("KnUser".to_owned(), vec!["Upn".to_owned()])]);
    world.want("1", leaves()).await;
    world.run().await;
    assert_eq!(world.column("1", "Email_werk"), "");
}

#[tokio::test]
async fn somebody_elses_value_is_not_cleared_and_a_kept_leavers_stays() {
    let mut world = World::of(2);
    world.set("1", "Email_werk", "hand@example.test");
    world.want("1", wish("1", "")).await;
    world.want("2", wish("2", "jan@example.test")).await;
    world.run().await;
    world.on_leaving = OnLeaving::Keep;
    world.want("1", leaves()).await;
    world.want("2", leaves()).await;
    assert_eq!(world.run().await.written, 0);
    assert_eq!(world.column("1", "Email_werk"), "hand@example.test");
    assert_eq!(world.column("2", "Email_werk"), "jan@example.test");
}

#[tokio::test]
async fn one_who_cannot_be_written_blocks_nobody_and_is_tried_with_growing_gaps() {
    let world = World::of(2);
    world.want("nobody", wish("nobody", "x@example.test")).await;
    world.want("2", wish("2", "jan@example.test")).await;
    assert_eq!(world.run().await, Report { looked: 2, written: 2, stuck: 1, ..Report::default() });
    let stuck = world.write_backs.of(&person("nobody")).await.unwrap().stuck.unwrap();
    assert_eq!((stuck.reason.code.as_str(), stuck.attempts), ("not-found", 1));
    world.pass(299);
    assert_eq!(world.run().await.looked, 0);
    world.pass(1);
    assert_eq!(world.run().await.stuck, 1);
    world.pass(599);
    assert_eq!(world.run().await.looked, 0);
    world.pass(1);
    assert_eq!(world.run().await.stuck, 1);
    let again = world.write_backs.of(&person("nobody")).await.unwrap().stuck.unwrap();
    assert_eq!((again.attempts, again.since), (3, stuck.since));
}

#[tokio::test]
async fn a_refusal_is_told_without_anybodys_data_and_heals_when_its_cause_does() {
    let world = World::of(2);
    world.set("2", "Email_werk", "jan@example.test");
    world.want("1", wish("1", "jan@example.test")).await;
    // The address is in use: the employee is refused, the user is written all the same.
    assert_eq!(world.run().await, Report { looked: 1, written: 1, stuck: 1, ..Report::default() });
    let state = world.write_backs.of(&person("1")).await.unwrap();
    let stuck = state.stuck.unwrap();
    assert_eq!(stuck.reason.code, "refused");
    assert!(stuck.reason.message.contains("-2147180996") && !stuck.reason.message.contains("jan"), "{stuck:?}");
    assert_eq!(state.intent, None);
    world.set("2", "Email_werk", "other@example.test");
    world.pass(300);
    assert_eq!(world.run().await, Report { looked: 1, written: 1, ..Report::default() });
    assert_eq!(world.write_backs.waiting().await.unwrap(), []);
}

#[tokio::test]
async fn a_leaver_whose_record_is_gone_is_let_go() {
    let world = World::of(1);
    world.want("1", wish("1", "jan@example.test")).await;
    world.run().await;
    world.afas.emulator.edit(crate::support::USERS, Vec::clear);
    world.want("1", leaves()).await;
    assert_eq!(world.run().await, Report { looked: 1, ..Report::default() });
}

#[tokio::test]
async fn what_is_not_known_yet_waits_for_its_mark_and_what_cannot_be_computed_is_told() {
    let world = World::of(1);
    world.want("1", Answer::NotYet).await;
    assert_eq!(world.run().await, Report { looked: 1, ..Report::default() });
    let reason = domain::ParkedReason { code: "expression-failed".into(), message: "config.yaml:3:5".into() };
    world.want("1", Answer::Unusable(reason.clone())).await;
    assert_eq!(world.run().await.stuck, 1);
    assert_eq!(world.write_backs.of(&person("1")).await.unwrap().stuck.unwrap().reason, reason);
    assert_eq!(world.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn trouble_of_the_whole_system_stops_the_run_and_nobody_is_lost() {
    for (breakage, class) in [
        (Breakage::Status(401), Class::Systemic),
        (Breakage::Status(403), Class::Systemic),
        (Breakage::Status(404), Class::Systemic),
        (Breakage::Redirect("https://elsewhere.test/".into()), Class::Systemic),
        (Breakage::Refusal(503, json!({ "retry_after": 7200 })), Class::RetryAfter(Duration::from_secs(7200))),
        (Breakage::NotSent, Class::Retry),
    ] {
        let world = World::of(9);
        for n in 1..=9 {
            world.want(&n.to_string(), wish(&n.to_string(), &format!("{n}@example.test"))).await;
        }
        world.afas.break_at(When::from("", 1), breakage.clone());
        let report = world.run().await;
        let stopped = report.stopped.expect("it stops");
        assert_eq!((stopped.class, report.looked, report.written, report.stuck), (class, 1, 0, 0), "{breakage:?}");
        assert!(world.calls().iter().all(|call| !call.starts_with("PUT")), "{breakage:?}");
        world.afas.heal();
        world.pass(7200);
        let healed = world.run().await;
        assert_eq!((healed.looked, healed.written), (9, 18), "{breakage:?}");
    }
}

#[tokio::test]
async fn an_app_connector_without_rights_stops_the_run_before_all_are_refused() {
    let world = World::of(20);
    for n in 1..=20 {
        world.want(&n.to_string(), wish(&n.to_string(), &format!("{n}@example.test"))).await;
    }
    world.afas.emulator.allow_updates(&[]);
    let report = world.run().await;
    let stopped = report.stopped.unwrap();
    assert_eq!((stopped.class, report.looked, report.stuck), (Class::Systemic, 5, 5));
    assert!(stopped.reason.contains("rights"), "{stopped:?}");
    world.afas.emulator.allow_updates(&["KnEmployee", "KnUser"]);
    world.pass(24 * 3600);
    assert_eq!(world.run().await.written, 40);
}

#[tokio::test]
async fn the_address_list_of_the_app_connector_and_a_wrong_token_are_told_apart() {
    let world = World::of(1);
    world.afas.emulator.shut_out(true);
    assert_eq!(world.client().read(UpdateConnector::KnEmployee, "1").await, Err(Failure::Forbidden));
    world.afas.emulator.shut_out(false);
    *world.secret.lock().unwrap() = r#"{"token":"another"}"#.into();
    assert_eq!(world.client().read(UpdateConnector::KnEmployee, "1").await, Err(Failure::Token));
    *world.secret.lock().unwrap() = r#"{"tokn":"another"}"#.into();
    let failure = world.client().read(UpdateConnector::KnEmployee, "1").await.unwrap_err();
    assert_eq!(failure.to_string(), "secret afas is malformed: token is missing");
    assert_eq!(failure.class(), Class::Systemic);
}

#[tokio::test]
async fn unknown_columns_fields_and_ambiguous_rows_are_told() {
    let world = World::of(2);
    let mut other = settings();
    other.employee.as_mut().unwrap().columns = [("Shoe".to_owned(), "Email_werk".to_owned())].into();
    let client = world.client_with(other.clone());
    let current = client.read(UpdateConnector::KnEmployee, "1").await.unwrap().unwrap();
    let shoe = [("Shoe".to_owned(), Some("42".to_owned()))].into();
    let failure = client.update(UpdateConnector::KnEmployee, "1", &current, &shoe).await.unwrap_err();
    assert!(matches!(failure, Failure::Refused { status: 500, number: Some(_), .. }), "{failure:?}");
    other.employee.as_mut().unwrap().columns = [("EmAd".to_owned(), "Email_wrk".to_owned())].into();
    let failure = world.client_with(other).read(UpdateConnector::KnEmployee, "1").await.unwrap_err();
    assert_eq!(failure.to_string(), "the GetConnector T4E_HelloID_Users_v2 has no column Email_wrk");
    world.afas.emulator.edit(crate::support::USERS, |rows| rows[1]["Medewerker"] = "1".into());
    let failure = world.client().read(UpdateConnector::KnEmployee, "1").await.unwrap_err();
    assert!(matches!(failure, Failure::SeveralRows { .. }), "{failure:?}");
    assert_eq!(world.client().read(UpdateConnector::KnEmployee, "1,2").await, Err(Failure::UnfitKey));
    assert_eq!(world.client().read(UpdateConnector::KnEmployee, "3").await, Ok(None));
}

#[tokio::test]
async fn the_run_ends_in_time_and_leaves_the_rest_listed() {
    let world = World::of(3);
    for n in 1..=3 {
        world.want(&n.to_string(), wish(&n.to_string(), &format!("{n}@example.test"))).await;
    }
    let afas = world.client();
    let run = write_back::Run {
        afas: &afas,
        write_backs: &world.write_backs,
        wishes: &world.wishes,
        clock: &*world.clock,
        on_leaving: OnLeaving::Clear,
        token: "late",
        deadline: ports::Clock::now(&*world.clock),
    };
    let report = write_back::run(&run).await.unwrap();
    assert_eq!(report, Report { more: true, ..Report::default() });
    assert_eq!(world.run().await.written, 6);
}
