//! Contracts: a person's employments or positions, which of them run on a day, and which one decides.

use std::cmp::Ordering;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One employment or position of a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Contract {
    /// Id, unique among the person's contracts.
    pub id: String,
    /// First day.
    pub start_date: Date,
    /// Last day of work, inclusive; open-ended when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date: Option<Date>,
    /// Kind of contract, in HR's words.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Full-time equivalent, 1.0 is full time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fte: Option<f64>,
    /// Hours a week.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours_per_week: Option<f64>,
    /// Part of the employment, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percentage: Option<f64>,
    /// HR's own order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<i64>,
    /// Department; may name its manager.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<Reference>,
    /// Job title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Reference>,
    /// Place of work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Reference>,
    /// Cost centre.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_center: Option<Reference>,
    /// Employing company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub employer: Option<Reference>,
    /// Manager, a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<Reference>,
    /// What a source maps beyond these.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub custom: Map<String, Value>,
}

/// Something that HR names by id: a department, a title, a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reference {
    /// Its id in the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its manager's person id (departments only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager_id: Option<String>,
}

impl Contract {
    /// Whether the contract runs on that day; first and last day included.
    pub fn is_active(&self, day: Date) -> bool {
        self.is_active_within(day, 0, 0)
    }

    /// As [`is_active`](Self::is_active), with the window widened by days before the start and after the end.
    pub fn is_active_within(&self, day: Date, days_before_start: u16, days_after_end: u16) -> bool {
        let start = shift(self.start_date, -i64::from(days_before_start));
        let end = self.end_date.map(|end| shift(end, i64::from(days_after_end)));
        start <= day && end.is_none_or(|end| day <= end)
    }
}

/// The date so many days away; stays at the calendar's end instead of leaving it.
pub fn shift(date: Date, days: i64) -> Date {
    date.saturating_add(jiff::Span::new().days(days.clamp(-100_000, 100_000)))
}

/// The contract that decides when a person has several: among the running ones, else the next to start, else the last
/// ended. Within these by FTE, hours, percentage, sequence and end date, each the greater first, then the earlier start;
/// a tie goes to the smaller id so that the answer never depends on the source's order.
pub fn primary(contracts: &[Contract], day: Date) -> Option<&Contract> {
    let running: Vec<_> = contracts.iter().filter(|contract| contract.is_active(day)).collect();
    if !running.is_empty() {
        return running.into_iter().min_by(|a, b| by_weight(a, b));
    }
    let next = contracts.iter().filter(|contract| contract.start_date > day);
    if let Some(next) = next.min_by(|a, b| a.start_date.cmp(&b.start_date).then_with(|| by_weight(a, b))) {
        return Some(next);
    }
    contracts.iter().min_by(|a, b| b.end_date.cmp(&a.end_date).then_with(|| by_weight(a, b)))
}

fn by_weight(a: &Contract, b: &Contract) -> Ordering {
    descending(a.fte, b.fte)
        .then_with(|| descending(a.hours_per_week, b.hours_per_week))
        .then_with(|| descending(a.percentage, b.percentage))
        .then_with(|| b.sequence.cmp(&a.sequence))
        .then_with(|| end_for_order(b).cmp(&end_for_order(a)))
        .then_with(|| a.start_date.cmp(&b.start_date))
        .then_with(|| a.id.cmp(&b.id))
}

fn descending(a: Option<f64>, b: Option<f64>) -> Ordering {
    b.unwrap_or(f64::NEG_INFINITY).total_cmp(&a.unwrap_or(f64::NEG_INFINITY))
}

fn end_for_order(contract: &Contract) -> Date {
    contract.end_date.unwrap_or(Date::MAX)
}

#[cfg(test)]
mod tests;
