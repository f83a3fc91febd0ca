use proptest::prelude::*;

use super::*;

const FIELDS: [&str; 3] = ["EmAd", "MbNr", "Upn"];

/// What a system holds, by connector, record and field; somebody else may have written it.
type System = BTreeMap<(UpdateConnector, String), Fields>;

fn managed() -> Managed {
    UpdateConnector::ALL.map(|connector| (connector, FIELDS.map(str::to_owned).into())).into()
}

fn value_of() -> impl Strategy<Value = Option<String>> {
    prop_oneof![Just(None), "[ab]{1,2}".prop_map(Some), "[aA]@x".prop_map(Some)]
}

fn fields() -> impl Strategy<Value = Fields> {
    proptest::collection::btree_map(proptest::sample::select(FIELDS.map(str::to_owned).to_vec()), value_of(), 0..4)
}

fn wish() -> impl Strategy<Value = Wish> {
    let record = ("[12]", fields()).prop_map(|(key, fields)| Held { key, fields });
    let connector = proptest::sample::select(UpdateConnector::ALL.to_vec());
    prop_oneof![
        4 => proptest::collection::btree_map(connector, record, 0..3).prop_map(Wish::Hold),
        1 => Just(Wish::Leave)
    ]
}

fn system() -> impl Strategy<Value = System> {
    let connector = proptest::sample::select(UpdateConnector::ALL.to_vec());
    proptest::collection::btree_map((connector, "[12]"), fields(), 0..4)
}

/// Writes as a run does: only what the system does not show yet.
fn write(system: &mut System, held: &mut BTreeMap<String, Held>, step: &Step) {
    let record = system.entry((step.connector, step.key.clone())).or_default();
    record.extend(missing(&step.fields, record));
    apply(held, step.connector, &step.key, &step.fields);
}

proptest! {
    #[test]
    fn writing_the_steps_converges(wishes in proptest::collection::vec(wish(), 1..5), mut system in system()) {
        let (managed, mut held) = (managed(), BTreeMap::new());
        for wish in wishes {
            for step in steps(&wish, OnLeaving::Clear, &managed, &held) {
                write(&mut system, &mut held, &step);
            }
            prop_assert_eq!(steps(&wish, OnLeaving::Clear, &managed, &held), vec![]);
            let wanted = match &wish { Wish::Hold(records) => records.clone(), Wish::Leave => BTreeMap::new() };
            for (connector, record) in &wanted {
                for field in FIELDS.iter().filter(|field| value(&record.fields, field).is_some()) {
                    let now = &system[&(*connector, record.key.clone())];
                    prop_assert!(same(value(now, field), value(&record.fields, field)));
                }
            }
            // Nothing of the connector stays behind where no record is wanted.
            for connector in UpdateConnector::ALL.iter().filter(|connector| !wanted.contains_key(connector)) {
                let left = held.get(connector.as_str());
                prop_assert!(left.is_none_or(|left| left.fields.values().all(Option::is_none)));
            }
        }
    }

    #[test]
    fn what_the_connector_never_wrote_is_never_cleared(wish in wish(), system in system()) {
        let (mut after, mut held) = (system.clone(), BTreeMap::new());
        for step in steps(&wish, OnLeaving::Clear, &managed(), &held) {
            write(&mut after, &mut held, &step);
        }
        for (record, fields) in system {
            for field in fields.keys().filter(|field| value(&fields, field).is_some()) {
                prop_assert!(value(&after[&record], field).is_some());
            }
        }
    }

    #[test]
    fn keeping_takes_nothing_away_from_a_leaver(wish in wish()) {
        let (managed, mut held) = (managed(), BTreeMap::new());
        for step in steps(&wish, OnLeaving::Keep, &managed, &held) {
            apply(&mut held, step.connector, &step.key, &step.fields);
        }
        prop_assert_eq!(steps(&Wish::Leave, OnLeaving::Keep, &managed, &held), vec![]);
    }
}

#[test]
fn a_new_number_clears_the_old_record_first() {
    let record = |key: &str| Held { key: key.into(), fields: [("EmAd".to_owned(), Some("jan@x".to_owned()))].into() };
    let held = BTreeMap::from([("KnEmployee".to_owned(), record("1"))]);
    let wish = Wish::Hold([(UpdateConnector::KnEmployee, record("2"))].into());
    let written: Vec<_> = steps(&wish, OnLeaving::Clear, &managed(), &held)
        .into_iter()
        .map(|step| (step.key, step.fields["EmAd"].clone()))
        .collect();
    assert_eq!(written, [("1".to_owned(), None), ("2".to_owned(), Some("jan@x".to_owned()))]);
}

#[test]
fn only_the_changed_fields_are_written() {
    let fields = |mail: &str| {
        Fields::from([("EmAd".to_owned(), Some(mail.to_owned())), ("MbNr".to_owned(), Some("1".to_owned()))])
    };
    let held = BTreeMap::from([("KnUser".to_owned(), Held { key: "u".into(), fields: fields("Jan@x") })]);
    let wish = |mail| Wish::Hold([(UpdateConnector::KnUser, Held { key: "u".into(), fields: fields(mail) })].into());
    assert_eq!(steps(&wish("jan@x"), OnLeaving::Clear, &managed(), &held), []);
    let changed = steps(&wish("j@x"), OnLeaving::Clear, &managed(), &held);
    assert_eq!(changed[0].fields, Fields::from([("EmAd".to_owned(), Some("j@x".to_owned()))]));
}
