//! Parts of a person that another source may be trusted with than the rest.

use std::str::FromStr;

use crate::Person;

/// A part of a person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PersonPart {
    /// The name, as a whole.
    Name,
    /// Mail address.
    Email,
    /// Phone at work.
    Phone,
    /// Mobile phone.
    MobilePhone,
    /// All contracts.
    Contracts,
    /// A field of `custom`.
    Custom(String),
}

/// This is no part of a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is none of name, contact.email, contact.phone, contact.mobilePhone, contracts and custom.NAME")]
pub struct NoPart;

impl FromStr for PersonPart {
    type Err = NoPart;

    fn from_str(path: &str) -> Result<Self, NoPart> {
        match path {
            "name" => Ok(Self::Name),
            "contact.email" => Ok(Self::Email),
            "contact.phone" => Ok(Self::Phone),
            "contact.mobilePhone" => Ok(Self::MobilePhone),
            "contracts" => Ok(Self::Contracts),
            _ => match path.strip_prefix("custom.") {
                Some(name) if !name.is_empty() => Ok(Self::Custom(name.to_owned())),
                _ => Err(NoPart),
            },
        }
    }
}

impl PersonPart {
    /// Whether a source's record tells it.
    pub(super) fn is_told_by(&self, person: &Person) -> bool {
        let told = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.trim().is_empty());
        match self {
            Self::Name => true,
            Self::Email => told(&person.contact.email),
            Self::Phone => told(&person.contact.phone),
            Self::MobilePhone => told(&person.contact.mobile_phone),
            Self::Contracts => !person.contracts.is_empty(),
            Self::Custom(name) => person.custom.get(name).is_some_and(|value| !value.is_null()),
        }
    }

    /// Takes it over.
    pub(super) fn copy(&self, from: &Person, to: &mut Person) {
        match self {
            Self::Name => to.name.clone_from(&from.name),
            Self::Email => to.contact.email.clone_from(&from.contact.email),
            Self::Phone => to.contact.phone.clone_from(&from.contact.phone),
            Self::MobilePhone => to.contact.mobile_phone.clone_from(&from.contact.mobile_phone),
            Self::Contracts => to.contracts.clone_from(&from.contracts),
            Self::Custom(name) => {
                if let Some(value) = from.custom.get(name) {
                    to.custom.insert(name.clone(), value.clone());
                }
            }
        }
    }
}
