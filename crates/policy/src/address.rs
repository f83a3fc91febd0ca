//! The form that Salesforce demands of user names and mail addresses: ASCII, one `@`, a dotted domain.

/// Whether the text has that form.
pub(crate) fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    !local.is_empty()
        && local.chars().all(atom)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && domain.contains('.')
        && domain.split('.').all(is_label)
}

/// Whether the text goes behind an address and leaves it one: `.uat`.
pub(crate) fn is_suffix(text: &str) -> bool {
    text.strip_prefix('.').is_some_and(|labels| labels.split('.').all(is_label))
}

fn is_label(part: &str) -> bool {
    !part.is_empty()
        && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !part.starts_with('-')
        && !part.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_keeps_an_address_one() {
        for good in [".uat", ".uat2.eu", ".a-b"] {
            assert!(is_suffix(good) && is_address(&format!("jan@example.com{good}")), "{good}");
        }
        for bad in ["", ".", "uat", ".uat.", "..uat", ".u at", ".-a", ".ü", "@uat.com"] {
            assert!(!is_suffix(bad), "{bad}");
        }
    }
}
