//! Full reads.

use std::collections::HashSet;

use active_directory::directory::{Depth, Directory, Search};
use active_directory::filter::Filter;
use active_directory::{
    AdError, Ask, Connection, Definition, Done, Expiry, FullBecause, Kind, Mapped, Page, Reader, Step, ranges,
};
use ports::Class;

use crate::support::{controller, definition, definition_of, moment, named, names, reader, records, seed, to_end};

async fn read(definition: &Definition) -> (Vec<Page>, Done) {
    let mut reader = Reader::open(definition, &reader(), Ask::Full(None), moment()).await.unwrap();
    to_end(&mut reader).await.unwrap()
}

#[tokio::test]
async fn everybody_is_read_in_pages_with_all_that_belongs_to_them() {
    let Some(controller) = controller() else { return };
    let definition = definition(
        &controller,
        "  pageSize: 50\n  attributes: [proxyAddresses, objectSid]\n  groups: { nested: true }\n",
    );
    let (pages, done) = read(&definition).await;
    assert_eq!(done.kind, Kind::Full(FullBecause::First));
    assert!(done.proves_absence() && done.bookmark.is_some());
    assert_eq!((done.refused, done.gone), (0, 0));
    let records = records(&pages);
    assert_eq!(records.len(), seed::BULK + 7);
    assert_eq!(done.read, records.len() as u64);
    assert!(pages.iter().all(|page| page.changes.len() <= 50));
    let keys: HashSet<_> = records.iter().map(|record| record.key).collect();
    assert_eq!(keys.len(), records.len());

    let zoe = named(&records, "zoe");
    assert_eq!(zoe.text("displayName"), Some("Zoë Müller"));
    let mut addresses = zoe.row()["proxyAddresses"].as_array().unwrap().clone();
    addresses.sort_by_key(ToString::to_string);
    assert_eq!(addresses, ["SMTP:zoe@corp.example.test", "smtp:z@corp.example.test"]);
    let sid = zoe.sid.as_ref().unwrap().to_string();
    assert!(sid.starts_with("S-1-5-21-") && zoe.row()["objectSid"] == sid.as_str());
    assert!(zoe.row()["whenCreated"].as_str().unwrap().ends_with('Z'));

    assert!(!named(&records, "disabled").status.is_enabled());
    let expired = named(&records, "expired");
    assert!(!expired.status.disabled && expired.status.expired && !expired.status.is_enabled());
    let must_change = named(&records, "must.change");
    assert!(must_change.status.password_expired && must_change.status.is_enabled());
    let anna = named(&records, "anna");
    assert!(anna.status.is_enabled() && anna.status.expires == Expiry::Never && anna.status.password_set.is_some());

    let groups = |name: &str| named(&records, name).groups.clone().unwrap();
    for group in ["inner", "middle", "outer", "Domain Users"] {
        assert!(groups("jan").contains(&group.to_owned()), "{group} of {:?}", groups("jan"));
        assert!(groups("li.wei").contains(&group.to_owned()), "{group}");
    }
    assert!(!groups("zoe").iter().any(|group| ["inner", "middle", "outer"].contains(&group.as_str())));
}

#[tokio::test]
async fn groups_can_be_direct_and_chosen() {
    let Some(controller) = controller() else { return };
    let groups = format!("groups: {{ nested: false, base: \"OU=Groups,{}\" }}", seed::DOMAIN);
    let (pages, _) = read(&definition(&controller, &format!("  {groups}\n"))).await;
    assert_eq!(named(&records(&pages), "jan").groups, Some(vec!["inner".to_owned()]));
    let chosen = "  groups: { filter: \"(sAMAccountName=o*)\", name: cn }\n";
    let (pages, _) = read(&definition(&controller, chosen)).await;
    assert_eq!(named(&records(&pages), "jan").groups, Some(vec!["outer".to_owned()]));
    assert_eq!(named(&records(&pages), "zoe").groups, Some(vec![]));
}

#[tokio::test]
async fn a_directory_that_decides_gives_whole_persons_with_their_managers() {
    let Some(controller) = controller() else { return };
    let mapping = "
where: row.sn != null
person:
  id: row.employeeID
  name: { givenName: row.givenName, familyName: row.sn }
  contact: { email: row.mail }
  blocked: '!row.enabled'
contracts:
  id: row.key
  startDate: { value: row.whenCreated, date: '%Y-%m-%dT%H:%M:%SZ' }
  endDate: row.lastDay
  department: { id: row.department, name: row.department }
  title: { name: row.title }
  manager: { id: row.managerId }
";
    let definition = definition(&controller, mapping);
    let (pages, _) = read(&definition).await;
    let persons: Vec<_> = records(&pages).into_iter().filter_map(|record| definition.map(record)).collect();
    let [Ok(Mapped::Person(jan))] = persons.as_slice() else { panic!("{} persons", persons.len()) };
    assert_eq!((jan.id.as_str(), jan.name.display().as_str()), ("1002", "Jan de Vries"));
    let contract = &jan.contracts[0];
    assert_eq!(contract.manager.as_ref().unwrap().id.as_deref(), Some("1001"));
    assert_eq!(contract.title.as_ref().unwrap().name.as_deref(), Some("Account manager"));
    assert_eq!((contract.end_date, jan.blocked), (None, false));
    let zoe = named(&records(&pages), "zoe").row();
    assert_eq!(zoe["managerId"], "1002");
}

#[tokio::test]
async fn other_parts_of_the_directory_are_told_and_not_followed() {
    let Some(controller) = controller() else { return };
    let more = format!("  base: {}\n  incremental: none\n", seed::DOMAIN);
    let (pages, done) = read(&definition_of(&[controller.start_tls()], &controller.ca, &more)).await;
    assert!(names(&pages).contains(&"elsewhere".to_owned()));
    assert!(done.referrals.iter().any(|referral| referral.contains("CN=Configuration")), "{:?}", done.referrals);
    assert!(done.bookmark.is_none() && done.proves_absence());
}

#[tokio::test]
async fn a_group_with_more_members_than_one_answer_holds_is_read_whole() {
    let Some(controller) = controller() else { return };
    let definition = definition(&controller, "");
    let timeout = definition.timeout;
    let server = &definition.servers[0];
    let mut connection = Connection::open(server, &definition.authorities, &reader(), timeout).await.unwrap();
    let search = Search {
        base: seed::DOMAIN.to_owned(),
        depth: Depth::Tree,
        filter: Filter::parse("(sAMAccountName=big)").unwrap(),
        attributes: vec!["objectGUID".to_owned(), "member;range=0-1499".to_owned()],
        controls: vec![],
    };
    let group = connection.search(&search).await.unwrap().entries.remove(0);
    // As Windows answers when it is asked for all.
    assert!(group.has("member") && group.values("member").is_none());
    for chunk in [500, 1500, 5000] {
        let members = ranges::all_values(&mut connection, group.key().unwrap(), "member", chunk).await.unwrap();
        assert_eq!(members.len(), seed::BIG, "{chunk} at a time");
    }
    connection.close().await;
}

#[tokio::test]
async fn what_the_directory_does_not_have_is_told() {
    let Some(controller) = controller() else { return };
    let misspelt = definition(&controller, "  attributes: [employeId, company]\n");
    let error = Reader::open(&misspelt, &reader(), Ask::Full(None), moment()).await.err().unwrap();
    assert_eq!(error, AdError::UnknownAttributes(vec!["employeId".to_owned()]));
    let misspelt = definition(&controller, "  filter: \"(&(objectClass=user)(!(employeTyp=x)))\"\n");
    let error = Reader::open(&misspelt, &reader(), Ask::Full(None), moment()).await.err().unwrap();
    assert_eq!(error, AdError::UnknownAttributes(vec!["employeTyp".to_owned()]));
    let more = format!("  base: [\"OU=Nowhere,{}\"]\n  incremental: none\n", seed::DOMAIN);
    let nowhere = definition_of(&[controller.ldaps()], &controller.ca, &more);
    let mut reader = Reader::open(&nowhere, &reader(), Ask::Full(None), moment()).await.unwrap();
    let error = to_end(&mut reader).await.unwrap_err();
    assert!(matches!(error, AdError::NoSuchObject(_)), "{error}");
    assert_eq!(error.class(), Class::NeedsPerson);
}

#[tokio::test]
async fn a_base_of_another_domain_is_no_empty_one() {
    let Some(controller) = controller() else { return };
    let more = "  base: DC=other,DC=example,DC=com\n  incremental: none\n";
    let definition = definition_of(&[controller.ldaps()], &controller.ca, more);
    let mut reader = Reader::open(&definition, &reader(), Ask::Full(None), moment()).await.unwrap();
    let error = to_end(&mut reader).await.unwrap_err();
    assert!(matches!(error, AdError::NotHere(_) | AdError::NoSuchObject(_)), "{error}");
}

#[tokio::test]
async fn a_server_that_goes_away_leaves_the_read_incomplete() {
    let Some(mut controller) = controller() else { return };
    let definition = definition(&controller, "  pageSize: 50\n  incremental: none\n");
    let mut reader = Reader::open(&definition, &reader(), Ask::Full(None), moment()).await.unwrap();
    assert!(matches!(reader.next().await, Ok(Step::Page(_))));
    controller.stop();
    let error = to_end(&mut reader).await.unwrap_err();
    assert!(matches!(error, AdError::Lost { .. }), "{error}");
    assert_eq!(error.class(), Class::Retry);
    assert_eq!(to_end(&mut reader).await.unwrap_err(), AdError::Stopped);
}
