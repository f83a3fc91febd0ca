//! Calendar dates, as texts `2026-01-31`.

use domain::contract::shift;

use super::{Absent, Call, Function};
use crate::types::Type;

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "daysBetween",
        parameters: &[Type::Text, Type::Text],
        optional: &[],
        rest: None,
        result: &Type::Number,
        absent: Absent::Null,
        call: |call| Ok(days_between(call)?.into()),
    },
    Function {
        name: "addDays",
        parameters: &[Type::Text, Type::Number],
        optional: &[],
        rest: None,
        result: &Type::Text,
        absent: Absent::Null,
        call: |call| Ok(shift(call.date(0)?, call.whole(1)?).to_string().into()),
    },
];

/// Negative when the second date is before the first.
fn days_between(call: &Call<'_>) -> Result<i32, String> {
    let (from, to) = (call.date(0)?, call.date(1)?);
    from.until(to).map(|span| span.get_days()).map_err(|_| "the dates are too far apart".to_owned())
}
