use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::*;
use crate::bookmark::{FullBecause, Position};
use crate::controls::Next;
use crate::definition::tests::definition;
use crate::directory::{Answer, Depth};
use crate::entry::Entry;
use crate::error::Refusal;
use crate::record::tests::{moment, schema};
use crate::scripted::{Scripted, entry};

/// Shared with the test, which looks at what was asked.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Scripted>>);

impl Shared {
    fn set(&self, prepare: impl FnOnce(&mut Scripted)) {
        prepare(&mut self.0.lock().unwrap());
    }

    fn searches(&self) -> Vec<Search> {
        self.0.lock().unwrap().searches().to_vec()
    }
}

#[async_trait]
impl Directory for Shared {
    async fn search(&mut self, search: &Search) -> Result<Answer, AdError> {
        // The schema is asked for first, always the same way.
        if search.base.starts_with("CN=Schema") {
            let filter = ["objectClass", "objectCategory"];
            let entries = crate::definition::ATTRIBUTES.iter().chain(&filter).map(|name| described(name)).collect();
            return Ok(Answer { entries, ..Answer::default() });
        }
        let mut scripted = std::mem::take(&mut *self.0.lock().unwrap());
        let answer = scripted.search(search).await;
        *self.0.lock().unwrap() = scripted;
        answer
    }
}

fn described(name: &str) -> Entry {
    let is_time = schema().of(name).is_some_and(|kind| kind.syntax == crate::schema::Syntax::Time);
    let syntax = if is_time { "2.5.5.11" } else { "2.5.5.12" };
    entry(&key(0), &[("lDAPDisplayName", &[name]), ("isSingleValued", &["TRUE"]), ("attributeSyntax", &[syntax])])
}

fn key(n: u8) -> String {
    format!("00000000-0000-0000-0000-0000000000{n:02x}")
}

fn user(n: u8) -> Entry {
    entry(&key(n), &[("userAccountControl", &["512"]), ("objectClass", &["top", "user"])])
}

fn root(usn: u64) -> Root {
    Root {
        domain: "DC=x".to_owned(),
        schema: "CN=Schema,DC=x".to_owned(),
        usn,
        invocation: Guid::from_bytes(b"0123456789abcdef"),
    }
}

async fn reader(directory: &Shared, definition: &Definition, ask: Ask) -> Reader {
    let server = definition.servers[0].clone();
    Reader::over(Box::new(directory.clone()), root(700), server, definition, ask, moment()).await.unwrap()
}

async fn to_end(reader: &mut Reader) -> Result<(Vec<Page>, Done), AdError> {
    let mut pages = Vec::new();
    loop {
        match reader.next().await? {
            Step::Page(page) => pages.push(page),
            Step::Done(done) => return Ok((pages, *done)),
        }
    }
}

fn present(pages: &[Page]) -> Vec<String> {
    let changes = pages.iter().flat_map(|page| &page.changes);
    changes
        .filter_map(|change| match change {
            Change::Present(record) => Some(record.key.to_string()),
            Change::Gone { .. } => None,
        })
        .collect()
}

fn gone(pages: &[Page]) -> Vec<(String, Gone)> {
    let changes = pages.iter().flat_map(|page| &page.changes);
    changes
        .filter_map(|change| match change {
            Change::Gone { key, why } => Some((key.to_string(), *why)),
            Change::Present(_) => None,
        })
        .collect()
}

fn busy() -> AdError {
    AdError::Busy(Refusal { code: 51, words: String::new() })
}

fn dirsync_bookmark(definition: &Definition) -> Bookmark {
    Bookmark::new(definition, &definition.servers[0], &moment(), Position::dirsync(b"old"))
}

const TOMBSTONE: u8 = 99;

#[tokio::test]
async fn a_full_read_gives_every_page_and_proves_itself_at_the_end() {
    let definition = definition("  incremental: none\n");
    let directory = Shared::default();
    directory.set(|script| {
        script.page(vec![user(1), user(2)], Next::Page(vec![1]));
        script.gives(Ok(Answer {
            entries: vec![user(3)],
            referrals: vec!["ldap://x/CN=Configuration,DC=x".to_owned()],
            next: Some(Next::Page(vec![])),
        }));
    });
    let mut reader = reader(&directory, &definition, Ask::Full(None)).await;
    let (pages, done) = to_end(&mut reader).await.unwrap();
    assert_eq!(present(&pages), [key(1), key(2), key(3)]);
    assert_eq!(pages.len(), 2);
    assert!(done.proves_absence() && done.bookmark.is_none());
    assert_eq!((done.read, done.referrals.len()), (3, 1));
    let searches = directory.searches();
    assert_eq!(searches[0].filter.as_str(), "(&(objectCategory=person)(objectClass=user))");
    assert_eq!(searches[1].controls[1], Control::Paged { size: 500, cookie: vec![1] });
    assert_eq!((searches[1].base.as_str(), searches[1].depth), ("OU=People,DC=x", Depth::Tree));
}

#[tokio::test]
async fn any_failure_leaves_a_read_incomplete_for_good() {
    let cut = AdError::LimitReached(Refusal { code: 4, words: String::new() });
    for error in [cut, busy()] {
        let definition = definition("  incremental: none\n");
        let directory = Shared::default();
        directory.set(|script| {
            script.page(vec![user(1)], Next::Page(vec![1]));
            script.gives(Err(error.clone()));
        });
        let mut reader = reader(&directory, &definition, Ask::Full(None)).await;
        assert!(matches!(reader.next().await, Ok(Step::Page(_))));
        assert_eq!(reader.next().await, Err(error));
        assert_eq!(reader.next().await, Err(AdError::Stopped));
    }
}

#[tokio::test]
async fn a_page_that_does_not_say_whether_it_is_the_last_is_no_end() {
    let definition = definition("  incremental: none\n");
    let directory = Shared::default();
    directory.set(|script| script.answers(vec![user(1)]));
    let mut reader = reader(&directory, &definition, Ask::Full(None)).await;
    assert!(matches!(reader.next().await, Err(AdError::Malformed(_))));
}

#[tokio::test]
async fn an_empty_directory_proves_nothing() {
    let definition = definition("  incremental: none\n");
    let directory = Shared::default();
    directory.set(|script| script.page(vec![], Next::Page(vec![])));
    let mut reader = reader(&directory, &definition, Ask::Full(None)).await;
    let (_, done) = to_end(&mut reader).await.unwrap();
    assert!(!done.proves_absence());
}

#[tokio::test]
async fn a_record_that_cannot_be_used_is_there_all_the_same() {
    let definition = definition("  incremental: none\n");
    let directory = Shared::default();
    let odd = entry(&key(2), &[("mail", &["a@x"])]);
    directory.set(|script| script.page(vec![user(1), odd, user(1)], Next::Page(vec![])));
    let mut reader = reader(&directory, &definition, Ask::Full(None)).await;
    let (pages, done) = to_end(&mut reader).await.unwrap();
    assert_eq!(pages[0].refused[0].key.to_string(), key(2));
    assert_eq!(pages[0].refused[0].error.path, "userAccountControl");
    assert_eq!((done.read, done.refused), (1, 1));
}

#[tokio::test]
async fn the_first_full_read_takes_its_bookmark_before_it_reads_anybody() {
    let definition = definition("");
    let directory = Shared::default();
    directory.set(|script| {
        script.page(vec![user(TOMBSTONE)], Next::Page(vec![]));
        script.page(vec![user(1)], Next::DirSync { more: true, cookie: vec![1] });
        script.page(vec![user(2)], Next::DirSync { more: false, cookie: vec![2] });
        script.page(vec![user(3)], Next::Page(vec![]));
    });
    let mut reader = reader(&directory, &definition, Ask::Full(None)).await;
    assert_eq!(reader.kind(), Kind::Full(FullBecause::First));
    let (pages, done) = to_end(&mut reader).await.unwrap();
    assert_eq!(present(&pages), [key(3)]);
    assert!(pages.iter().all(|page| page.bookmark.is_none()));
    assert_eq!(done.bookmark.unwrap().position(), &Position::dirsync(&[2]));
    assert!(done.advice.is_empty());
    let controls: Vec<_> = directory.searches()[1..3].iter().map(|search| search.controls[0].clone()).collect();
    assert_eq!(controls, [Control::DirSync { cookie: vec![] }, Control::DirSync { cookie: vec![1] }]);
}

#[tokio::test]
async fn a_later_full_read_keeps_the_bookmark_it_was_given() {
    let definition = definition("");
    let bookmark = dirsync_bookmark(&definition);
    let directory = Shared::default();
    directory.set(|script| {
        script.page(vec![], Next::Page(vec![]));
        script.page(vec![user(3)], Next::Page(vec![]));
    });
    let mut reader = reader(&directory, &definition, Ask::Full(Some(bookmark.clone()))).await;
    let (_, done) = to_end(&mut reader).await.unwrap();
    assert_eq!(done.kind, Kind::Full(FullBecause::Asked));
    assert_eq!(done.bookmark, Some(bookmark));
    assert_eq!(done.advice, BTreeSet::from([Advice::DeletesUnseen]));
}

#[tokio::test]
async fn changes_are_read_whole_and_their_bookmark_comes_with_the_last_of_them() {
    let definition = definition("");
    let directory = Shared::default();
    let deleted = |n: u8| entry(&key(n), &[("isDeleted", &["TRUE"]), ("objectClass", &["user"])]);
    directory.set(|script| {
        script.page(vec![user(TOMBSTONE)], Next::Page(vec![]));
        let hints = vec![entry(&key(1), &[("title", &[])]), entry(&key(2), &[]), deleted(3), entry(&key(4), &[])];
        script.page(hints, Next::DirSync { more: true, cookie: vec![1] });
        script.answers(vec![user(1), user(2), deleted(3)]);
        script.answers(vec![user(1)]);
        script.page(vec![], Next::DirSync { more: false, cookie: vec![2] });
    });
    let mut reader = reader(&directory, &definition, Ask::Changes(dirsync_bookmark(&definition))).await;
    let (pages, done) = to_end(&mut reader).await.unwrap();
    assert_eq!(done.kind, Kind::Changes);
    assert_eq!(present(&pages), [key(1)]);
    let expected = [(key(3), Gone::Deleted), (key(4), Gone::Unseen), (key(2), Gone::OutOfScope)];
    assert_eq!(gone(&pages), expected);
    assert!(!done.proves_absence());
    let bookmarks: Vec<_> = pages.iter().map(|page| page.bookmark.as_ref().map(|b| b.position().clone())).collect();
    let at = |cookie: &[u8]| Some(Position::dirsync(cookie));
    assert_eq!(bookmarks, [None, None, at(&[1]), at(&[2])]);
    assert_eq!(done.bookmark.unwrap().position(), &Position::dirsync(&[2]));
    let searches = directory.searches();
    assert_eq!(searches[1].controls, [Control::DirSync { cookie: b"old".to_vec() }]);
    assert_eq!(searches[2].controls, [Control::ShowDeleted]);
    assert!(searches[3].filter.as_str().starts_with("(&(&(objectCategory=person)(objectClass=user))(|(objectGUID="));
}

#[tokio::test]
async fn a_refused_bookmark_turns_into_a_full_read() {
    let definition = definition("");
    let directory = Shared::default();
    directory.set(|script| {
        script.page(vec![user(TOMBSTONE)], Next::Page(vec![]));
        script.gives(Err(AdError::Refused(Refusal { code: 12, words: String::new() })));
        script.page(vec![], Next::DirSync { more: false, cookie: vec![2] });
        script.page(vec![user(3)], Next::Page(vec![]));
    });
    let mut reader = reader(&directory, &definition, Ask::Changes(dirsync_bookmark(&definition))).await;
    let (pages, done) = to_end(&mut reader).await.unwrap();
    assert_eq!(present(&pages), [key(3)]);
    assert_eq!(done.kind, Kind::Full(FullBecause::Refused));
    assert!(done.proves_absence());
}

#[tokio::test]
async fn a_missing_right_is_not_taken_for_a_refused_bookmark() {
    let definition = definition("");
    let directory = Shared::default();
    let denied = AdError::Denied(Refusal { code: 50, words: String::new() });
    directory.set(|script| {
        script.page(vec![], Next::Page(vec![]));
        script.gives(Err(denied.clone()));
    });
    let mut reader = reader(&directory, &definition, Ask::Changes(dirsync_bookmark(&definition))).await;
    assert_eq!(reader.next().await, Err(denied));
}

#[tokio::test]
async fn members_of_a_changed_group_are_read_again() {
    let definition = definition("  groups: { nested: true }\n");
    let directory = Shared::default();
    let group = |n: u8| entry(&key(n), &[("objectClass", &["group"]), ("sAMAccountName", &["g"])]);
    directory.set(|script| {
        script.page(vec![user(TOMBSTONE)], Next::Page(vec![]));
        let changed = entry(&key(5), &[("member;range=1-1", &["CN=u,DC=x"]), ("member;range=0-0", &["CN=g,DC=x"])]);
        script.page(vec![changed], Next::DirSync { more: false, cookie: vec![2] });
        script.answers(vec![group(5)]);
        // By their names: a user and a group.
        script.answers(vec![user(1), group(6)]);
        script.answers(vec![user(1)]);
        // The groups of the domain, once.
        script.page(vec![group(5), group(6)], Next::Page(vec![]));
        // Everybody in the group that was a member.
        script.page(vec![user(2)], Next::Page(vec![]));
    });
    let mut reader = reader(&directory, &definition, Ask::Changes(dirsync_bookmark(&definition))).await;
    let (pages, done) = to_end(&mut reader).await.unwrap();
    assert_eq!(present(&pages), [key(1), key(2)]);
    assert!(done.advice.is_empty());
    let last = directory.searches().pop().unwrap();
    let in_group = format!("(memberOf:1.2.840.113556.1.4.1941:=CN={},DC=x)", key(6));
    assert!(last.filter.as_str().contains(&in_group), "{}", last.filter);
    assert!(directory.0.lock().unwrap().is_done());
}

#[tokio::test]
async fn what_changes_cannot_tell_is_advised() {
    let definition = definition("  groups: { nested: true }\n");
    let directory = Shared::default();
    directory.set(|script| {
        script.page(vec![], Next::Page(vec![]));
        let hints = vec![entry(&key(7), &[("name", &["ou"])]), entry(&key(8), &[("isDeleted", &["TRUE"])])];
        script.page(hints, Next::DirSync { more: false, cookie: vec![2] });
        script.answers(vec![
            entry(&key(7), &[("objectClass", &["organizationalUnit"])]),
            entry(&key(8), &[("objectClass", &["group"]), ("isDeleted", &["TRUE"])]),
        ]);
    });
    let mut reader = reader(&directory, &definition, Ask::Changes(dirsync_bookmark(&definition))).await;
    let (_, done) = to_end(&mut reader).await.unwrap();
    let all = [Advice::DeletesUnseen, Advice::GroupDeleted, Advice::ContainerMoved];
    assert_eq!(done.advice, BTreeSet::from(all));
}

#[tokio::test]
async fn changes_by_number_go_on_where_the_read_before_began() {
    let definition = definition("  incremental: usn\n");
    let directory = Shared::default();
    directory.set(|script| {
        script.page(vec![user(TOMBSTONE)], Next::Page(vec![]));
        script.page(vec![user(1)], Next::Page(vec![]));
    });
    let mut full = reader(&directory, &definition, Ask::Full(None)).await;
    let (_, done) = to_end(&mut full).await.unwrap();
    let bookmark = done.bookmark.unwrap();
    directory.set(|script| {
        script.page(vec![user(TOMBSTONE)], Next::Page(vec![]));
        script.page(vec![user(1)], Next::Page(vec![1]));
        script.answers(vec![user(1)]);
        script.answers(vec![user(1)]);
        script.page(vec![], Next::Page(vec![]));
    });
    let mut changes = reader(&directory, &definition, Ask::Changes(bookmark.clone())).await;
    let (pages, done) = to_end(&mut changes).await.unwrap();
    assert_eq!(present(&pages), [key(1)]);
    assert_eq!(done.kind, Kind::Changes);
    assert!(directory.searches().iter().any(|search| search.filter.as_str().ends_with("(uSNChanged>=701))")));
    // Another server, or the same after a restore: its numbers mean nothing here.
    let server = definition.servers[0].clone();
    let other = Root { invocation: Guid::from_bytes(b"fedcba9876543210"), ..root(9) };
    directory.set(|script| script.page(vec![], Next::Page(vec![])));
    let ask = Ask::Changes(bookmark);
    let reader = Reader::over(Box::new(directory), other, server, &definition, ask, moment()).await.unwrap();
    assert_eq!(reader.kind(), Kind::Full(FullBecause::OtherServer));
}

#[tokio::test]
async fn managers_are_told_by_what_others_know_them_by() {
    let definition = definition("  incremental: none\nperson:\n  id: row.key\n  name: { familyName: row.sn }\n");
    let directory = Shared::default();
    let report = |n: u8, manager: u8| {
        let manager = format!("<GUID={}>;CN=m,DC=x", key(manager));
        entry(&key(n), &[("userAccountControl", &["512"]), ("manager", &[&manager])])
    };
    directory.set(|script| {
        script.page(vec![report(1, 9), report(2, 8)], Next::Page(vec![1]));
        script.answers(vec![entry(&key(9), &[("employeeID", &["100009"])])]);
        // The second page asks nobody again.
        script.page(vec![report(3, 9)], Next::Page(vec![]));
    });
    let mut reader = reader(&directory, &definition, Ask::Full(None)).await;
    let (pages, _) = to_end(&mut reader).await.unwrap();
    let managers: Vec<_> = pages
        .iter()
        .flat_map(|page| &page.changes)
        .map(|change| match change {
            Change::Present(record) => record.row()["managerId"].clone(),
            Change::Gone { .. } => panic!("nobody is gone"),
        })
        .collect();
    assert_eq!(managers, [serde_json::json!("100009"), serde_json::Value::Null, serde_json::json!("100009")]);
}
