//! Whose an account of the directory is.

use source_emulators::afas::Employee;

use crate::company::Company;
use crate::joining::{els, jan};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_goes_to_the_employee_whose_number_it_gets() {
    let Some(company) = Company::found().await else { return };
    let kim = Employee { manager: String::new(), ..Employee::new("1091", "Kim", "Smit", "SALES") };
    company.sources.employ(&[els(), kim]);
    company.add_to_directory("E Smit", "e.smit", &["mail: e.smit@corp.example.test"]);
    company.sync("afas");
    company.sync("ad");
    assert_eq!(company.waiting().keys().collect::<Vec<_>>(), ["1090", "1091"]);

    // The number is filled in, wrongly.
    company.sources.change_in_directory("E Smit", &["add: employeeID\nemployeeID: 1091"]);
    company.sync("ad");
    assert_eq!(company.user("1091").expect("made").text("Email"), "e.smit@corp.example.test");
    assert!(company.user("1090").is_none());

    // Corrected: the other one's account stays as it is and waits for an address of its own.
    company.sources.change_in_directory("E Smit", &["replace: employeeID\nemployeeID: 1090"]);
    company.sync("ad");
    assert_eq!(company.user("1090").expect("made").text("Email"), "e.smit@corp.example.test");
    assert!(company.user("1091").is_some_and(|user| user.active && !user.frozen));
    assert_eq!(company.waiting().keys().collect::<Vec<_>>(), ["1091"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_accounts_with_one_number_neither_is_taken() {
    let Some(company) = Company::found().await else { return };
    company.sources.employ(&[jan()]);
    company.sync("afas");
    company.sync("ad");
    company.add_to_directory("Jan admin", "adm.jan", &["employeeID: 1002", "mail: adm.jan@corp.example.test"]);
    company.sync("ad");
    assert_eq!(company.user("1002").expect("still there").text("Email"), "Jan@corp.example.test");
    let waiting = company.waiting();
    assert!(waiting["1002"][0].starts_with("ambiguous-account: "), "{waiting:?}");
    company.sources.change_in_directory("Jan admin", &["delete: employeeID"]);
    company.sync("ad");
    assert_eq!(company.waiting().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_find_the_employee_of_an_account_without_a_number() {
    let keys = "[ { account: lower(account.mail), person: lower(person.contact.email) } ]";
    let sources = crate::sources::SOURCES.replace("sources/ad.yaml }", &format!("sources/ad.yaml }}, join: {keys}"));
    let Some(company) = Company::found_with(&sources).await else { return };
    company.sources.employ(&[jan(), els()]);
    // As AFAS has it, but for the case.
    company.sources.change_in_directory("Jan de Vries", &["replace: mail\nmail: Jan.Vries@Example.test"]);
    company.sources.change_in_directory("Jan de Vries", &["delete: employeeID"]);
    company.sync("ad");
    assert_eq!(company.sync("afas")["outcome"]["created"], 1);
    assert_eq!(company.user("1002").expect("made").text("Email"), "Jan.Vries@Example.test");
    assert_eq!(company.waiting().keys().collect::<Vec<_>>(), ["1090"]);
    company.add_to_directory("Els Smit", "els", &["mail: els.smit@example.test"]);
    assert_eq!(company.sync("ad")["outcome"]["created"], 1);
    assert_eq!(company.waiting().len(), 0);
}
