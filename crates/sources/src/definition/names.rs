//! Names of columns that differ from one organisation to the next: `row.${settings.number}`. They are put into expressions
//! and places as they are read, so that all that is checked of a name that stands there is checked of these too.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_saphyr::Spanned;

const BEGIN: &str = "${settings.";

/// The texts of settings.
#[derive(Default)]
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    pub(super) fn of(settings: &BTreeMap<String, Spanned<String>>) -> Self {
        Self(settings.iter().map(|(name, text)| (name.clone(), text.value.clone())).collect())
    }

    /// The text with names in place of `${settings.…}`; each must be one as `is_name` says, so that none brings more than
    /// a name with it.
    pub(super) fn put_into<'t>(&self, text: &'t str, is_name: fn(&str) -> bool) -> Result<Cow<'t, str>, String> {
        if !text.contains(BEGIN) {
            return Ok(Cow::Borrowed(text));
        }
        let mut whole = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(BEGIN) {
            let (setting, after) = after.split_once('}').ok_or("a `${` is not closed")?;
            let setting = setting.trim();
            let name = self.0.get(setting).ok_or_else(|| format!("there is no `{setting}` in settings"))?;
            if !is_name(name) {
                return Err(format!("settings.{setting} is used as the name of a column here, and is none"));
            }
            whole.push_str(before);
            whole.push_str(name);
            rest = after;
        }
        whole.push_str(rest);
        Ok(Cow::Owned(whole))
    }
}

/// A name as it may stand in an expression.
pub(super) fn is_identifier(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && name.starts_with(|c: char| !c.is_ascii_digit())
}

/// A name as it may stand in a place.
pub(super) fn is_member(name: &str) -> bool {
    !name.trim().is_empty() && !name.contains(['/', '$', '{', '}'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_put_in() {
        let names = [("number", "HID"), ("next", "@odata.nextLink"), ("bad", "a || true"), ("none", "")];
        let names = Names(names.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect());
        let put = |text| names.put_into(text, is_identifier).map(Cow::into_owned);
        assert_eq!(put("row.${settings.number} + row.x").as_deref(), Ok("row.HID + row.x"));
        assert_eq!(put("'${item}'").as_deref(), Ok("'${item}'"));
        for (text, told) in [
            ("row.${settings.other}", "there is no `other` in settings"),
            ("row.${settings.number", "a `${` is not closed"),
            ("row.${settings.bad}", "settings.bad is used as the name of a column here, and is none"),
            ("row.${settings.none}", "settings.none is used as the name of a column here, and is none"),
            ("row.${settings.next}", "settings.next is used as the name of a column here, and is none"),
        ] {
            assert_eq!(put(text).unwrap_err(), told);
        }
        assert_eq!(names.put_into("d/${settings.next}", is_member).as_deref(), Ok("d/@odata.nextLink"));
        assert!(names.put_into("d/${settings.none}", is_member).is_err());
    }
}
