//! What no shipped definition uses: other kinds of paging, bodies, log-ins and requests, each against a scripted system.

use std::sync::Mutex;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use source_emulators::{Emulator, keys, request};
use sources::Want;

use crate::support::World;

type Script = Box<dyn Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync>;

/// A system that is a function.
pub(crate) struct Scripted(pub(crate) Mutex<Script>);

impl Emulator for Scripted {
    fn serves(&self, host: &str) -> bool {
        host.ends_with("hr.test")
    }

    fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        (self.0.lock().unwrap())(request)
    }
}

/// A system over a definition whose parts, as YAML, are given; the rest is the plainest.
pub(crate) fn scripted(
    auth: &str,
    stream: &str,
    rest: &str,
    script: impl Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
) -> World<Scripted> {
    let yaml = format!(
        "connection: {{ base: 'https://hr.test/api' }}
auth: {{ secret: hr, {auth} }}
streams:
  - {{ name: people, key: [id], {stream} }}
{rest}
absence: leaver
person: {{ id: row.id, name: {{ familyName: row.name }} }}
"
    );
    let secret = json!({ "key": "k", "clientId": "a b", "clientSecret": "c:d", "privateKey": keys::PRIVATE,
        "certificate": keys::CERTIFICATE, "user": "u" });
    World::new(&yaml, secret, |_| Scripted(Mutex::new(Box::new(script))))
}

const KEY: &str = "headers: [{ name: X-Api-Key, field: key }]";
const JOIN: &str = "join: { rows: people }";

fn person(id: usize) -> Value {
    json!({ "id": id, "name": format!("N{id}") })
}

fn people(ids: std::ops::RangeInclusive<usize>) -> Value {
    ids.map(person).collect()
}

async fn count(world: &World<Scripted>) -> usize {
    world.everything().await.persons().len()
}

#[tokio::test]
async fn cursors_in_the_query_and_in_the_body() {
    let answer = |cursor: Option<&str>| {
        let (rows, next) = match cursor {
            None => (people(1..=2), json!("c&1")),
            Some("c&1") => (people(3..=4), json!("c2")),
            Some("c2") => (people(5..=5), Value::Null),
            Some(_) => return request::empty(400),
        };
        request::json(200, &json!({ "items": rows, "page": { "next": next } }))
    };
    let stream = "get: people, rows: items, paging: { by: cursor, parameter: after, value: page/next, sizeParameter: n, size: 2 }";
    let world = scripted(KEY, stream, JOIN, move |asked| {
        assert_eq!(request::header(asked, "x-api-key"), "k");
        answer(request::parameter(asked, "after").as_deref())
    });
    assert_eq!(count(&world).await, 5);
    let queries: Vec<_> = world.system.take_log().into_iter().map(|asked| asked.query).collect();
    assert_eq!(queries, ["n=2", "after=c&1&n=2", "after=c2&n=2"]);

    let stream = "post: search, body: { fields: [id] }, rows: items, paging: { by: cursor, in: body, parameter: after, value: page/next }";
    let world = scripted(KEY, stream, JOIN, move |asked| {
        let body: Value = serde_json::from_slice(asked.body()).unwrap();
        assert_eq!((asked.method().as_str(), &body["fields"]), ("POST", &json!(["id"])));
        answer(body["after"].as_str())
    });
    assert_eq!(count(&world).await, 5);
}

#[tokio::test]
async fn a_cursor_out_of_a_link() {
    let stream = "get: people, rows: items, paging: { by: cursor, parameter: t, value: next, fromLink: $token }";
    for (link, told) in [
        ("https://inside/x?a=1&$token=c%261&b=2", None),
        ("/x?%24token=c%261", None),
        ("https://inside/x?token=1", Some("the answer is malformed: the address at next has no $token")),
        ("c&1", Some("the answer is malformed: the address at next has no $token")),
    ] {
        let world = scripted(KEY, stream, JOIN, move |asked| match request::parameter(asked, "t").as_deref() {
            None => request::json(200, &json!({ "items": people(1..=2), "next": link })),
            Some("c&1") => request::json(200, &json!({ "items": people(3..=3) })),
            Some(_) => request::empty(400),
        });
        match told {
            None => assert_eq!(count(&world).await, 3),
            Some(told) => assert!(world.everything().await.fault().to_string().ends_with(told), "{link}"),
        }
    }
}

#[tokio::test]
async fn a_cursor_that_does_not_move_is_a_circle() {
    let stream = "get: people, rows: items, paging: { by: cursor, parameter: after, value: next }";
    let page = Mutex::new(0);
    let world = scripted(KEY, stream, JOIN, move |_| {
        let mut page = page.lock().unwrap();
        *page += 1;
        request::json(200, &json!({ "items": people(*page..=*page), "next": "same" }))
    });
    let told = world.everything().await.fault().to_string();
    assert_eq!(told, "stream people, page 2: the page was read already, the source goes in a circle");
}

#[tokio::test]
async fn link_headers() {
    let world = scripted(KEY, "get: users, paging: { by: link, sizeParameter: limit, size: 2 }", JOIN, |asked| {
        let mut answer = match request::parameter(asked, "after").as_deref() {
            None => request::json(200, &people(1..=2)),
            _ => request::json(200, &people(3..=3)),
        };
        if request::parameter(asked, "after").is_none() {
            let links = "<https://hr.test/api/users?limit=2>; rel=\"self\", </api/users?after=2&limit=2>; rel=\"next\"";
            answer.headers_mut().insert("link", links.parse().unwrap());
        }
        answer
    });
    assert_eq!(count(&world).await, 3);
}

#[tokio::test]
async fn page_numbers_and_what_ends_them() {
    for (setting, ends) in
        [("size: 2", 2), ("stop: emptyPage", 3), ("more: more", 2), ("pages: pages", 2), ("stop: total", 2)]
    {
        let stream = format!(
            "get: people, rows: items, total: all, paging: {{ by: page, parameter: page, start: 0, {setting} }}"
        );
        let world = scripted(KEY, &stream, JOIN, |asked| {
            let page: usize = request::parameter(asked, "page").unwrap().parse().unwrap();
            let rows = match page {
                0 => people(1..=2),
                1 => people(3..=3),
                _ => json!([]),
            };
            request::json(200, &json!({ "items": rows, "more": page == 0, "pages": 2, "all": 3 }))
        });
        assert_eq!(count(&world).await, 3, "{setting}");
        assert_eq!(world.system.take_log().len(), ends, "{setting}");
    }
}

#[tokio::test]
async fn a_source_that_gives_less_than_it_says_is_incomplete() {
    // The server caps pages at two, below the size asked for: a short page would end the read too early.
    let stream =
        "get: people, rows: items, total: all, paging: { by: offset, parameter: skip, sizeParameter: n, size: 5 }";
    let world = scripted(KEY, stream, JOIN, |_| request::json(200, &json!({ "items": people(1..=2), "all": 4 })));
    let told = world.everything().await.fault().to_string();
    assert_eq!(told, "stream people, page 1: the source says 4 rows, 2 were read");
}

#[tokio::test]
async fn a_request_for_each_row_and_values_of_a_single_row() {
    let rest = "  - { name: jobs, for: people, get: 'people/${item.id}/jobs', rows: jobs, mayBeEmpty: true }
join: { rows: people, with: [{ name: jobs, stream: jobs, as: list }] }";
    let yaml_stream = "get: 'companies/${first.me.company}/people', rows: people";
    let script = |asked: &Request<Bytes>| match asked.uri().path() {
        "/api/me" => request::json(200, &json!({ "company": "a b" })),
        "/api/companies/a%20b/people" => {
            request::json(200, &json!({ "people": [person(1), { "id": "x/../y", "name": "N" }] }))
        }
        "/api/people/1/jobs" => request::json(200, &json!({ "jobs": [{ "job": "j1" }, { "job": "j2" }] })),
        "/api/people/x%2F..%2Fy/jobs" => request::json(200, &json!({ "jobs": [] })),
        path => panic!("{path}"),
    };
    let yaml = format!(
        "connection: {{ base: 'https://hr.test/api' }}
auth: {{ secret: hr, {KEY} }}
streams:
  - {{ name: me, get: me, rows: '.', single: true }}
  - {{ name: people, key: [id], {yaml_stream} }}
{rest}
absence: leaver
person: {{ id: row.id, name: {{ familyName: row.name }}, custom: {{ jobs: \"row.jobs.map(j, j.job)\" }} }}
"
    );
    let mut world = World::new(&yaml, json!({ "key": "k" }), |_| Scripted(Mutex::new(Box::new(script))));
    world.interrupted = true;
    let read = world.everything().await;
    assert_eq!(read.person("1").custom["jobs"], json!(["j1", "j2"]));
    assert_eq!(read.person("x/../y").custom["jobs"], json!([]));
}

#[tokio::test]
async fn csv_xml_and_json_lines() {
    for (stream, content_type, body) in [
        ("get: people, format: csv, delimiter: ';'", "text/csv", "id;name\n1;A\n2;B\n"),
        (
            "get: people, format: jsonl",
            "application/x-ndjson",
            "{\"id\":1,\"name\":\"A\"}\n{\"id\":2,\"name\":\"B\"}\n",
        ),
        (
            "get: people, format: xml, rows: R/P",
            "application/xml; charset=utf-8",
            "<R><P><id>1</id><name>A</name></P><P><id>2</id><name>B</name></P></R>",
        ),
    ] {
        let world = scripted(KEY, stream, JOIN, move |_| request::answer(200, content_type, body));
        assert_eq!(count(&world).await, 2, "{stream}");
        let cut = scripted(KEY, stream, JOIN, move |_| request::answer(200, content_type, &body[..body.len() - 3]));
        assert!(cut.everything().await.fault().to_string().contains("the answer is cut"), "{stream}");
    }
}

#[tokio::test]
async fn kinds_of_log_in() {
    let token = |parameters: &str| format!("{{ tokenUrl: 'https://login.hr.test/token', {parameters} }}");
    type Check = fn(&Request<Bytes>);
    let cases: [(String, Check); 5] = [
        (format!("clientCredentials: {}", token("send: basic, parameters: { scope: x y }")), |asked| {
            // clientId and clientSecret are form-encoded first: a%20b:c%3Ad.
            assert_eq!(request::header(asked, "authorization"), "Basic YSUyMGI6YyUzQWQ=");
            assert_eq!(request::form_parameter(asked, "scope").as_deref(), Some("x y"));
            assert_eq!(request::form_parameter(asked, "client_secret"), None);
        }),
        (format!("clientCredentials: {}", token("send: json, parameters: { tenant_id: t }")), |asked| {
            let body: Value = serde_json::from_slice(asked.body()).unwrap();
            assert_eq!(body, json!({ "grant_type": "client_credentials", "client_id": "a b", "client_secret": "c:d",
                "tenant_id": "t" }));
        }),
        (format!("clientAssertion: {}", token("algorithm: RS256, thumbprint: x5t, audience: 'urn:hr'")), |asked| {
            let assertion = request::form_parameter(asked, "client_assertion").unwrap();
            let header = jsonwebtoken::decode_header(&assertion).unwrap();
            assert_eq!(header.alg, jsonwebtoken::Algorithm::RS256);
            assert_eq!(header.x5t.map(|x5t| x5t.len()), Some(27), "SHA-1 in base64url");
            assert!(header.x5t_s256.is_none());
        }),
        ("session: { url: 'https://login.hr.test/token', fields: { user: user, pass: key }, parameters: { company: c }, token: access_token, header: X-Session, prefix: '' }".to_owned(), |asked| {
            assert_eq!(request::pairs(&String::from_utf8_lossy(asked.body())), [
                ("pass".to_owned(), "k".to_owned()), ("user".to_owned(), "u".to_owned()), ("company".to_owned(), "c".to_owned()),
            ]);
        }),
        ("basic: { userField: user, passwordField: key }, headers: [{ name: Customer, field: key, prefix: 'c-' }]".to_owned(), |_| ()),
    ];
    for (auth, check) in cases {
        let session = auth.starts_with("session");
        let basic = auth.starts_with("basic");
        let world = scripted(&auth, "get: people", JOIN, move |asked| {
            if asked.uri().path() == "/token" {
                check(asked);
                return request::json(200, &json!({ "access_token": "t1", "expires_in": 3600 }));
            }
            let (header, expected) = match (session, basic) {
                (true, _) => ("x-session", "t1"),
                (_, true) => ("authorization", "Basic dTpr"),
                _ => ("authorization", "Bearer t1"),
            };
            assert_eq!(request::header(asked, header), expected);
            assert!(!basic || request::header(asked, "customer") == "c-k");
            request::json(200, &people(1..=2))
        });
        assert_eq!(count(&world).await, 2, "{auth}");
    }
}

#[tokio::test]
async fn nothing_secret_is_in_a_debug_print() {
    let world = scripted(KEY, "get: people", JOIN, |_| request::empty(500));
    let run = world.source.start(None, Want::Everything, ports::Clock::now(&*world.clock));
    let read = world.everything().await;
    let printed = format!("{run:?} {:?} {:?}", read.outcome, world.source);
    assert!(!printed.contains("c:d") && !printed.contains("PRIVATE"), "{printed}");
}

#[tokio::test]
async fn a_saved_run_is_taken_up_only_by_its_own_definition() {
    let world = scripted(KEY, "get: people, paging: { by: page, parameter: p, size: 2 }", JOIN, |asked| {
        let last = request::parameter(asked, "p").as_deref() == Some("2");
        request::json(200, &if last { people(3..=3) } else { people(1..=2) })
    });
    let mut run = world.source.start(None, Want::Everything, ports::Clock::now(&*world.clock));
    run.step(&world.ports).await;
    let saved = run.save();
    assert!(world.source.resume(&saved).is_ok());
    assert_eq!(world.source.resume(&saved[..saved.len() / 2]).unwrap_err(), sources::ResumeError::Malformed);
    assert_eq!(world.source.resume(b"").unwrap_err(), sources::ResumeError::Malformed);
    let other = scripted(KEY, "get: others", JOIN, |_| request::empty(500));
    assert_eq!(other.source.resume(&saved).unwrap_err(), sources::ResumeError::OtherDefinition);
    // A run that lay too long is not gone on with.
    world.clock.advance(std::time::Duration::from_secs(7 * 3600));
    let sources::Step::Done(outcome) = run.step(&world.ports).await else { panic!("it goes on") };
    let sources::End::Incomplete(fault) = outcome.end else { panic!("it is complete") };
    assert_eq!(fault.what, sources::What::TooOld);
}
