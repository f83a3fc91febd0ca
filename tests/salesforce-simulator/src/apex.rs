//! Apex REST under `/services/apexrest`: the accounts service, by its written contract (`infra/salesforce/contract`). It does
//! everything through the org's own rules, as Apex does.

mod accounts;
mod contract;
mod draft;
mod entitlements;
mod lookup;
mod node;
mod outcome;
mod request;
mod transaction;

use bytes::Bytes;
use http::Response;
use serde_json::{Value as Json, json};

use crate::call::Call;
use crate::org::Org;
use crate::org::journal::Actor;
use crate::org::rules;
use crate::reply;
use request::Refusal;
use transaction::Halt;

/// The custom permission that the service asks of its caller.
pub(crate) const CUSTOM_PERMISSION: &str = "Connector_Manage_Accounts";

impl Org {
    /// A call under `/services/apexrest`.
    pub(crate) fn apex(&mut self, call: &Call<'_>, actor: &Actor) -> Response<Bytes> {
        let path = call.path_from(2);
        let (["connector", "v1", resource], true) = (path.as_slice(), self.accounts_service) else {
            return no_match();
        };
        match (call.method.as_str(), *resource) {
            ("GET", "accounts") => self.about(actor),
            ("POST", "lookup") => self.permitted(actor, |org| org.lookup(call.body)),
            ("POST", "accounts") => self.permitted(actor, |org| org.write_accounts(call.body, actor)),
            (method, "accounts") => reply::method_not_allowed(method, "GET,POST"),
            (method, "lookup") => reply::method_not_allowed(method, "POST"),
            _ => no_match(),
        }
    }

    /// Who is calling, and whether they may. Anybody who can call the service may ask.
    fn about(&self, actor: &Actor) -> Response<Bytes> {
        let permitted = rules::has_custom_permission(&self.world, &actor.user, CUSTOM_PERMISSION);
        reply::json(200, &json!({ "version": contract::VERSION, "caller": actor.user, "permitted": permitted }))
    }

    fn permitted(&mut self, actor: &Actor, work: impl FnOnce(&mut Self) -> Result<Json, Refusal>) -> Response<Bytes> {
        if !rules::has_custom_permission(&self.world, &actor.user, CUSTOM_PERMISSION) {
            return reply::rest_error(
                403,
                "INSUFFICIENT_ACCESS",
                &format!("The custom permission {CUSTOM_PERMISSION} is needed"),
            );
        }
        match work(self) {
            Ok(answer) => reply::json(200, &answer),
            Err(refusal) => refusal.answer(),
        }
    }

    fn lookup(&self, body: &[u8]) -> Result<Json, Refusal> {
        let persons = request::lookup(body)?;
        Ok(lookup::answer(&self.world, &persons))
    }

    fn write_accounts(&mut self, body: &[u8], actor: &Actor) -> Result<Json, Refusal> {
        let request = request::accounts(body)?;
        let start = self.world.savepoint();
        accounts::run(&mut self.world, actor, request).map_err(|halt| {
            // A LimitException cannot be caught, and takes back the whole transaction [doc].
            self.world.rollback(start);
            Refusal::Halted(halt)
        })
    }
}

/// The answer to a path that no class serves: also when the service is not installed.
fn no_match() -> Response<Bytes> {
    reply::rest_error(404, "NOT_FOUND", "Could not find a match for URL")
}

impl Refusal {
    fn answer(&self) -> Response<Bytes> {
        match self {
            Self::Invalid(message) => reply::rest_error(400, "INVALID_REQUEST", message),
            Self::Version => reply::rest_error(400, "UNSUPPORTED_VERSION", "version must be 1"),
            Self::TooMany(most) => {
                reply::rest_error(400, "TOO_MANY_PERSONS", &format!("At most {most} persons can be sent in one call"))
            }
            Self::Halted(halt) => reply::rest_error(500, "APEX_ERROR", halt.message()),
        }
    }
}

impl Halt {
    /// The form of an exception that nothing catches: `System.…Exception: text` [test]; the texts [se 377154, general
    /// knowledge].
    fn message(&self) -> &'static str {
        match self {
            Self::CpuTime => "System.LimitException: Apex CPU time limit exceeded",
            Self::DmlRows => "System.LimitException: Too many DML rows: 10001",
        }
    }
}
