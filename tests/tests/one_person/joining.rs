//! How a joiner comes to an account.

use salesforce_simulator::UserView;
use serde_json::Value;
use source_emulators::afas::Employee;

use crate::company::Company;

/// Has an account with a mail address in the directory.
pub(crate) fn jan() -> Employee {
    Employee { prefix: "de".to_owned(), manager: "1001".to_owned(), ..Employee::new("1002", "Jan", "Vries", "SALES") }
}

/// Has an account without a mail address in the directory.
fn anna() -> Employee {
    Employee { manager: String::new(), ..Employee::new("1001", "Anna", "Boer", "DIR") }
}

/// Has no account in the directory.
pub(crate) fn els() -> Employee {
    Employee { manager: "1001".to_owned(), ..Employee::new("1090", "Els", "Smit", "SALES") }
}

fn has_everything(user: &UserView) -> bool {
    user.active && user.groups.contains("All_Staff") && user.permission_sets.contains("Sales_Cloud_User")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_joiner_in_afas_and_the_account_in_ad_become_one_person_in_one_run() {
    let Some(company) = Company::found().await else { return };
    company.sources.employ(&[jan()]);
    let before = company.users();
    let serving = company.serve();
    let user = company.until("1002", has_everything).await;
    assert_eq!(serving.stop().code(), Some(0));

    // AFAS says who, where and how the name is written; the directory says the address. AFAS has another one.
    assert_eq!(user.text("Email"), "Jan@corp.example.test");
    assert_eq!((user.text("LastName"), user.text("EmployeeNumber")), ("de Vries", "1002"));
    assert_eq!((user.text("Department"), user.role.as_deref()), ("Eenheid SALES", Some("SalesEMEA")));
    assert_eq!((user.username.as_str(), user.frozen), ("jan.devries@example.com", false));
    // The others of the directory are nobody's employees.
    assert_eq!(company.users(), before + 1);
    assert_eq!(company.waiting().len(), 0);
    let (code, log) = company.run(&["audit", "1002"]);
    assert_eq!((code, &log["whole"]), (0, &Value::Bool(true)), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_order_in_which_the_sources_are_read_does_not_matter() {
    let Some(company) = Company::found().await else { return };
    company.sources.employ(&[jan()]);
    let mut accounts = Vec::new();
    for (data, order) in [("hr-first", ["afas", "ad"]), ("directory-first", ["ad", "afas"])] {
        let read = |source| company.sync_with(source, &["--simulated-org", "--data", data]);
        let first = read(order[0]);
        assert_eq!((&first["outcome"]["created"], &first["outcome"]["accounts"]["active"]), (&0.into(), &0.into()));
        let second = read(order[1]);
        assert_eq!(second["outcome"]["created"], 1, "{second}");
        // Nothing new costs nothing.
        for source in order {
            let again = read(source);
            assert_eq!((&again["records"]["changed"], &again["outcome"]["salesforceCalls"]), (&0.into(), &0.into()));
        }
        let (_, mut account) = company.run(&["audit", "1002", "--at", "2999-01-01", "--data", data]);
        assert_eq!((&account["active"], &account["fields"]["Email"]), (&true.into(), &"Jan@corp.example.test".into()));
        account["user"].take();
        accounts.push(account);
    }
    assert_eq!(accounts[0], accounts[1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_employee_without_an_address_in_ad_waits_for_it() {
    let Some(company) = Company::found().await else { return };
    company.sources.employ(&[anna(), jan(), els()]);
    let before = company.users();
    company.sync("afas");
    assert_eq!(company.users(), before);
    company.sync("ad");
    assert_eq!((company.users(), company.user("1002").is_some()), (before + 1, true));
    let waiting = company.waiting();
    assert_eq!(waiting.keys().collect::<Vec<_>>(), ["1001", "1090"]);
    assert!(waiting.values().flatten().all(|why| why.starts_with("missing-attribute: Email")), "{waiting:?}");

    company.add_to_directory("Els Smit", "els", &["employeeID: 1090", "mail: els@corp.example.test"]);
    company.sources.change_in_directory("Anna de Boer", &["add: mail\nmail: anna@corp.example.test"]);
    let report = company.sync("ad");
    assert_eq!((&report["records"]["everything"], &report["outcome"]["created"]), (&false.into(), &2.into()));
    for (person, mail) in [("1001", "anna@corp.example.test"), ("1090", "els@corp.example.test")] {
        let user = company.user(person).expect("there is one now");
        assert_eq!((user.text("Email"), user.active), (mail, true));
    }
    assert_eq!(company.waiting().len(), 0);
}
