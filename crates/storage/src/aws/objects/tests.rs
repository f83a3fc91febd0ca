//! The signature that AWS shows, addresses, and answers that a real server does not give on demand. What a real server
//! does is in tests/tests/exports.

use std::collections::VecDeque;
use std::sync::Mutex;

use bytes::Bytes;
use http::header::{AUTHORIZATION, IF_MATCH, RANGE};
use http::{Request, Response};
use ports::TransportError;
use ports::clock::ManualClock;
use proptest::prelude::*;

use super::*;

type Answer = Result<Response<Bytes>, TransportError>;

/// Gives prepared answers one after the other, and keeps what it was asked.
#[derive(Default)]
struct Scripted {
    answers: Mutex<VecDeque<Answer>>,
    asked: Mutex<Vec<Request<Bytes>>>,
}

#[async_trait]
impl HttpTransport for Scripted {
    async fn send(&self, request: Request<Bytes>) -> Answer {
        self.asked.lock().unwrap().push(request);
        let lost = || TransportError::Unclear { host: "s3".to_owned(), reason: "lost".to_owned() };
        self.answers.lock().unwrap().pop_front().unwrap_or_else(|| Err(lost()))
    }
}

impl Scripted {
    fn header(&self, number: usize, name: HeaderName) -> String {
        self.asked.lock().unwrap()[number].headers()[name].to_str().unwrap().to_owned()
    }
}

fn s3(answers: impl IntoIterator<Item = Answer>) -> (Arc<Scripted>, S3Objects) {
    let transport = Arc::new(Scripted { answers: Mutex::new(answers.into_iter().collect()), ..Scripted::default() });
    let clock = Arc::new(ManualClock::at("2013-05-24T00:00:00Z".parse().unwrap()));
    let objects = S3Objects::for_emulator("http://127.0.0.1:1/", transport.clone(), clock);
    (transport, S3Objects { piece: 4, most: 12, ..objects })
}

fn part(range: &str, tag: &str, content: &str) -> Answer {
    let answer = Response::builder().status(206).header("content-range", format!("bytes {range}")).header("etag", tag);
    Ok(answer.header("last-modified", "Fri, 24 May 2013 00:00:00 GMT").body(content.to_owned().into()).unwrap())
}

fn no(status: u16, code: &str) -> Answer {
    let body = format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>hush</Message></Error>");
    Ok(Response::builder().status(status).body(body.into()).unwrap())
}

async fn read(answers: impl IntoIterator<Item = Answer>) -> Result<Fetched, ObjectError> {
    s3(answers).1.read("my-exports", "hr/a.csv", None).await
}

fn signer(endpoint: Option<&str>, region: &str) -> Signer {
    let credentials =
        Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", None, None, "example");
    Signer { endpoint: endpoint.map(str::to_owned), region: region.to_owned(), identity: credentials.into() }
}

/// AWS: Signature Calculations for the Authorization Header, example "GET Object".
#[test]
fn the_signature_is_the_one_that_aws_shows() {
    let request = Request::get("https://examplebucket.s3.amazonaws.com/test.txt").header(RANGE, "bytes=0-9");
    let now = "2013-05-24T00:00:00Z".parse().unwrap();
    let signed = signer(None, "us-east-1").sign(request.body(Bytes::new()).unwrap(), now).unwrap();
    assert_eq!(
        signed.headers()[AUTHORIZATION],
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
         SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, \
         Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    );
}

#[test]
fn each_bucket_has_its_address() {
    let address = |endpoint, region, bucket, key| {
        request::get(&signer(endpoint, region), bucket, key, 0, 10).unwrap().uri().to_string()
    };
    assert_eq!(
        address(None, "eu-west-1", "my-exports", "hr/März 1+2.csv"),
        "https://my-exports.s3.eu-west-1.amazonaws.com/hr/M%C3%A4rz%201%2B2.csv"
    );
    assert_eq!(
        address(None, "eu-west-1", "exports.example.com", "a"),
        "https://s3.eu-west-1.amazonaws.com/exports.example.com/a"
    );
    assert_eq!(address(None, "cn-north-1", "abc", "a"), "https://abc.s3.cn-north-1.amazonaws.com.cn/a");
    assert_eq!(address(Some("http://127.0.0.1:9000/"), "eu-west-1", "abc", "//a"), "http://127.0.0.1:9000/abc///a");
    // Whatever stands in a name, only S3 is asked.
    let other = request::get(&signer(None, "eu-west-1"), "evil/#", "a", 0, 10);
    assert!(other.is_none_or(|request| request.uri().host().unwrap().ends_with(".amazonaws.com")));
}

proptest! {
    #[test]
    fn a_key_comes_back_from_its_address(key in "[^.]{1,40}") {
        let request = request::get(&signer(None, "eu-west-1"), "abc", &key, 0, 10).unwrap();
        prop_assert_eq!(request.uri().query(), None);
        let path = &request.uri().path()[1..];
        prop_assert_eq!(percent_encoding::percent_decode_str(path).decode_utf8().unwrap(), key);
        // The client, which reads it again, sends the same; the signature is over it.
        prop_assert!(path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~/%".contains(&byte)));
    }
}

#[tokio::test]
async fn a_large_object_comes_in_pieces_of_one_version() {
    let (asked, objects) =
        s3([part("0-3/9", "\"v1\"", "abcd"), part("4-7/9", "\"v1\"", "efgh"), part("8-8/9", "\"v1\"", "i")]);
    let Ok(Fetched::Object(object)) = objects.read("my-exports", "hr/a.csv", Some("\"v0\"")).await else { panic!() };
    assert_eq!((object.content.as_slice(), object.tag.as_str()), (b"abcdefghi".as_slice(), "\"v1\""));
    assert_eq!(object.modified, Some("2013-05-24T00:00:00Z".parse().unwrap()));
    let ranges: Vec<_> = (0..3).map(|number| asked.header(number, RANGE)).collect();
    assert_eq!(ranges, ["bytes=0-3", "bytes=4-7", "bytes=8-11"]);
    assert_eq!(asked.header(0, IF_NONE_MATCH), "\"v0\"");
    assert_eq!((asked.header(1, IF_MATCH), asked.header(2, IF_MATCH)), ("\"v1\"".to_owned(), "\"v1\"".to_owned()));
    // The condition and the part are signed too.
    assert!(asked.header(1, AUTHORIZATION).contains("SignedHeaders=host;if-match;range;"));
}

#[tokio::test]
async fn an_object_that_changes_under_the_reader_is_not_taken() {
    let first = || part("0-3/9", "\"v1\"", "abcd");
    for second in [no(412, "PreconditionFailed"), part("4-7/9", "\"v2\"", "EFGH"), no(416, "InvalidRange")] {
        let error = read([first(), second]).await.unwrap_err();
        assert!(matches!(error, ObjectError::Replaced { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_lost_answer_costs_a_piece_and_a_cut_one_is_never_taken() {
    let lost = || Err(TransportError::Unclear { host: "s3".to_owned(), reason: "lost".to_owned() });
    let first = || part("0-3/6", "\"v1\"", "abcd");
    let last = || part("4-5/6", "\"v1\"", "ef");
    assert!(read([lost(), no(503, "SlowDown"), first(), last()]).await.is_ok());
    assert!(read([first(), lost(), last()]).await.is_ok());
    assert!(read([part("0-3/6", "\"v1\"", "abc"), first(), last()]).await.is_ok());
    for never in [
        lost as fn() -> Answer,
        || no(500, "InternalError"),
        || part("0-3/6", "\"v1\"", "abc"),
        || part("4-5/6", "\"v1\"", "ef"),
    ] {
        let (asked, objects) = s3(std::iter::repeat_with(never).take(9));
        let error = objects.read("my-exports", "hr/a.csv", None).await.unwrap_err();
        assert!(matches!(error, ObjectError::Unavailable { .. }), "{error}");
        assert_eq!(error.class(), ports::Class::Retry);
        assert_eq!(asked.asked.lock().unwrap().len(), TRIES as usize);
    }
}

#[tokio::test]
async fn too_large_and_empty_objects_are_said() {
    let error = read([part("0-3/13", "\"v1\"", "abcd")]).await.unwrap_err();
    assert_eq!(error, ObjectError::TooLarge { object: "s3://my-exports/hr/a.csv".to_owned(), bytes: 13 });
    assert!(matches!(read([no(416, "InvalidRange")]).await, Err(ObjectError::Empty { .. })));
    let whole =
        |content: &str| Ok(Response::builder().header("etag", "\"v\"").body(content.to_owned().into()).unwrap());
    assert!(matches!(read([whole("")]).await, Err(ObjectError::Empty { .. })));
    // From a server that knows no ranges.
    assert!(matches!(read([whole("abcdefgh")]).await, Ok(Fetched::Object(object)) if object.content == b"abcdefgh"));
    assert!(matches!(read([whole("abcdefghijklm")]).await, Err(ObjectError::TooLarge { bytes: 13, .. })));
}

#[tokio::test]
async fn refusals_are_told_apart_by_what_heals_them() {
    let error = |answer| async { read([answer]).await.unwrap_err() };
    assert!(matches!(error(no(404, "NoSuchKey")).await, ObjectError::Missing { .. }));
    let denied = error(no(403, "AccessDenied")).await;
    assert!(matches!(&denied, ObjectError::Denied { reason, .. } if reason == "403 AccessDenied"), "{denied}");
    assert!(!denied.to_string().contains("hush"));
    assert!(
        matches!(error(no(404, "NoSuchBucket")).await, ObjectError::Refused { reason, .. } if reason.ends_with("NoSuchBucket"))
    );
    assert!(matches!(error(no(400, "InvalidArgument")).await, ObjectError::Refused { .. }));
    // A proxy's own page.
    let page = Ok(Response::builder().status(403).body(Bytes::from_static(b"<html>\xff")).unwrap());
    assert!(matches!(error(page).await, ObjectError::Denied { reason, .. } if reason == "403 no code"));
}

#[tokio::test]
async fn a_bucket_of_another_region_is_said() {
    let from = |status: u16, region: Option<&str>| {
        let mut answer = Response::builder().status(status);
        if let Some(region) = region {
            answer = answer.header("x-amz-bucket-region", region);
        }
        answer.body(Bytes::from_static(b"<Error><Code>PermanentRedirect</Code></Error>")).unwrap()
    };
    for (status, region) in
        [(301, Some("eu-central-1")), (301, None), (400, Some("eu-central-1")), (307, Some("eu-central-1"))]
    {
        let error = read([Ok(from(status, region))]).await.unwrap_err();
        let ObjectError::OtherRegion { asked, region: said, .. } = error else { panic!("{error}") };
        assert_eq!((asked.as_str(), said.as_deref()), (super::super::EMULATOR_REGION, region));
    }
    let own = read([Ok(from(400, Some(super::super::EMULATOR_REGION)))]).await;
    assert!(matches!(own, Err(ObjectError::Refused { .. })), "{own:?}");
}
