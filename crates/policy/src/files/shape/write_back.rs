//! The shapes of writing back: which system is told what was decided, and what its records are to hold.

use schemars::JsonSchema;

use super::{At, Cel, Entries, Read, Sink, Tree};

shape! {
    /// A system that is told what was decided, as the mail address of an employee.
    WriteBack {
        /// Its name in logs and reports: a-z, 0-9 and -. What was written is remembered under it.
        "name" name: At<String>,
        /// Which system it is.
        "system" system: WrittenSystem,
        /// Name of the secret with the system's token.
        "secret" secret: At<String>,
        /// Address of the service, as https://12345.rest.afas.online/ProfitRestServices.
        "address" address: At<String>,
        /// The employee, by KnEmployee.
        "employee" employee: Option<At<WrittenEmployee>>,
        /// The user, by KnUser.
        "user" user: Option<At<WrittenUser>>,
        /// What becomes of a leaver's values; clear when absent.
        "onLeaving" on_leaving: Option<OnLeaving>,
    }

    /// The employee: fields of the person in it.
    WrittenEmployee {
        /// The GetConnector that shows the present values.
        "connector" connector: At<String>,
        /// The employee's number.
        "key" key: WrittenValue,
        /// The column with the number of the person, which every update needs.
        "personNumber" person_number: At<String>,
        /// The fields by AFAS's ids, as EmAd.
        "fields" fields: At<Entries<WrittenValue>>,
    }

    /// The user.
    WrittenUser {
        /// The GetConnector that shows the present values.
        "connector" connector: At<String>,
        /// The user's code.
        "key" key: WrittenValue,
        /// The column with the user's description, which every update needs and which stays as it is.
        "description" description: At<String>,
        /// The fields by AFAS's ids, as EmAd and Upn.
        "fields" fields: At<Entries<WrittenValue>>,
    }

    /// A value, and where the present one stands.
    WrittenValue {
        /// An expression over person and user.
        "value" value: At<Cel>,
        /// The column of the GetConnector.
        "column" column: At<String>,
    }
}

/// The systems that can be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[non_exhaustive]
pub enum WrittenSystem {
    /// AFAS Profit, by its update connectors.
    Afas,
}

impl Read for WrittenSystem {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        sink.choice(tree, &[("afas", Self::Afas)])
    }
}

/// What becomes of a leaver's values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum OnLeaving {
    /// What the connector wrote is cleared.
    #[default]
    Clear,
    /// Everything stays.
    Keep,
}

impl Read for OnLeaving {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        sink.choice(tree, &[("clear", Self::Clear), ("keep", Self::Keep)])
    }
}
