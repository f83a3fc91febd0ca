//! Ways of failing midway, over all shipped definitions: whatever happens, the read ends as incomplete with a reason that
//! names the stream, hands out nothing and proves nobody gone; the next read, with the state that was left, heals.

use std::time::Duration;

use ports::Class;
use serde_json::{Value, json};
use source_emulators::{Breakage, Emulator, When};
use sources::{End, Mode, Want};

use crate::support::{Read, World};
use crate::{afas, bamboohr, entra, entra_groups, exact_online, exact_synergy, personio};

/// A system's places for things to go wrong.
struct Target {
    name: &'static str,
    want: Want,
    /// Requests for data; the breakage strikes the second of them too.
    data: &'static str,
    stream: &'static str,
    /// Where the rows are in the answer.
    rows: &'static str,
    paged: bool,
    links: bool,
    total: bool,
    /// Requests for tokens.
    token: Option<&'static str>,
}

/// A way of failing.
struct Way {
    name: &'static str,
    breakage: Breakage,
    /// A part of the reason.
    told: &'static str,
    /// What a retry may do.
    class: Option<Class>,
}

fn way(name: &'static str, breakage: Breakage, told: &'static str) -> Way {
    Way { name, breakage, told, class: None }
}

fn needs_person(name: &'static str, breakage: Breakage, told: &'static str) -> Way {
    Way { class: Some(Class::NeedsPerson), ..way(name, breakage, told) }
}

/// Ways in which a request for data fails, whatever the system.
fn ways() -> Vec<Way> {
    let not_a_row = |document: &mut Value| *first_list(document) = json!([7]);
    let no_rows = |document: &mut Value| *first_list(document) = json!("none");
    let deep = |document: &mut Value| {
        let deep = (0..60).fold(json!(1), |inner, _| json!([inner]));
        *first_list(document) = json!([{ "deep": deep }]);
    };
    let later = Class::RetryAfter(Duration::from_secs(3600));
    vec![
        needs_person("bad request", Breakage::Status(400), "the source answers 400"),
        needs_person("unauthorised for good", Breakage::Status(401), "the source answers 401"),
        needs_person("payment required", Breakage::Status(402), "the source answers 402"),
        needs_person("forbidden", Breakage::Status(403), "the source answers 403"),
        needs_person("not found", Breakage::Status(404), "the source answers 404"),
        needs_person("too large", Breakage::Status(413), "the source answers 413"),
        way("throttled", Breakage::RetryAfter(429, "7".into()), "the source answers 429"),
        Way {
            class: Some(later),
            ..way("throttled for an hour", Breakage::RetryAfter(429, "3600".into()), "the source answers 429")
        },
        way("server error", Breakage::Status(500), "the source answers 500"),
        needs_person("not implemented", Breakage::Status(501), "the source answers 501"),
        way("bad gateway", Breakage::Status(502), "the source answers 502"),
        way("unavailable", Breakage::Status(503), "the source answers 503"),
        way("gateway timeout", Breakage::Status(504), "the source answers 504"),
        Way { class: Some(Class::Retry), ..way("no connection", Breakage::NotSent, "no route to the host") },
        Way { class: Some(Class::Retry), ..way("connection lost", Breakage::Lost, "the connection was closed") },
        Way { class: Some(Class::Retry), ..way("never an answer", Breakage::Never, "there is no answer after") },
        way("cut body", Breakage::Cut, "the answer is cut"),
        way("cut body, told by its length", Breakage::CutWithLength, "the answer is cut: "),
        way("no body", Breakage::NoBody, "the answer is cut: it is empty"),
        way("no content", Breakage::Status(204), "the answer is cut: it is empty"),
        way("a log-in page", Breakage::Html, "there is HTML in place of data"),
        way("a log-in page that says it is JSON", Breakage::HtmlAsJson, "there is HTML in place of data"),
        needs_person(
            "another content type",
            Breakage::Type("text/plain".into()),
            "the answer is no JSON by its content type",
        ),
        needs_person(
            "XML by its type",
            Breakage::Type("application/xml".into()),
            "the answer is no JSON by its content type",
        ),
        needs_person("garbage", Breakage::Garbage, "the answer is malformed: no JSON at line 1"),
        needs_person("an empty object", Breakage::OtherShape(json!({})), "the answer is malformed: there is no"),
        needs_person("a list", Breakage::OtherShape(json!([])), "the answer is malformed: there is no"),
        needs_person(
            "an error with status 200",
            Breakage::OtherShape(json!({ "error": "Jan" })),
            "the answer is malformed: there is no",
        ),
        needs_person("rows that are a text", Breakage::Change(no_rows), "the answer is malformed: there is no list"),
        needs_person(
            "a row that is no object",
            Breakage::Change(not_a_row),
            "the answer is malformed: row 1 is no object",
        ),
        needs_person(
            "a row that is too deep",
            Breakage::Change(deep),
            "the answer is malformed: row 1 is nested deeper",
        ),
        needs_person(
            "a redirect elsewhere",
            Breakage::Redirect("https://elsewhere.test/".into()),
            "another address (a redirect)",
        ),
        needs_person("a redirect to itself", Breakage::Redirect("/".into()), "another address (a redirect)"),
    ]
}

/// Ways of the list of rows and of links.
fn paging_ways(target: &Target) -> Vec<Way> {
    let mut ways = Vec::new();
    if target.paged {
        ways.push(way("a repeated page", Breakage::Repeat, ""));
    }
    if target.links {
        ways.push(needs_person(
            "the next page at another host",
            Breakage::Change(target.elsewhere()),
            "at another host",
        ));
        ways.push(needs_person("the next page without TLS", Breakage::Change(target.plain()), "at another host"));
        ways.push(needs_person("a circle of next pages", Breakage::Change(target.circle()), "in a circle"));
        ways.push(needs_person(
            "a next page that is no text",
            Breakage::Change(target.number()),
            "there is no text at",
        ));
    }
    ways
}

/// The list of rows of any of the systems.
fn first_list(document: &mut Value) -> &mut Value {
    for place in ["/d/results", "/value", "/rows", "/employees", "/data"] {
        if document.pointer(place).is_some() {
            return document.pointer_mut(place).unwrap();
        }
    }
    document
}

fn graph_next(document: &mut Value, link: &str) {
    document["@odata.nextLink"] = json!(link);
    document.as_object_mut().unwrap().remove("@odata.deltaLink");
}

fn exact_next(document: &mut Value, link: &str) {
    document["d"]["__next"] = json!(link);
}

impl Target {
    fn is_graph(&self) -> bool {
        self.rows == "value"
    }

    fn elsewhere(&self) -> fn(&mut Value) {
        if self.is_graph() {
            |document| graph_next(document, "https://graph.microsoft.com.elsewhere.test/v1.0/users")
        } else {
            |document| {
                exact_next(document, "https://start.exactonline.nl@elsewhere.test/api/v1/123456/payroll/Employees");
            }
        }
    }

    fn plain(&self) -> fn(&mut Value) {
        if self.is_graph() {
            |document| graph_next(document, "http://graph.microsoft.com/v1.0/users")
        } else {
            |document| exact_next(document, "http://start.exactonline.nl/api/v1/123456/payroll/Employees")
        }
    }

    fn circle(&self) -> fn(&mut Value) {
        match (self.is_graph(), self.want) {
            (true, Want::Everything) if self.stream == "groups" => |document| {
                first_list(document).as_array_mut().unwrap().clear();
                graph_next(document, "https://graph.microsoft.com/v1.0/groups?$skiptoken=x");
            },
            (true, Want::Everything) if self.stream == "members" => |document| {
                first_list(document).as_array_mut().unwrap().clear();
                let members = "groups/g-sales/transitiveMembers/microsoft.graph.user";
                graph_next(document, &format!("https://graph.microsoft.com/v1.0/{members}?$count=true&$skiptoken=x"));
            },
            (true, Want::Everything) => |document| {
                first_list(document).as_array_mut().unwrap().clear();
                graph_next(document, "https://graph.microsoft.com/v1.0/users?$skiptoken=x");
            },
            (true, Want::Changes) => |document| {
                graph_next(document, "https://graph.microsoft.com/v1.0/users/delta?$deltatoken=latest");
            },
            (false, _) => |document| {
                first_list(document).as_array_mut().unwrap().clear();
                exact_next(document, "https://start.exactonline.nl/api/v1/123456/payroll/Employees?$skiptoken=x");
            },
        }
    }

    fn number(&self) -> fn(&mut Value) {
        if self.is_graph() {
            |document| document["@odata.nextLink"] = json!(7)
        } else {
            |document| document["d"]["__next"] = json!(7)
        }
    }
}

async fn check<E: Emulator + 'static>(
    target: &Target,
    make: impl Fn() -> World<E>,
    change: impl Fn(&World<E>),
) -> usize {
    let mut checked = 0;
    let mut cases: Vec<(Way, &str, usize)> = Vec::new();
    for from in [1, 2] {
        if from == 1 || target.paged {
            cases.extend(ways().into_iter().map(|way| (way, target.data, from)));
        }
    }
    cases.extend(paging_ways(target).into_iter().map(|way| {
        let from = if way.name == "a repeated page" { 2 } else { 1 };
        (way, target.data, from)
    }));
    if target.want == Want::Everything {
        let none: fn(&mut Value) = |document| {
            *first_list(document) = json!([]);
            document.as_object_mut().unwrap().remove("@odata.nextLink");
            if let Some(d) = document.get_mut("d").and_then(Value::as_object_mut) {
                d.remove("__next");
            }
            if let Some(total) = document.pointer_mut("/metadata/total_elements") {
                *total = json!(0);
            }
        };
        cases.push((needs_person("no rows at all", Breakage::Change(none), "there are no rows"), target.data, 1));
    }
    if target.total {
        let shrunk: fn(&mut Value) = |document| document["metadata"]["total_elements"] = json!(3);
        let absent: fn(&mut Value) =
            |document| drop(document["metadata"].as_object_mut().unwrap().remove("total_elements"));
        cases.push((
            way("a total that shrinks", Breakage::Change(shrunk), "the source changed while it was read"),
            target.data,
            2,
        ));
        cases.push((way("no total", Breakage::Change(absent), "there is no number of rows"), target.data, 1));
    }
    if let Some(token) = target.token {
        for (name, breakage, told) in [
            (
                "the log-in is refused",
                Breakage::Refusal(400, json!({ "error": "invalid_client" })),
                "logging in: the answer is 400 (invalid_client)",
            ),
            ("the log-in is unavailable", Breakage::Status(503), "logging in: the answer is 503"),
            ("the log-in is a page", Breakage::Html, "logging in: the answer is no JSON"),
            (
                "the log-in gives no token",
                Breakage::OtherShape(json!({ "ok": true })),
                "logging in: the answer holds no token",
            ),
            ("the log-in gives no answer", Breakage::Never, "logging in: there is no answer"),
            ("the log-in is lost", Breakage::Lost, "logging in: the connection was closed"),
        ] {
            cases.push((way(name, breakage, told), token, 1));
        }
    }
    for (way, holds, from) in cases {
        let place = format!("{}: {} at request {from}", target.name, way.name);
        let world = make();
        let first = world.read(None, Want::Everything).await;
        let whole = first.records.len();
        first.complete();
        change(&world);
        // The log-in is asked again.
        if target.token == Some(holds) {
            world.clock.advance(Duration::from_secs(23 * 3600));
        }
        world.system.break_at(When::from(holds, from), way.breakage);
        let state = first.outcome.state.clone();
        let broken = world.read(Some(state), target.want).await;
        assert!(world.system.heal(), "{place}: nothing was broken");
        let fault = match &broken.outcome.end {
            End::Incomplete(fault) => fault,
            End::Complete { .. } => panic!("{place}: the read is complete"),
        };
        assert!(broken.records.is_empty(), "{place}: something was handed out");
        assert_eq!(fault.stream.as_deref(), Some(target.stream), "{place}");
        let told = fault.to_string();
        assert!(told.starts_with(&format!("stream {}, page ", target.stream)), "{place}: {told}");
        // Exact Online gives no new token while the old one lives.
        let exact = target.name == "exact-online" && way.name.starts_with("unauthorised");
        let reason = if exact { "logging in: the answer is 400 (invalid_request)" } else { way.told };
        assert!(told.contains(reason), "{place}: {told}");
        assert!(
            !told.contains("Jan") && !told.contains("hidden") && !told.contains("elsewhere.test"),
            "{place}: {told}"
        );
        if let Some(class) = way.class {
            assert_eq!(fault.class(), class, "{place}: {told}");
        }
        // The next read asks for the same again.
        world.clock.advance(Duration::from_secs(60));
        let healed = world.read(Some(broken.outcome.state), target.want).await;
        healed.complete();
        assert_healed(target, &healed, whole, &place);
        checked += 1;
    }
    checked
}

fn assert_healed(target: &Target, healed: &Read, whole: usize, place: &str) {
    match target.want {
        Want::Everything => {
            assert_eq!(healed.records.len(), whole, "{place}");
            assert!(healed.present().is_some(), "{place}");
        }
        Want::Changes => {
            assert_eq!((healed.outcome.mode, healed.records.len()), (Mode::Changes, 3), "{place}");
        }
    }
}

const PLAIN: Target = Target {
    name: "",
    want: Want::Everything,
    data: "",
    stream: "",
    rows: "rows",
    paged: true,
    links: false,
    total: false,
    token: None,
};

const GRAPH: Target = Target {
    name: "entra",
    data: "/v1.0/users?",
    stream: "users",
    rows: "value",
    links: true,
    token: Some("/oauth2/"),
    ..PLAIN
};

#[tokio::test]
async fn afas() {
    for (data, stream) in [
        ("T4E_HelloID_Users_v2", "users"),
        ("T4E_HelloID_Employments_v2", "employments"),
        ("T4E_HelloID_OrganizationalUnits_v2", "units"),
    ] {
        let checked = check(&Target { name: "afas", data, stream, ..PLAIN }, afas::world, |_| ()).await;
        assert!(checked > 60, "{checked}");
    }
}

#[tokio::test]
async fn entra_accounts() {
    assert!(check(&GRAPH, entra::world, |_| ()).await > 70);
}

#[tokio::test]
async fn entra_people() {
    assert!(check(&Target { name: "entra-people", ..GRAPH }, entra::people, |_| ()).await > 70);
}

#[tokio::test]
async fn entra_groups() {
    for (data, stream, token) in [
        ("/v1.0/groups?", "groups", GRAPH.token),
        ("/transitiveMembers/", "members", None),
        ("/v1.0/users?", "users", None),
    ] {
        let target = Target { name: "entra-groups", data, stream, token, ..GRAPH };
        let checked = check(&target, entra_groups::world, |_| ()).await;
        assert!(checked > 70, "{checked}");
    }
}

#[tokio::test]
async fn entra_changes() {
    let target = Target { name: "entra, changes", want: Want::Changes, data: "users/delta", token: None, ..GRAPH };
    let change = |world: &World<_>| {
        let entra: &source_emulators::entra::Entra = &world.system.emulator;
        entra.put("id1", json!({ "mail": null }));
        entra.put("id2", json!({ "mail": null }));
        entra.remove("id3", "deleted");
    };
    assert!(check(&target, entra::world, change).await > 60);
}

#[tokio::test]
async fn exact_online() {
    let target = Target {
        name: "exact-online",
        data: "payroll/Employees",
        stream: "employees",
        rows: "d/results",
        links: true,
        token: Some("/oauth2/"),
        ..PLAIN
    };
    assert!(check(&target, exact_online::world, |_| ()).await > 70);
}

#[tokio::test]
async fn bamboohr() {
    let target = Target { name: "bamboohr", data: "reports/custom", stream: "employees", paged: false, ..PLAIN };
    assert!(check(&target, bamboohr::world, |_| ()).await > 30);
}

#[tokio::test]
async fn personio() {
    let target = Target {
        name: "personio",
        data: "company/employees",
        stream: "employees",
        total: true,
        token: Some("/v1/auth"),
        ..PLAIN
    };
    assert!(check(&target, personio::world, |_| ()).await > 70);
}

#[tokio::test]
async fn exact_synergy() {
    let target =
        Target { name: "exact-synergy-rest", data: "REST.svc/Resource", stream: "people", rows: "d/results", ..PLAIN };
    assert!(check(&target, exact_synergy::world, |_| ()).await > 60);
}
