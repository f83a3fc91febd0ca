use std::sync::Arc;

use domain::{PersonId, RecordId, SourceName};
use jiff::Timestamp;
use ports::clock::ManualClock;
use storage::Embedded;

use super::*;

fn reads() -> SourceReads {
    SourceReads::new(Arc::new(Embedded::in_memory(Arc::new(ManualClock::at(at(0)))).unwrap()))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn source(name: &str) -> SourceName {
    SourceName::parse(name).unwrap()
}

#[tokio::test]
async fn a_burst_is_told_once_until_the_read_has_begun() {
    let (reads, hr) = (reads(), source("hr"));
    assert!(reads.want(&hr, false, at(0)).await.unwrap());
    assert!(!reads.want(&hr, false, at(1)).await.unwrap());
    // Everything is more than what was told.
    assert!(reads.want(&hr, true, at(2)).await.unwrap());
    assert!(!reads.want(&hr, false, at(3)).await.unwrap());
    // The message may be lost.
    assert!(reads.want(&hr, false, at(200)).await.unwrap());
    let mark = reads.wanted(&hr).await.unwrap().unwrap();
    assert!(mark.value.everything);
    assert!(reads.clear_wanted(&hr, &mark).await.unwrap());
    assert!(reads.want(&hr, false, at(201)).await.unwrap());
    // What came after the read had begun stays.
    assert!(!reads.clear_wanted(&hr, &mark).await.unwrap());
    let mark = reads.wanted(&hr).await.unwrap().unwrap();
    let taken = reads.take_up(&hr, mark).await.unwrap();
    assert!(reads.want(&hr, false, at(202)).await.unwrap(), "a moment later, but the read has begun");
    assert!(!reads.want(&hr, false, at(203)).await.unwrap());
    assert!(!reads.clear_wanted(&hr, &taken).await.unwrap());
    assert!(reads.wanted(&hr).await.unwrap().is_some());
}

#[tokio::test]
async fn a_large_read_is_saved_in_pieces_and_forgotten() {
    let (reads, hr) = (reads(), source("hr"));
    let content: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    let old = reads.save(&hr, "a", false, &content).await.unwrap();
    let new = reads.save(&hr, "b", true, &content[..10]).await.unwrap();
    assert_eq!((old.pieces, new.pieces), (6, 1));
    assert_eq!(reads.saved(&hr, &old).await.unwrap().unwrap(), content);
    reads.forget_saved(&hr, Some(&new)).await.unwrap();
    assert_eq!(reads.saved(&hr, &old).await.unwrap(), None);
    assert_eq!(reads.saved(&hr, &new).await.unwrap().unwrap(), content[..10]);
    reads.forget_saved(&hr, None).await.unwrap();
    assert_eq!(reads.saved(&hr, &new).await.unwrap(), None);
}

#[tokio::test]
async fn absent_records_are_kept_by_source() {
    let reads = reads();
    let absent = |name: &str, record: &str, second| AbsentRecord {
        source: source(name),
        record: RecordId::parse(record).unwrap(),
        person: PersonId::parse("p").unwrap(),
        since: at(second),
    };
    assert!(reads.hold(&absent("hr", "1", 5)).await.unwrap());
    assert!(!reads.hold(&absent("hr", "1", 9)).await.unwrap());
    assert!(reads.hold(&absent("hr-2", "1", 6)).await.unwrap());
    assert_eq!(reads.held(&source("hr")).await.unwrap(), [absent("hr", "1", 5)]);
    assert_eq!(reads.all_held().await.unwrap().len(), 2);
    reads.release(&source("hr"), &RecordId::parse("1").unwrap()).await.unwrap();
    assert_eq!(reads.all_held().await.unwrap(), [absent("hr-2", "1", 6)]);
}

#[test]
fn requests_are_read_back() {
    let request = ReadRequest::decode(r#"{"source":"hr"}"#).unwrap();
    assert_eq!(request, ReadRequest { source: source("hr"), everything: false, by_hand: false });
    assert!(ReadRequest::decode(r#"{"person":"x"}"#).is_err());
}
