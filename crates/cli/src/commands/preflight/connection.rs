//! The log-in, and what is served once it works.

use salesforce::{Refusal, SalesforceError};

use super::Plan;
use super::facts::{Facts, Login, Org};
use super::finding::{Finding, Level, Topic, told, unread};

pub(super) fn check(plan: &Plan<'_>, facts: &Facts) -> Topic {
    let mut findings = Vec::new();
    match (&facts.login, &facts.org) {
        (Err(error), _) => findings.push(no_secret(plan, error)),
        (Ok(login), Err(error)) => findings.push(refused(login, error)),
        (Ok(login), Ok(org)) => {
            findings.push(logged_in(login, org));
            findings.push(version(plan, org));
            findings.extend(sandbox(plan, &org.session.instance));
        }
    }
    Topic { topic: "Connection", findings }
}

fn no_secret(plan: &Plan<'_>, error: &SalesforceError) -> Finding {
    let name = &plan.configuration.salesforce.secret;
    Finding::fails(told(error)).help(format!(
        "put the log-in under `{name}:` into the file of --secrets; docs/SALESFORCE.md, The connector's secret, has its \
         fields"
    ))
}

fn logged_in(login: &Login, org: &Org) -> Finding {
    let name = org.own.as_ref().ok().and_then(|own| own.as_ref()?.field(domain::UserField::Username));
    let session = &org.session;
    let user = name.map_or_else(|| session.user.to_string(), |name| format!("{name} ({})", session.user));
    Finding::ok(format!("logged in to {} by {} as {user}, org {}", session.instance, login.flow, session.org))
}

fn refused(login: &Login, error: &SalesforceError) -> Finding {
    let Login { flow, url } = login;
    match error {
        SalesforceError::LoginRefused(refusal) => {
            let what = format!("{url} refuses the log-in by {flow}: {}", told(error));
            Finding::fails(what).help(remedy(refusal))
        }
        SalesforceError::Unavailable { .. } => {
            let help = "is loginUrl right (the org's My Domain), and may this machine reach it?";
            Finding::fails(format!("{url} can't be reached: {}", told(error))).help(help)
        }
        _ => unread(Level::Fails, &format!("{url} does not say who is logged in"), error),
    }
}

/// The token endpoint's error codes and texts, from recordings and Salesforce's help on OAuth errors.
fn remedy(refusal: &Refusal) -> &'static str {
    let message = refusal.message.to_lowercase();
    match refusal.code.as_str() {
        "invalid_client_id" => "clientId is not the app's consumer key; a new app takes some minutes to be known",
        "invalid_client" => "clientSecret is not the app's consumer secret",
        "inactive_user" => "the user is inactive or frozen: Setup, Users",
        "unsupported_grant_type" | "invalid_request" => {
            "the app does not allow this flow: turn it on in its OAuth settings"
        }
        "strange_instance" => "loginUrl must be the org's My Domain, as https://acme.my.salesforce.com",
        "INVALID_SESSION_ID" => "a fresh session is refused: look at the session policies of the app and of the org",
        _ if message.contains("approved this consumer") => {
            "give the user the permission set that the app's policies name, and let its permitted users be \
             pre-authorised"
        }
        _ if message.contains("audience") => "loginUrl must be the org's My Domain; else set `audience` in the secret",
        _ if message.contains("client credentials user") => "choose the user under the app's policies, Run As",
        _ if message.contains("expired") => "the clocks differ: set this machine's",
        _ if message.contains("rate") => "too many log-ins in an hour: wait, and see who logs in so often",
        _ if message.contains("locked") => "the user is frozen or locked: Setup, Users",
        _ => {
            "the user may be inactive, frozen, or outside of its login hours or IP ranges, or the certificate is not the \
             app's: Setup, Users, the user's login history says which"
        }
    }
}

/// Whatever carries the version in its path shows that it is served.
fn version(plan: &Plan<'_>, org: &Org) -> Finding {
    let version = &plan.configuration.salesforce.api_version;
    let served = org.limits.is_ok() || org.catalog.is_ok();
    match &org.description {
        Err(error) if !served => unread(Level::Fails, &format!("API version {version} is not served"), error),
        _ => Finding::ok(format!("API version {version} is served")),
    }
}

fn sandbox(plan: &Plan<'_>, instance: &str) -> Option<Finding> {
    let unmarked = plan.configuration.salesforce.username_suffix.is_none();
    (instance.contains(".sandbox.my.") && unmarked).then(|| {
        Finding::warning("a sandbox, and user names are those of production")
            .help("a user name is unique over all orgs: set `usernameSuffix`, as .uat, for this sandbox")
    })
}
