//! A short, stable fingerprint of a value: equal content, equal digest. Used to see that nothing changed and to chain
//! audit records.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// SHA-256 of the value's canonical JSON (object keys sorted), in hexadecimal.
pub fn digest(value: &impl Serialize) -> String {
    let mut canonical = String::new();
    // A value made of our own types always serialises; were it not so, all such values would look changed, never equal.
    write_canonical(&serde_json::to_value(value).unwrap_or_default(), &mut canonical);
    hex(&Sha256::digest(canonical.as_bytes()))
}

/// Sorted by hand: whether `serde_json` keeps maps sorted depends on the features that other crates switch on.
fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| *name);
            out.push('{');
            for (name, field) in sorted {
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                write_canonical(field, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write_canonical(item, out);
                out.push(',');
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|nibble| char::from_digit(u32::from(nibble), 16).unwrap_or('0'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn the_order_of_keys_does_not_matter() {
        let a: serde_json::Value = serde_json::from_str(r#"{"a":1,"b":{"c":2,"d":3}}"#).unwrap();
        let b: serde_json::Value = serde_json::from_str(r#"{"b":{"d":3,"c":2},"a":1}"#).unwrap();
        assert_eq!(digest(&a), digest(&b));
        assert_ne!(digest(&a), digest(&1));
        assert_eq!(digest(&a).len(), 64);
    }
}
