//! Reading only what changed.

use std::collections::BTreeSet;

use active_directory::{
    Advice, Ask, Bookmark, Change, Credentials, Definition, Done, FullBecause, Gone, Guid, Kind, Page, Reader,
};

use crate::support::{
    Controller, controller, credentials, definition, moment, named, names, reader, records, seed, to_end,
};

async fn read(definition: &Definition, credentials: &Credentials, ask: Ask) -> (Vec<Page>, Done) {
    let mut reader = Reader::open(definition, credentials, ask, moment()).await.unwrap();
    to_end(&mut reader).await.unwrap()
}

/// Everybody, and where to go on; the bookmark as it comes back from storage.
async fn first(definition: &Definition) -> (Vec<Page>, Bookmark) {
    let (pages, done) = read(definition, &reader(), Ask::Full(None)).await;
    (pages, stored(&done.bookmark.unwrap()))
}

fn stored(bookmark: &Bookmark) -> Bookmark {
    serde_json::from_str(&serde_json::to_string(bookmark).unwrap()).unwrap()
}

async fn changes(definition: &Definition, bookmark: Bookmark) -> (Vec<Page>, Done) {
    let (pages, done) = read(definition, &reader(), Ask::Changes(bookmark)).await;
    assert_eq!(done.kind, Kind::Changes);
    assert!(!done.proves_absence());
    (pages, done)
}

fn gone(pages: &[Page]) -> Vec<(Guid, Gone)> {
    let changes = pages.iter().flat_map(|page| &page.changes);
    let mut gone: Vec<_> = changes
        .filter_map(|change| match change {
            Change::Gone { key, why } => Some((*key, *why)),
            Change::Present(_) => None,
        })
        .collect();
    gone.sort_by_key(|(_, why)| *why == Gone::OutOfScope);
    gone
}

/// A change, a cleared attribute, a joiner, a delete, a move out of the bases and one within them.
fn everyday(controller: &Controller) {
    controller.change(&seed::modify(
        "CN=Jan de Vries,OU=People",
        &["replace: department\ndepartment: Key accounts", "delete: title"],
    ));
    controller.change(&seed::new_user("CN=New,OU=People", "new", &["employeeID: 1010"]));
    controller.change(&seed::delete("CN=Expired,OU=People"));
    controller.change(&seed::rename("CN=Zoe,OU=People", "CN=Zoe", "OU=Other"));
    controller.change(&seed::rename("CN=Li Wei (ext)\\, Jr.,OU=People", "CN=Li Wei", "OU=Bulk"));
    controller
        .change(&seed::modify("CN=Disabled,OU=People", &["replace: userAccountControl\nuserAccountControl: 512"]));
}

fn check_everyday(before: &[Page], pages: &[Page]) {
    assert_eq!(names(pages), ["disabled", "jan", "li.wei", "new"]);
    let (before, now) = (records(before), records(pages));
    let jan = named(&now, "jan");
    assert_eq!((jan.text("department"), jan.text("title")), (Some("Key accounts"), None));
    assert_eq!(jan.text("mail"), Some("Jan@corp.example.test"));
    assert_eq!(jan.row()["title"], serde_json::Value::Null);
    assert_eq!(named(&now, "li.wei").key, named(&before, "li.wei").key);
    assert!(named(&now, "li.wei").dn.starts_with("CN=Li Wei,OU=Bulk,"));
    assert!(named(&now, "disabled").status.is_enabled());
    let expected = [(named(&before, "expired").key, Gone::Deleted), (named(&before, "zoe").key, Gone::OutOfScope)];
    assert_eq!(gone(pages), expected);
}

#[tokio::test]
async fn dirsync_tells_what_changed_to_an_ordinary_account() {
    let Some(controller) = controller() else { return };
    let definition = definition(&controller, "");
    let (before, bookmark) = first(&definition).await;
    let (pages, done) = changes(&definition, bookmark.clone()).await;
    assert!(names(&pages).is_empty() && gone(&pages).is_empty());
    assert!(done.advice.is_empty(), "{:?}", done.advice);

    everyday(&controller);
    let (pages, done) = changes(&definition, bookmark.clone()).await;
    check_everyday(&before, &pages);
    assert!(done.advice.is_empty(), "{:?}", done.advice);
    assert_eq!((done.read, done.gone), (4, 2));

    // Told again from the old bookmark, not from the new one.
    let (again, _) = changes(&definition, bookmark).await;
    check_everyday(&before, &again);
    let last = pages.iter().rev().find_map(|page| page.bookmark.clone());
    assert_eq!(last, done.bookmark);
    let (pages, _) = changes(&definition, stored(&done.bookmark.unwrap())).await;
    assert!(names(&pages).is_empty() && gone(&pages).is_empty());
}

#[tokio::test]
async fn a_change_of_a_group_is_one_of_its_members() {
    let Some(controller) = controller() else { return };
    let definition = definition(&controller, "  groups: { nested: true }\n");
    let (_, bookmark) = first(&definition).await;
    let (anna, jan) = (seed::member("CN=Anna de Boer,OU=People"), seed::member("CN=Jan de Vries,OU=People"));
    controller.change(&seed::modify(
        "CN=inner,OU=Groups",
        &[&format!("add: member\n{anna}"), &format!("delete: member\n{jan}")],
    ));
    let (pages, done) = changes(&definition, bookmark).await;
    assert_eq!(names(&pages), ["anna", "jan"]);
    let now = records(&pages);
    let groups = |name: &str| named(&now, name).groups.clone().unwrap();
    for group in ["inner", "middle", "outer"] {
        assert!(groups("anna").contains(&group.to_owned()), "{group}");
        assert!(!groups("jan").contains(&group.to_owned()), "{group}");
    }

    // A group leaves a group: everybody below it leaves the ones above.
    let inner = seed::member("CN=inner,OU=Groups");
    controller.change(&seed::modify("CN=middle,OU=Groups", &[&format!("delete: member\n{inner}")]));
    let (pages, done) = changes(&definition, done.bookmark.unwrap()).await;
    assert_eq!(names(&pages), ["anna", "li.wei"]);
    let now = records(&pages);
    assert!(!named(&now, "li.wei").groups.clone().unwrap().contains(&"outer".to_owned()));
    assert!(done.advice.is_empty(), "{:?}", done.advice);

    // Nobody tells who was in a group that was deleted, or what lies in a container that was renamed.
    controller.change(&seed::delete("CN=inner,OU=Groups"));
    controller.change(&seed::rename("OU=Other", "OU=Others", ""));
    let (_, done) = changes(&definition, done.bookmark.unwrap()).await;
    assert_eq!(done.advice, BTreeSet::from([Advice::GroupDeleted, Advice::ContainerMoved]));
}

#[tokio::test]
async fn what_the_filter_looks_at_moves_people_in_and_out() {
    let Some(controller) = controller() else { return };
    let group = format!("(memberOf=CN=inner,OU=Groups,{})", seed::DOMAIN);
    let filter = format!("  filter: \"(&(objectClass=user)(|(company=Example)(pager=1){group}))\"\n");
    let definition = definition(&controller, &filter);
    let (before, bookmark) = first(&definition).await;
    assert_eq!(names(&before), ["jan", "li.wei"]);
    let jan = seed::member("CN=Jan de Vries,OU=People");
    controller.change(&seed::modify("CN=inner,OU=Groups", &[&format!("delete: member\n{jan}")]));
    controller.change(&seed::modify("CN=Anna de Boer,OU=People", &["add: company\ncompany: Example"]));
    let (pages, done) = changes(&definition, bookmark).await;
    assert_eq!(names(&pages), ["anna"]);
    assert_eq!(gone(&pages), [(named(&records(&before), "jan").key, Gone::OutOfScope)]);
    assert!(done.advice.is_empty(), "{:?}", done.advice);
}

#[tokio::test]
async fn who_was_not_met_is_looked_at_before_anybody_is_taken_as_gone() {
    let Some(controller) = controller() else { return };
    let definition = definition(&controller, "  incremental: none\n");
    let (before, _) = read(&definition, &reader(), Ask::Full(None)).await;
    let key = |name: &str| named(&records(&before), name).key;
    let (anna, expired, zoe) = (key("anna"), key("expired"), key("zoe"));
    let mut reading = Reader::open(&definition, &reader(), Ask::Full(None), moment()).await.unwrap();
    to_end(&mut reading).await.unwrap();
    controller.change(&seed::delete("CN=Expired,OU=People"));
    controller.change(&seed::rename("CN=Zoe,OU=People", "CN=Zoe", "OU=Other"));
    reading.look_at([anna, expired, zoe]);
    let (pages, _) = to_end(&mut reading).await.unwrap();
    assert_eq!(names(&pages), ["anna"]);
    assert_eq!(gone(&pages), [(expired, Gone::Deleted), (zoe, Gone::OutOfScope)]);
}

#[tokio::test]
async fn a_new_number_of_a_manager_is_told_with_the_people_below() {
    let Some(controller) = controller() else { return };
    let mapping = "person:\n  id: row.key\n  name: { familyName: row.sAMAccountName }\n";
    let definition = definition(&controller, mapping);
    let (_, bookmark) = first(&definition).await;
    controller.change(&seed::modify("CN=Jan de Vries,OU=People", &["replace: employeeID\nemployeeID: 2002"]));
    let (pages, _) = changes(&definition, bookmark).await;
    assert_eq!(names(&pages), ["jan", "zoe"]);
    assert_eq!(named(&records(&pages), "zoe").row()["managerId"], "2002");
}

#[tokio::test]
async fn numbers_of_changes_do_the_same_at_one_server() {
    let Some(controller) = controller() else { return };
    let definition = definition(&controller, "  incremental: usn\n  pageSize: 2\n");
    let (before, bookmark) = first(&definition).await;
    everyday(&controller);
    let (pages, done) = changes(&definition, bookmark).await;
    check_everyday(&before, &pages);
    let (pages, _) = changes(&definition, stored(&done.bookmark.unwrap())).await;
    assert!(names(&pages).is_empty() && gone(&pages).is_empty());
}

#[tokio::test]
async fn another_server_counts_for_itself() {
    let Some(controller) = controller() else { return };
    let definition = definition(&controller, "  incremental: usn\n");
    let (_, bookmark) = first(&definition).await;
    let mut foreign = serde_json::to_value(&bookmark).unwrap();
    foreign["position"]["usn"]["invocation"] = "ce35e774-6bc0-4e57-ac5a-af1e01c6feb2".into();
    let foreign: Bookmark = serde_json::from_value(foreign).unwrap();
    let (pages, done) = read(&definition, &reader(), Ask::Changes(foreign)).await;
    assert_eq!(done.kind, Kind::Full(FullBecause::OtherServer));
    assert_eq!(records(&pages).len(), seed::BULK + 7);
}

#[tokio::test]
async fn a_bookmark_that_the_server_does_not_know_leads_to_a_full_read() {
    let Some(controller) = controller() else { return };
    let definition = definition(&controller, "");
    let (_, bookmark) = first(&definition).await;
    let mut damaged = serde_json::to_value(&bookmark).unwrap();
    damaged["position"]["dirSync"]["cookie"] = "bm9uc2Vuc2U=".into();
    let damaged: Bookmark = serde_json::from_value(damaged).unwrap();
    let (pages, done) = read(&definition, &reader(), Ask::Changes(damaged)).await;
    assert_eq!(done.kind, Kind::Full(FullBecause::Refused));
    assert!(done.proves_absence());
    assert_eq!(records(&pages).len(), seed::BULK + 7);
}

#[tokio::test]
async fn an_account_that_does_not_see_deletes_is_told_so() {
    let Some(controller) = controller() else { return };
    for incremental in ["dirsync", "usn"] {
        let definition = definition(&controller, &format!("  incremental: {incremental}\n"));
        let plain = credentials(seed::PLAIN, seed::PASSWORD);
        let (_, done) = read(&definition, &plain, Ask::Full(None)).await;
        assert_eq!(done.advice, BTreeSet::from([Advice::DeletesUnseen]));
        let victim = format!("CN={incremental},OU=People");
        controller.change(&seed::new_user(&victim, incremental, &[]));
        let (_, done) = read(&definition, &plain, Ask::Changes(done.bookmark.unwrap())).await;
        controller.change(&seed::delete(&victim));
        let (pages, done) = read(&definition, &plain, Ask::Changes(done.bookmark.unwrap())).await;
        assert!(gone(&pages).is_empty(), "{incremental}");
        assert_eq!(done.advice, BTreeSet::from([Advice::DeletesUnseen]));
    }
}
