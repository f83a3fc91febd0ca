use jiff::civil::date;
use proptest::prelude::*;

use super::*;

fn contract(id: &str, start: Date, end: Option<Date>) -> Contract {
    serde_json::from_value(serde_json::json!({ "id": id, "startDate": start, "endDate": end })).unwrap()
}

#[test]
fn the_last_day_still_counts() {
    let contract = contract("c", date(2026, 1, 1), Some(date(2026, 3, 31)));
    assert!(!contract.is_active(date(2025, 12, 31)));
    assert!(contract.is_active(date(2026, 1, 1)));
    assert!(contract.is_active(date(2026, 3, 31)));
    assert!(!contract.is_active(date(2026, 4, 1)));
    assert!(contract.is_active_within(date(2025, 12, 18), 14, 0));
    assert!(!contract.is_active_within(date(2025, 12, 17), 14, 0));
    assert!(contract.is_active_within(date(2026, 4, 2), 0, 2));
}

#[test]
fn running_before_next_before_last() {
    let ended = contract("ended", date(2020, 1, 1), Some(date(2021, 1, 1)));
    let older = contract("older", date(2018, 1, 1), Some(date(2019, 1, 1)));
    let next = contract("next", date(2027, 1, 1), None);
    let running = Contract { fte: Some(0.1), ..contract("running", date(2026, 1, 1), None) };
    let day = date(2026, 6, 1);
    assert_eq!(primary(&[next.clone(), running, ended.clone()], day).unwrap().id, "running");
    assert_eq!(primary(&[ended.clone(), next], day).unwrap().id, "next");
    assert_eq!(primary(&[older, ended], day).unwrap().id, "ended");
    assert_eq!(primary(&[], day), None);
}

#[test]
fn weight_goes_down_the_documented_order() {
    let day = date(2026, 6, 1);
    let base = contract("b", date(2026, 1, 1), Some(date(2026, 12, 31)));
    let heavier = [
        Contract { fte: Some(1.0), ..contract("z", date(2026, 1, 1), Some(date(2026, 12, 31))) },
        Contract { hours_per_week: Some(8.0), ..contract("z", date(2026, 1, 1), Some(date(2026, 12, 31))) },
        Contract { percentage: Some(50.0), ..contract("z", date(2026, 1, 1), Some(date(2026, 12, 31))) },
        Contract { sequence: Some(1), ..contract("z", date(2026, 1, 1), Some(date(2026, 12, 31))) },
        contract("z", date(2026, 1, 1), None),
        contract("z", date(2025, 1, 1), Some(date(2026, 12, 31))),
        contract("a", date(2026, 1, 1), Some(date(2026, 12, 31))),
    ];
    for heavy in heavier {
        assert_eq!(primary(&[base.clone(), heavy.clone()], day), Some(&heavy));
    }
}

proptest! {
    #[test]
    fn the_answer_does_not_depend_on_the_order(
        seeds in proptest::collection::vec((0_i16..900, proptest::option::of(0_i16..900), proptest::option::of(0_u8..3)), 0..6),
        turn in 0_usize..6,
    ) {
        let contracts: Vec<_> = seeds.iter().enumerate().map(|(n, (start, length, fte))| {
            let start = shift(date(2025, 1, 1), i64::from(*start));
            let end = length.map(|days| shift(start, i64::from(days)));
            Contract { fte: fte.map(f64::from), ..contract(&format!("c{n}"), start, end) }
        }).collect();
        let mut turned = contracts.clone();
        if !turned.is_empty() { let by = turn % turned.len(); turned.rotate_left(by); }
        let day = date(2026, 3, 1);
        let chosen = primary(&contracts, day);
        prop_assert_eq!(chosen, primary(&turned, day));
        if contracts.iter().any(|c| c.is_active(day)) {
            prop_assert!(chosen.is_some_and(|c| c.is_active(day)));
        }
    }
}
