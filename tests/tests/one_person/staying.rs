//! What becomes of the account afterwards.

use jiff::ToSpan as _;
use ports::{Clock as _, SystemClock};
use source_emulators::afas::Employee;

use crate::company::Company;
use crate::joining::jan;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_account_follows_ad_and_is_frozen_when_afas_says_that_she_left() {
    let Some(company) = Company::found().await else { return };
    company.sources.employ(&[jan()]);
    company.sync("ad");
    company.sync("afas");
    let joined = company.user("1002").expect("there is one");

    let married = ["replace: mail\nmail: jan.jansen@corp.example.test"];
    company.sources.change_in_directory("Jan de Vries", &married);
    let report = company.sync("ad");
    assert_eq!((&report["records"]["changed"], &report["outcome"]["updated"]), (&1.into(), &1.into()), "{report}");
    let moved = company.user("1002").expect("still there");
    assert_eq!((&moved.id, moved.text("Email")), (&joined.id, "jan.jansen@corp.example.test"));
    assert_eq!(moved.permission_sets, joined.permission_sets);

    // In AFAS the day before yesterday was the last one: yesterday may have another date there.
    let today = SystemClock.now().in_tz("Europe/Amsterdam").expect("a zone").date();
    let last = today.checked_sub(2.days()).expect("a day");
    company.sources.employ(&[Employee { end: last.to_string(), ..jan() }]);
    let report = company.sync("afas");
    assert_eq!((&report["records"]["changed"], &report["outcome"]["frozen"]), (&1.into(), &1.into()), "{report}");
    let left = company.user("1002").expect("still there");
    assert!(left.frozen && left.active, "{left:?}");

    // The directory has no word in that.
    company.sources.change_in_directory("Jan de Vries", &["replace: title\ntitle: Adviser"]);
    company.sources.change_in_directory("Jan de Vries", &["replace: mail\nmail: jan@corp.example.test"]);
    company.sync("ad");
    let still = company.user("1002").expect("still there");
    assert_eq!((still.frozen, still.text("Email")), (true, left.text("Email")));

    // Hired again.
    company.sources.employ(&[jan()]);
    company.sync("afas");
    let back = company.user("1002").expect("still there");
    assert_eq!((&back.id, back.frozen, back.active), (&joined.id, false, true));
    assert_eq!(back.text("Email"), "jan@corp.example.test");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_drops_out_of_afas_is_frozen_though_ad_has_the_account() {
    let Some(company) = Company::found().await else { return };
    let zoe = Employee::new("1003", "Zoe", "Muller", "SALES");
    company.sources.change_in_directory("Zoe", &["replace: mail\nmail: zoe@corp.example.test"]);
    company.sources.employ(&[jan(), zoe.clone()]);
    company.sync("afas");
    company.sync("ad");
    let frozen = || ["1002", "1003"].map(|person| company.user(person).expect("there is one").frozen);
    assert_eq!(frozen(), [false, false]);
    company.sources.employ(&[zoe]);
    let report = company.sync("afas");
    assert_eq!(report["records"]["absent"], 1, "{report}");
    assert_eq!(frozen(), [true, false]);
}
