//! Indexes, seats and undo against a plain scan.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Put { user: u64, email: u8, profile: u64, active: bool },
    Remove(u64),
    Mark,
    Rollback,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..5_u64, 0..3_u8, 1..4_u64, any::<bool>())
            .prop_map(|(user, email, profile, active)| Step::Put { user, email, profile, active }),
        1 => (0..5_u64).prop_map(Step::Remove),
        1 => Just(Step::Mark),
        1 => Just(Step::Rollback),
    ]
}

/// Two licences; profiles 1 and 2 are of the first, profile 3 of the second.
fn licensed() -> State {
    let mut state = State::default();
    for number in [1, 2] {
        let mut licence = Record::new(Object::UserLicense, Id::numbered("100", number));
        licence.set("UsedLicenses", 0);
        state.put(licence);
    }
    for number in [1, 2, 3] {
        let mut profile = Record::new(Object::Profile, Id::numbered("00e", number));
        profile.set("UserLicenseId", Id::numbered("100", if number == 3 { 2 } else { 1 }));
        state.put(profile);
    }
    state
}

proptest! {
    #[test]
    fn indexes_and_seats_stay_true(steps in prop::collection::vec(step(), 1..40)) {
        let mut state = licensed();
        let mut marks = Vec::new();
        for step in steps {
            match step {
                Step::Put { user, email, profile, active } => {
                    let mut record = Record::new(Object::User, Id::numbered("005", user));
                    record.set("Email", format!("Mail{email}@example.com"));
                    record.set("ProfileId", Id::numbered("00e", profile));
                    record.set("IsActive", active);
                    state.put(record);
                }
                Step::Remove(user) => state.remove(Object::User, &Id::numbered("005", user)),
                Step::Mark => marks.push((state.mark(), state.rows(Object::User).cloned().collect::<Vec<_>>())),
                Step::Rollback => {
                    if let Some((mark, rows)) = marks.pop() {
                        state.rollback(mark);
                        prop_assert_eq!(state.rows(Object::User).cloned().collect::<Vec<_>>(), rows);
                    }
                }
            }
        }
        for email in 0..3 {
            let text = format!("mail{email}@example.com");
            let scanned: Vec<&Record> =
                state.rows(Object::User).filter(|user| user.text("Email").to_lowercase() == text).collect();
            prop_assert_eq!(state.candidates(Object::User, "Email", &text).unwrap(), scanned);
        }
        for number in [1, 2] {
            let licence = Id::numbered("100", number);
            let counted = state
                .rows(Object::User)
                .filter(|user| user.is("IsActive"))
                .filter(|user| {
                    let profile = state.get(Object::Profile, user.id_in("ProfileId").unwrap()).unwrap();
                    profile.id_in("UserLicenseId") == Some(&licence)
                })
                .count();
            prop_assert_eq!(state.get(Object::UserLicense, &licence).unwrap().number("UsedLicenses"), counted as i64);
        }
    }
}
