//! What was decided goes back to AFAS, through the whole pipeline.

use std::time::Duration;

use source_emulators::afas;
use sync::Task;

use crate::employer::{DAY, Employer, USERS};

const WRITE_BACK: &str = "
writeBack:
  - name: afas
    system: afas
    secret: afas-source
    address: https://12345.rest.afas.online/ProfitRestServices
    user:
      connector: T4E_HelloID_Users_v2
      key: { value: \"'12345.' + person.id\", column: Gebruiker }
      description: DisplayName
      fields: { Upn: { value: user.Username, column: UPN } }
";

async fn write_back(employer: &Employer) -> usize {
    let report = employer.world.pipeline.sync.run(&Task::WriteBack).await.unwrap_or_else(|error| panic!("{error}"));
    let [done] = report.write_back.as_slice() else { panic!("{report:?}") };
    assert_eq!((done.stuck, &done.stopped), (0, &None), "{done:?}");
    done.written
}

fn upn(employer: &Employer, number: &str) -> Option<String> {
    let mut found = None;
    employer.afas.emulator.edit(USERS, |rows| {
        let row = rows.iter().find(|row| row["Medewerker"] == number).expect("an employee");
        found = row["UPN"].as_str().map(str::to_owned);
    });
    found
}

#[tokio::test]
async fn the_user_name_goes_to_afas_once_and_is_cleared_when_the_person_leaves() {
    let employer = Employer::configured(&afas::organisation(), "", WRITE_BACK, |definition| definition);
    employer.afas.emulator.allow_updates(&["KnUser"]);
    employer.read().await;
    let name = employer.user("100023").expect("a user").username;
    assert_eq!(write_back(&employer).await, 5, "all who have a user");
    assert_eq!(upn(&employer, "100023").map(|upn| upn.to_lowercase()), Some(name));
    employer.afas.take_log();
    assert_eq!(write_back(&employer).await, 0);
    assert_eq!(employer.afas.take_log().len(), 0, "an unchanged person costs AFAS no call");

    let mut staff = afas::organisation();
    staff[1].end = "2026-03-01".to_owned();
    let upns: Vec<_> = staff.iter().map(|one| upn(&employer, &one.number)).collect();
    employer.employs(&staff);
    employer.afas.emulator.edit(USERS, |rows| {
        for (row, upn) in rows.iter_mut().zip(upns) {
            row["UPN"] = upn.into();
        }
    });
    employer.world.pass(Duration::from_secs(60));
    employer.read().await;
    assert!(!employer.is_in("100023"));
    assert_eq!(write_back(&employer).await, 1);
    assert_eq!(upn(&employer, "100023").unwrap_or_default(), "");
    employer.world.pass(DAY);
    assert_eq!(write_back(&employer).await, 0);
}
