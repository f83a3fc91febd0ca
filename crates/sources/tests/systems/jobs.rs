//! Systems that hand out people as files made by a job.

use std::time::Duration;

use ports::{Class, Clock as _};
use serde_json::{Value, json};
use source_emulators::exports::{Exports, Format};
use source_emulators::{Breakage, When};
use sources::{Definition, Step, Want, What};

use crate::support::{Read, World};

const YAML: &str = "
connection:
  base: https://api.exports.test/v1
  headers: { X-Customer: acme }
auth:
  secret: exports
  headers: [{ name: X-Api-Key, field: key }]
streams:
  - name: people
    post: exports
    body: { kind: people }
    job:
      status: { get: 'exports/${job.export.id}' }
      state: status
      done: [completed]
      failed: [failed, cancelled]
      files: files
      url: href
      hosts: [files.exports.test]
      pause: 10
      polls: 20
    format: jsonl
    key: [id]
    total: rows
join: { rows: people }
absence: leaver
person: { id: row.id, name: { familyName: row.name } }
";

fn rows(count: usize) -> Vec<Value> {
    (1..=count).map(|n| json!({ "id": n.to_string(), "name": format!("N{n}") })).collect()
}

fn world_of(yaml: &str) -> World<Exports> {
    let world = World::new(yaml, json!({ "key": "hidden" }), |clock| Exports::new("hidden", clock));
    world.system.emulator.put(rows(5));
    world
}

fn world() -> World<Exports> {
    world_of(YAML)
}

fn ids(read: &Read) -> Vec<&str> {
    read.persons().into_iter().map(|person| person.id.as_str()).collect()
}

#[tokio::test]
async fn the_files_of_a_job_become_persons() {
    for interrupted in [false, true] {
        let mut world = world();
        world.interrupted = interrupted;
        let read = world.everything().await;
        assert_eq!(ids(&read), ["1", "2", "3", "4", "5"]);
        assert_eq!((read.outcome.report.rows[0].1, read.present().map(sources::Present::len)), (5, Some(5)));
        let log = world.system.take_log();
        let asked: Vec<_> =
            log.iter().map(|asked| (asked.method.as_str(), asked.path.as_str(), asked.status)).collect();
        let (begin, rest) = asked.split_first().unwrap();
        assert_eq!(*begin, ("POST", "api.exports.test/v1/exports", 202));
        let (looks, files): (Vec<_>, Vec<_>) = rest.iter().partition(|(_, path, _)| path.starts_with("api."));
        assert_eq!(looks, [("GET", "api.exports.test/v1/exports/1", 200); 6], "every ten seconds for a minute");
        assert_eq!(
            files.iter().map(|(_, path, _)| *path).collect::<Vec<_>>(),
            ["files.exports.test/1/1", "files.exports.test/1/2", "files.exports.test/1/3"]
        );
        assert_eq!((world.system.emulator.begun(), read.outcome.report.requests), (1, 10), "resumed runs go on");
    }
}

#[tokio::test]
async fn files_of_all_formats_and_all_ways_to_the_state() {
    for (format, setting) in
        [(Format::JsonLines, "jsonl"), (Format::Csv, "csv"), (Format::Json, "json\n    rows: people")]
    {
        for status in ["get: 'exports/${job.export.id}'", "value: export/link", "header: Operation-Location"] {
            let yaml = YAML.replace("format: jsonl", &format!("format: {setting}"));
            let world = world_of(&yaml.replace("get: 'exports/${job.export.id}'", status));
            world.system.emulator.format(format);
            assert_eq!(world.everything().await.persons().len(), 5, "{setting} {status}");
        }
    }
}

#[tokio::test]
async fn a_long_pause_is_left_to_the_caller_and_survives_it() {
    let world = world_of(&YAML.replace("pause: 10", "pause: 300"));
    world.system.emulator.takes(500);
    let mut run = world.source.start(None, Want::Everything, world.clock.now());
    let (mut waits, mut records) = (0, 0);
    let outcome = loop {
        match run.step(&world.ports).await {
            Step::Going(more) => records += more.len(),
            Step::Wait(time, fault) => {
                assert_eq!((time, &fault.what), (Duration::from_secs(300), &What::JobRunning));
                assert_eq!(fault.to_string(), "stream people, page 1: the job that makes the files is not done");
                waits += 1;
                world.clock.advance(time);
            }
            Step::Done(outcome) => break outcome,
        }
        run = world.source.resume(&run.save()).unwrap();
    };
    assert!(matches!(outcome.end, sources::End::Complete { present: Some(_) }));
    assert_eq!((waits, records, world.system.emulator.begun()), (2, 5, 1));
}

#[tokio::test]
async fn many_pauses_are_no_sign_of_a_fault() {
    let world = world_of(&YAML.replace("pause: 10", "pause: 60"));
    world.system.emulator.takes(15 * 60);
    world.everything().await.complete();
}

#[tokio::test]
async fn a_job_that_fails_or_never_ends_is_an_incomplete_read() {
    let world = world();
    world.system.emulator.fails(true);
    let fault = world.everything().await.fault().clone();
    assert_eq!(fault.to_string(), "stream people, page 1: the job that makes the files ended as `failed`");
    assert_eq!(fault.class(), Class::RetryAfter(Duration::from_secs(300)));
    world.system.emulator.fails(false);
    world.system.emulator.takes(100_000);
    let fault = world.everything().await.fault().clone();
    assert_eq!(fault.what, What::JobTooLong(20));
    world.system.emulator.takes(60);
    world.everything().await.complete();
    assert_eq!(world.system.emulator.begun(), 3, "each read begins its own");
}

#[tokio::test]
async fn files_are_read_only_where_the_definition_says() {
    for hosts in ["other.exports.test", "exports.test", "files.exports.test:8443", "files.exports.test.elsewhere.test"]
    {
        let world = world_of(&YAML.replace("hosts: [files.exports.test]", &format!("hosts: ['{hosts}']")));
        let fault = world.everything().await.fault().clone();
        assert_eq!(fault.what, What::Elsewhere("a file is at a host that is not in hosts"), "{hosts}");
        assert!(world.system.take_log().iter().all(|asked| asked.path.starts_with("api.")), "{hosts}");
    }
    let addresses: [fn(&mut Value); 4] = [
        |answer| answer["files"][0]["href"] = json!("http://files.exports.test/1/1?signature=made-up"),
        |answer| answer["files"][0]["href"] = json!("https://u:p@files.exports.test/1/1?signature=made-up"),
        |answer| answer["files"][0]["href"] = json!("https://files.exports.test@elsewhere.test/1/1"),
        |answer| answer["files"][0]["href"] = json!("file:///etc/passwd"),
    ];
    for address in addresses {
        let world = world();
        world.system.emulator.takes(5);
        world.system.break_at(When::from("v1/exports/", 1), Breakage::Change(address));
        let fault = world.everything().await.fault().clone();
        assert_eq!(fault.what, What::Elsewhere("a file is at a host that is not in hosts"));
        assert!(!fault.to_string().contains("signature"));
    }
    // The service's own host is asked with the key: it refuses files, but knows who asks.
    let world = world();
    world.system.emulator.takes(5);
    let own: fn(&mut Value) = |answer| answer["files"][0]["href"] = json!("/v1/files/1");
    world.system.break_at(When::from("v1/exports/", 1), Breakage::Change(own));
    assert!(world.everything().await.fault().to_string().contains("the source answers 404"));
}

#[tokio::test]
async fn every_way_of_failing_leaves_nothing_half() {
    let listed = |change: fn(&mut Value)| Breakage::Change(change);
    let mut cases: Vec<(&str, usize, Breakage, &str)> = Vec::new();
    for holds in ["v1/exports", "v1/exports/", "files.exports.test"] {
        // The second of these requests is the first question, or the second question, or the second file.
        for from in [1, 2] {
            cases.extend([
                (holds, from, Breakage::Status(403), "the source answers 403"),
                (holds, from, Breakage::Status(404), "the source answers 404"),
                (holds, from, Breakage::Status(503), "the source answers 503"),
                (holds, from, Breakage::RetryAfter(429, "3600".into()), "the source answers 429"),
                (holds, from, Breakage::Lost, "the connection was closed"),
                (holds, from, Breakage::Never, "there is no answer after"),
                (holds, from, Breakage::Cut, ""),
                (holds, from, Breakage::CutWithLength, "the answer is cut"),
                (holds, from, Breakage::NoBody, "the answer is cut: it is empty"),
                (holds, from, Breakage::Html, "there is HTML in place of data"),
                (holds, from, Breakage::Redirect("https://elsewhere.test/".into()), "another address (a redirect)"),
                (holds, from, Breakage::Garbage, "the answer is "),
            ]);
        }
    }
    cases.extend([
        ("v1/exports", 1, Breakage::OtherShape(json!({})), "the request can't be made"),
        ("v1/exports", 1, Breakage::OtherShape(json!({ "export": { "id": "../x" } })), "the source answers 404"),
        ("v1/exports/", 1, Breakage::OtherShape(json!({ "state": "Jan" })), "there is no state of the job at status"),
        ("v1/exports/", 6, listed(|answer| answer["files"] = Value::Null), "there is no address of a file at files"),
        (
            "v1/exports/",
            6,
            listed(|answer| answer["files"][1]["href"] = json!(7)),
            "there is no address of a file at files: href",
        ),
        ("v1/exports/", 6, listed(|answer| answer["files"][1] = answer["files"][0].clone()), "in a circle"),
        ("v1/exports/", 6, listed(|answer| answer["files"] = json!([])), "the source says 5 rows, 0 were read"),
        ("v1/exports/", 6, listed(|answer| answer["rows"] = json!(6)), "the source says 6 rows, 5 were read"),
        ("v1/exports/", 6, listed(|answer| answer["rows"] = Value::Null), "there is no number of rows at rows"),
        ("files.exports.test", 2, Breakage::Repeat, "a row came on an earlier page already"),
        ("files.exports.test", 3, Breakage::Status(401), "the source answers 401"),
    ]);
    for (holds, from, breakage, told) in cases {
        let place = format!("{holds} {from} {breakage:?}");
        let world = world();
        let first = world.everything().await;
        first.complete();
        world.system.take_log();
        let once = matches!(breakage, Breakage::OtherShape(_));
        world.system.break_at(if once { When::once(holds, from) } else { When::from(holds, from) }, breakage);
        let broken = world.read(Some(first.outcome.state), Want::Everything).await;
        assert!(world.system.heal(), "{place}: nothing was broken");
        let fault = broken.fault().to_string();
        assert!(fault.starts_with("stream people, page ") && fault.contains(told), "{place}: {fault}");
        assert!(
            !fault.contains("signature") && !fault.contains("Jan") && !fault.contains("hidden"),
            "{place}: {fault}"
        );
        world.clock.advance(Duration::from_secs(60));
        let healed = world.read(Some(broken.outcome.state), Want::Everything).await;
        assert_eq!((healed.records.len(), healed.present().is_some()), (5, true), "{place}");
    }
}

#[test]
fn what_is_wrong_with_a_job_is_told_with_its_place() {
    for (from, to, told) in [
        ("done: [completed]", "done: []", "13:7: done names the states"),
        ("done: [completed]", "done: [failed]", "13:7: done names the states"),
        ("polls: 20", "polls: 0", "13:7: polls must be at least 1"),
        ("{ get: 'exports/${job.export.id}' }", "{ query: { a: b } }", "13:15: status has exactly one of"),
        ("get: 'exports/${job.export.id}'", "value: a, header: B", "13:15: status has exactly one of"),
        ("get: 'exports/${job.export.id}'", "get: 'exports/${jobs.id}'", "13:22: in ${…} at 1:1: "),
        ("[files.exports.test]", "['https://files.exports.test']", "19:15: a host's name is needed"),
        ("[files.exports.test]", "['*.exports.test']", "19:15: a host's name is needed"),
        ("[files.exports.test]", "['files.exports.test/x']", "19:15: a host's name is needed"),
        ("[files.exports.test]", "['u@files.exports.test']", "19:15: a host's name is needed"),
        ("    key: [id]", "    key: [id]\n    paging: { by: link }", "13:7: a stream with a job has neither"),
    ] {
        assert!(YAML.contains(from), "{from}");
        let problems = Definition::parse("s.yaml", &YAML.replace(from, to)).unwrap_err();
        let problem = problems.first().unwrap().to_string();
        assert!(problem.starts_with(&format!("s.yaml:{told}")), "{to}: {problem}");
    }
}
