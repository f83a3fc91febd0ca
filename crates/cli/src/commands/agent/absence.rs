//! What becomes of records that are no longer there. Pure. The directory's own word that an object was deleted is
//! passed on; what a read only did not meet is a matter of the definition, and of how many there are at once: a wrong
//! filter or a right taken away must not make leavers of a whole company.

use active_directory::Absence;

/// How many may be taken as gone in one read: so many, or this part of all that are known.
const MOST: usize = 20;
const MOST_PERCENT: usize = 5;

/// How it is known that a record is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The directory told of the delete.
    Told,
    /// A read of everybody did not meet it, and the directory then said that it was deleted.
    FoundDeleted,
    /// It is not met, not wanted or not visible any more.
    Missing,
}

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decision<T> {
    /// These are told as gone.
    pub(super) send: Vec<T>,
    /// These wait for a person.
    pub(super) hold: Vec<T>,
    /// So many would have been told as gone, and are held because they are too many.
    pub(super) too_many: Option<usize>,
}

/// Decides on records of a source that knows so many; with `confirmed`, a person has decided that they are gone.
pub(super) fn decide<T>(
    absence: Absence,
    records: impl IntoIterator<Item = (T, Why)>,
    known: usize,
    confirmed: bool,
) -> Decision<T> {
    let mut decision = Decision { send: Vec::new(), hold: Vec::new(), too_many: None };
    let mut gone = Vec::new();
    for (record, why) in records {
        match (why, absence) {
            (Why::Told, _) => decision.send.push(record),
            (Why::FoundDeleted, _) | (Why::Missing, Absence::Leaver) => gone.push(record),
            (Why::Missing, Absence::Hold) if confirmed => gone.push(record),
            (Why::Missing, Absence::Hold) => decision.hold.push(record),
            (Why::Missing, Absence::Ignore) => {}
        }
    }
    if gone.len() > MOST.max(known * MOST_PERCENT / 100) && !confirmed {
        decision.too_many = Some(gone.len());
        decision.hold.extend(gone);
    } else {
        decision.send.extend(gone);
    }
    decision
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const THREE: [(u8, Why); 3] = [(1, Why::Told), (2, Why::FoundDeleted), (3, Why::Missing)];

    #[test]
    fn a_delete_is_passed_on_and_absence_means_what_the_definition_says() {
        let decided = |absence, confirmed| {
            let decision = decide(absence, THREE, 100, confirmed);
            assert_eq!(decision.too_many, None);
            (decision.send, decision.hold)
        };
        assert_eq!(decided(Absence::Leaver, false), (vec![1, 2, 3], vec![]));
        assert_eq!(decided(Absence::Ignore, false), (vec![1, 2], vec![]));
        assert_eq!(decided(Absence::Ignore, true), (vec![1, 2], vec![]));
        assert_eq!(decided(Absence::Hold, false), (vec![1, 2], vec![3]));
        assert_eq!(decided(Absence::Hold, true), (vec![1, 2, 3], vec![]));
    }

    #[test]
    fn many_at_once_wait_for_a_person() {
        let many = |count: usize| (0..count).map(|n| (n, if n % 2 == 0 { Why::Missing } else { Why::FoundDeleted }));
        assert_eq!(decide(Absence::Leaver, many(20), 100, false).send.len(), 20);
        let decision = decide(Absence::Leaver, many(21), 100, false);
        assert_eq!((decision.send.len(), decision.hold.len(), decision.too_many), (0, 21, Some(21)));
        assert_eq!(decide(Absence::Leaver, many(21), 100, true).send.len(), 21);
        assert_eq!(decide(Absence::Leaver, many(50), 1000, false).send.len(), 50);
        assert_eq!(decide(Absence::Leaver, many(51), 1000, false).hold.len(), 51);
    }

    proptest! {
        #[test]
        fn nobody_is_sent_and_held_and_without_confirmation_never_too_many(
            whys in proptest::collection::vec(0u8..3, 0..100), known in 0usize..2000, policy in 0u8..3, confirmed: bool,
        ) {
            let absence = [Absence::Leaver, Absence::Ignore, Absence::Hold][usize::from(policy)];
            let why = |why: u8| [Why::Told, Why::FoundDeleted, Why::Missing][usize::from(why)];
            let records: Vec<_> = whys.iter().copied().map(why).enumerate().collect();
            let told = records.iter().filter(|(_, why)| *why == Why::Told).count();
            let decision = decide(absence, records.clone(), known, confirmed);
            prop_assert!(decision.send.iter().all(|record| !decision.hold.contains(record)));
            prop_assert!(decision.send.len() + decision.hold.len() <= records.len());
            if !confirmed {
                prop_assert!(decision.send.len() - told <= MOST.max(known * MOST_PERCENT / 100));
            }
        }
    }
}
