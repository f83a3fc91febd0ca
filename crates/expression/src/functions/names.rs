//! Names as `domain::Name` puts them together. Each takes a person or a person's `name`.

use domain::{Name, NameConvention};
use serde_json::Value;

use super::{Absent, Call, Function, bounded};
use crate::types::Type;

pub(super) static FUNCTIONS: &[Function] = &[
    of_name("familyName", |call| bounded(name(call)?.family())),
    of_name("displayName", |call| bounded(name(call)?.display())),
    Function { optional: &[], ..of_name("nickName", |call| bounded(name(call)?.nick().to_owned())) },
];

const fn of_name(name: &'static str, call: fn(&Call<'_>) -> Result<Value, String>) -> Function {
    Function {
        name,
        parameters: &[Type::Any],
        optional: &[Type::Text],
        rest: None,
        result: &Type::Text,
        absent: Absent::Null,
        call,
    }
}

/// The name, by another convention when the second argument says so.
fn name(call: &Call<'_>) -> Result<Name, String> {
    let given = call.value(0);
    let parts = given.get("name").filter(|name| name.is_object()).unwrap_or(given);
    let mut name: Name = domain::person::from_value(&known_parts(parts, call.name)?)
        .map_err(|error| format!("{} can't read the name: {}", call.name, error.path))?;
    if !call.value(1).is_null() {
        name.convention = convention(call.text(1)?)?;
    }
    Ok(name)
}

/// Absent parts may be there as `null`.
fn known_parts(parts: &Value, function: &str) -> Result<Value, String> {
    let Value::Object(parts) = parts else {
        return Err(format!("{function} needs a person or a person's name, not {}", Type::of(parts)));
    };
    let present = parts.iter().filter(|(_, part)| !part.is_null());
    Ok(Value::Object(present.map(|(name, part)| (name.clone(), part.clone())).collect()))
}

fn convention(text: &str) -> Result<NameConvention, String> {
    match text {
        "B" => Ok(NameConvention::B),
        "P" => Ok(NameConvention::P),
        "BP" => Ok(NameConvention::BP),
        "PB" => Ok(NameConvention::PB),
        _ => Err("a naming convention is one of B, P, BP, PB".to_owned()),
    }
}
