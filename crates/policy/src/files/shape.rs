//! The shapes of the configuration's files: which keys there are and what each holds. The published JSON Schema is made
//! from the same definitions.

mod join;
mod values;
mod words;

use schemars::JsonSchema;

pub(crate) use self::join::JoinKeys;
pub(crate) use self::values::{Attribute, Attributes, Cel, Entries, TextOrNumber};
pub use self::words::{Absence, Api, DriftAnswer};
pub(crate) use self::words::{Days, Every, Mode, Role};
use super::read::{At, Read, Sink};
use super::tree::Tree;

// `= value` behind a field: what it counts as when it is refused, so that the rest is still checked.
macro_rules! shape {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $key:literal $field:ident: $type:ty $(= $refused:expr)?,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, JsonSchema)]
        #[schemars(deny_unknown_fields)]
        pub(crate) struct $name { $($(#[$field_doc])* #[schemars(rename = $key)] pub(crate) $field: $type,)* }

        impl Read for $name {
            fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
                let fields = sink.fields(tree, &[$($key),*])?;
                $(let $field = <$type>::read_field(fields.get($key).copied(), tree, $key, sink)$(.or(Some($refused)))?;)*
                Some(Self { $($field: $field?,)* })
            }
        }
    )*};
}

// Behind the macro, which it uses too.
pub(crate) mod webhook;
pub(crate) mod write_back;

pub(crate) use self::webhook::{Handshake, Hmac, Scheme, Time, Webhook};

shape! {
    /// A file of the connector's configuration. Every top-level key may stand in any file of the folder, but each in
    /// one file only; rules may be spread over several.
    File {
        /// The organisation whose people these are.
        "organisation" organisation: Option<At<Organisation>> = None,
        /// The Salesforce org and how it is written to.
        "salesforce" salesforce: Option<At<Salesforce>> = None,
        /// Where people come from, the most trusted source first.
        "sources" sources: Option<At<Vec<At<Source>>>> = None,
        /// Parts of a person that sources are trusted with in another order than their own: name, contact.email,
        /// contact.phone, contact.mobilePhone, contracts or custom.NAME, each with its sources, the most trusted first.
        "priority" priority: Option<At<Entries<Vec<At<String>>>>> = None,
        /// The Salesforce account: when there is one, and what its fields hold.
        "account" account: Option<At<Account>> = None,
        /// Business rules: who is given what.
        "rules" rules: Option<At<Vec<At<Rule>>>> = None,
        /// What is done with entitlements that others gave, by kind; own when absent.
        "ownership" ownership: Option<At<Ownership>> = None,
        /// What is done about changes that somebody made in the org by hand.
        "drift" drift: Option<At<Drift>> = None,
        /// Systems that are told what was decided; none when absent.
        "writeBack" write_back: Option<At<Vec<At<write_back::WriteBack>>>> = None,
        /// Tables for the function `lookup`.
        "lookups" lookups: Option<At<Entries<Entries<TextOrNumber>>>> = None,
    }

    /// The organisation whose people these are.
    Organisation {
        /// IANA time zone, as Europe/Amsterdam. Days begin and end there; also the default of TimeZoneSidKey.
        "timeZone" time_zone: At<String>,
        /// Default of LocaleSidKey; en_US when absent.
        "locale" locale: Option<String>,
        /// Default of LanguageLocaleKey; en_US when absent.
        "language" language: Option<String>,
    }

    /// The Salesforce org and how it is written to.
    Salesforce {
        /// Name of the secret with the org's credentials.
        "secret" secret: At<String>,
        /// The write path; scim when absent.
        "api" api: Option<Api>,
        /// Version of Salesforce's API, in quotes; "66.0" when absent.
        "apiVersion" api_version: Option<At<String>>,
        /// How many persons are written at the same time, 1 to 25; 4 when absent.
        "concurrentWrites" concurrent_writes: Option<At<u16>>,
        /// Appended to every user name, as .uat; for sandboxes, for a user name is unique over all of Salesforce.
        "usernameSuffix" username_suffix: Option<At<String>>,
        /// Whether Salesforce mails new users; false when absent. Only the write path apex can.
        "welcomeMail" welcome_mail: Option<At<bool>>,
        /// User names, as in the org, of users that are never frozen or deactivated.
        "protect" protect: Option<Vec<At<String>>>,
        /// How much of the org's daily API calls each kind of work may use.
        "apiBudget" api_budget: Option<ApiBudget>,
    }

    /// How much of the org's daily API calls each kind of work may use, in percent.
    ApiBudget {
        /// Bulk work stops when so much is used, by whomever; 80 when absent.
        "bulkUntil" bulk_until: Option<At<u16>>,
        /// The last part, for taking away access alone, at least 1; 5 when absent.
        "reserve" reserve: Option<At<u16>>,
    }

    /// A system that people data is read from: webhook says that it sends, one of file, http and activeDirectory how it
    /// is read. With both, what it sends only says that there is something to read.
    Source {
        /// Its name in URLs, keys and expressions: a-z, 0-9 and -.
        "name" name: At<String>,
        /// authoritative: it decides which persons exist. dependent: it only adds an account to a person.
        "role" role: Role,
        /// It sends to POST /webhook/{name}.
        "webhook" webhook: Option<Webhook>,
        /// Its export is read from a file.
        "file" file: Option<Export>,
        /// It is read over HTTP.
        "http" http: Option<System>,
        /// It is an Active Directory, read over LDAP.
        "activeDirectory" active_directory: Option<System>,
        /// How often it is asked for what changed, as 15m, 1h or 1d; 1h when absent.
        "every" every: Option<Every>,
        /// How often everything is read, where changes can be asked for; 1d when absent.
        "everything" everything: Option<Every>,
        /// Where absence means leaver: how many records may be gone in one read before none is taken as gone but all
        /// are held for a person to decide; 20 when absent, or 5 % of the records if that is more.
        "mostAbsent" most_absent: Option<u16>,
        /// How a dependent source's accounts find their persons; without it each record names its person. The first key
        /// that any person has decides.
        "join" join: Option<At<JoinKeys>>,
    }

    /// A source whose export is read.
    Export {
        /// Path, within the folder, of the file that describes the export.
        "definition" definition: At<String>,
        /// Path of the export, for reading it on a schedule; without one it is given to `connector import`.
        "path" path: Option<String>,
        /// Name of the S3 bucket that the export lies in, in place of path.
        "bucket" bucket: Option<At<String>>,
        /// The export's key in the bucket, as hr/employees.csv.
        "key" key: Option<At<String>>,
        /// What it means when a record is no longer in a complete export; ignore when absent.
        "absence" absence: Option<Absence>,
    }

    /// A system that is read.
    System {
        /// Path, within the folder, of the file that describes it.
        "definition" definition: At<String>,
    }

    /// The Salesforce account.
    Account {
        /// Condition over person and today; true when absent. While it does not hold there is no account.
        "when" when: Option<At<Cel>> = None,
        /// The days around a contract on which the account may be used; from the first to the last day when absent.
        "access" access: Option<Access> = None,
        /// The days before a contract's start on which the account is prepared, inactive; none when absent.
        "create" create: Option<Create> = None,
        /// The fields by which an existing user is found, in this order.
        "correlate" correlate: At<Vec<At<String>>>,
        /// The fields under management; a field that is not named is left alone.
        "attributes" attributes: At<Attributes>,
        /// Other persons' users that the account names.
        "links" links: Option<Links> = None,
        /// The steps of a leaver's account, counted from the end of access.
        "leaver" leaver: Option<Leaver> = None,
    }

    /// Other persons' users that the account names: expressions that give a person's id.
    Links {
        /// The manager.
        "manager" manager: Option<At<Cel>>,
        /// Who approves in the person's place.
        "delegatedApprover" delegated_approver: Option<At<Cel>>,
    }

    /// The steps of a leaver's account, each no earlier than the one before.
    Leaver {
        /// Nobody can use it any more: immediately, and nothing else.
        "freeze" freeze: Option<At<Days>>,
        /// It is made inactive and gives its licence back; 7d when absent.
        "deactivate" deactivate: Option<At<Days>>,
        /// What the connector gave is taken away; 30d when absent.
        "strip" strip: Option<At<Days>>,
    }

    /// When the account may be used.
    Access {
        /// Days before a contract's first day; 0 when absent.
        "daysBeforeStart" days_before_start: Option<u16>,
        /// Days after a contract's last day; 0 when absent.
        "daysAfterEnd" days_after_end: Option<u16>,
    }

    /// When the account is prepared.
    Create {
        /// Days before a contract's first day; 0 when absent.
        "daysBeforeStart" days_before_start: Option<u16>,
    }

    /// The long form of an attribute: exactly one of value, literal and candidates.
    AttributeForm {
        /// An expression that gives the value.
        "value" value: Option<At<Cel>>,
        /// Whether a person without the value is held back; only beside value.
        "required" required: Option<At<bool>>,
        /// A text, taken as it is.
        "literal" literal: Option<At<String>>,
        /// Expressions in order of preference; the first whose value is free is taken.
        "candidates" candidates: Option<At<Vec<At<Cel>>>>,
        /// Whether an account that has another value already gets a new one; only beside candidates; false when absent.
        "follow" follow: Option<At<bool>>,
        /// Whether numbered forms (jan2, jan3 … jan9) follow the candidates; only for Username and CommunityNickname; true
        /// when absent.
        "numbered" numbered: Option<At<bool>>,
    }

    /// Who is given what.
    Rule {
        /// Name, unique over all files; it is written into the audit log.
        "name" name: At<String>,
        /// Condition over person, contract and today; true when absent.
        "when" when: Option<At<Cel>>,
        /// Name of a profile.
        "profile" profile: Option<At<String>>,
        /// Developer name of a role.
        "role" role: Option<At<String>>,
        /// API names of permission sets.
        "permissionSets" permission_sets: Option<Vec<At<String>>>,
        /// API names of permission set groups.
        "permissionSetGroups" permission_set_groups: Option<Vec<At<String>>>,
        /// API names of permission set licences.
        "permissionSetLicenses" permission_set_licenses: Option<Vec<At<String>>>,
        /// Developer names of public groups.
        "publicGroups" public_groups: Option<Vec<At<String>>>,
        /// Developer names of queues.
        "queues" queues: Option<Vec<At<String>>>,
        /// Feature licences: API names of fields of the User object, as UserPermissionsMarketingUser.
        "featureLicenses" feature_licenses: Option<Vec<At<String>>>,
        /// An expression that gives the last day of the rule's permission sets and permission set groups; none when it
        /// gives nothing.
        "expires" expires: Option<At<Cel>>,
    }

    /// What is done with entitlements that others gave, by kind.
    Ownership {
        /// Profiles: always own.
        "profile" profile: Option<At<Mode>> = None,
        /// Roles.
        "role" role: Option<At<Mode>> = None,
        /// Permission sets.
        "permissionSets" permission_sets: Option<At<Mode>> = None,
        /// Permission set groups.
        "permissionSetGroups" permission_set_groups: Option<At<Mode>> = None,
        /// Permission set licences.
        "permissionSetLicenses" permission_set_licenses: Option<At<Mode>> = None,
        /// Public groups.
        "publicGroups" public_groups: Option<At<Mode>> = None,
        /// Queues.
        "queues" queues: Option<At<Mode>> = None,
        /// Feature licences.
        "featureLicenses" feature_licenses: Option<At<Mode>> = None,
    }

    /// What is done about changes that somebody made in the org by hand.
    Drift {
        /// A field or a link has another value; repair when absent.
        "fields" fields: Option<At<DriftAnswer>> = None,
        /// Something that rules give is gone; repair when absent.
        "entitlementsRemoved" entitlements_removed: Option<At<DriftAnswer>> = None,
        /// Something that no rule gives was added; report when absent. Repaired only where ownership is exact.
        "entitlementsAdded" entitlements_added: Option<At<DriftAnswer>> = None,
        /// A user who should be in was frozen or made inactive; accept when absent.
        "shut" shut: Option<At<DriftAnswer>> = None,
        /// A user who should be out was let in; repair when absent.
        "opened" opened: Option<At<DriftAnswer>> = None,
        /// The user name is another one; accept when absent.
        "renamed" renamed: Option<At<DriftAnswer>> = None,
    }
}
