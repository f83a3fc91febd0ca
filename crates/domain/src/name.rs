//! A person's name and how it is put together by the naming convention that the person chose.

use serde::{Deserialize, Serialize};

/// The parts of a name as HR knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Name {
    /// Given name, as in the passport.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// Name of everyday use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nick_name: Option<String>,
    /// Initials with dots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initials: Option<String>,
    /// Family name at birth, without prefix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// Its prefix (`de`, `van der`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name_prefix: Option<String>,
    /// The partner's family name, without prefix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_name: Option<String>,
    /// Its prefix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_name_prefix: Option<String>,
    /// Which of the two family names is used.
    pub convention: NameConvention,
}

/// Which family names are used, and in which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum NameConvention {
    /// Birth name.
    #[default]
    B,
    /// Partner's name.
    P,
    /// Birth name, then partner's name.
    BP,
    /// Partner's name, then birth name.
    PB,
}

impl Name {
    /// The family name by convention, prefixes included: `de Vries`, `van den Berg`, `de Vries - van den Berg`.
    /// A missing partner's name falls back to the birth name and the other way round; empty when there is neither.
    pub fn family(&self) -> String {
        let birth = joined(self.family_name_prefix.as_deref(), self.family_name.as_deref());
        let partner = joined(self.partner_name_prefix.as_deref(), self.partner_name.as_deref());
        let (first, second) = match self.convention {
            NameConvention::B => (birth.or(partner), None),
            NameConvention::P => (partner.or(birth), None),
            NameConvention::BP => (birth, partner),
            NameConvention::PB => (partner, birth),
        };
        [first, second].into_iter().flatten().collect::<Vec<_>>().join(" - ")
    }

    /// The name of everyday use: nickname, else given name, else initials; empty when there is none.
    pub fn nick(&self) -> &str {
        [&self.nick_name, &self.given_name, &self.initials]
            .into_iter()
            .find_map(|part| present(part.as_deref()))
            .unwrap_or("")
    }

    /// Everyday name and family name: `Jan de Vries`.
    pub fn display(&self) -> String {
        let family = self.family();
        [self.nick(), &family].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

fn joined(prefix: Option<&str>, name: Option<&str>) -> Option<String> {
    let name = present(name)?;
    Some(present(prefix).map_or_else(|| name.to_owned(), |prefix| format!("{prefix} {name}")))
}

fn present(part: Option<&str>) -> Option<&str> {
    part.map(str::trim).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(convention: NameConvention) -> Name {
        Name {
            given_name: Some("Johannes".into()),
            nick_name: Some("Jan".into()),
            initials: Some("J.".into()),
            family_name: Some("Vries".into()),
            family_name_prefix: Some("de".into()),
            partner_name: Some("Berg".into()),
            partner_name_prefix: Some("van den".into()),
            convention,
        }
    }

    #[test]
    fn each_convention_has_its_order() {
        assert_eq!(name(NameConvention::B).family(), "de Vries");
        assert_eq!(name(NameConvention::P).family(), "van den Berg");
        assert_eq!(name(NameConvention::BP).family(), "de Vries - van den Berg");
        assert_eq!(name(NameConvention::PB).display(), "Jan van den Berg - de Vries");
    }

    #[test]
    fn a_missing_part_falls_back() {
        let single = Name { partner_name: None, ..name(NameConvention::P) };
        assert_eq!(single.family(), "de Vries");
        let no_nick = Name { nick_name: Some("  ".into()), given_name: None, ..name(NameConvention::B) };
        assert_eq!(no_nick.nick(), "J.");
        assert_eq!(Name::default().display(), "");
    }
}
