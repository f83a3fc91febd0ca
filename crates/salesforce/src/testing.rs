//! A scripted org for unit tests: a function from request to answer, which logs what it was asked. Logging in works
//! unless the script says otherwise.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use ports::clock::ManualClock;
use ports::random::SeededRandom;
use ports::{HttpTransport, SecretError, SecretName, Secrets, TransportError};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::{Salesforce, Settings, WritePath};

pub(crate) type Answer = Result<Response<Bytes>, TransportError>;
type Script = Box<dyn Fn(&Asked) -> Answer + Send + Sync>;

/// A request, read.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Decoded, with the query.
    pub(crate) path: String,
    pub(crate) host: String,
    pub(crate) body: Value,
    pub(crate) token: String,
    pub(crate) line: usize,
}

impl Asked {
    pub(crate) fn is_login(&self) -> bool {
        self.path == "/services/oauth2/token"
    }

    pub(crate) fn soql(&self) -> Option<&str> {
        self.path.split_once("/query?q=").map(|(_, soql)| soql)
    }
}

pub(crate) struct Scripted {
    script: Script,
    asked: Mutex<Vec<Asked>>,
    at_once: Mutex<AtOnce>,
}

/// Requests on their way at the same time: now, and at most so far.
#[derive(Clone, Copy, Default)]
pub(crate) struct AtOnce {
    now: usize,
    pub(crate) most: usize,
    now_with_role: usize,
    pub(crate) most_with_role: usize,
}

impl Scripted {
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn at_once(&self) -> AtOnce {
        *self.at_once.lock().unwrap()
    }

    pub(crate) fn count(&self, which: impl Fn(&Asked) -> bool) -> usize {
        self.asked().iter().filter(|asked| which(asked)).count()
    }
}

#[async_trait]
impl HttpTransport for Scripted {
    async fn send(&self, request: Request<Bytes>) -> Answer {
        let path = request.uri().path_and_query().unwrap().as_str();
        let asked = Asked {
            method: request.method().to_string(),
            path: percent_encoding::percent_decode_str(path).decode_utf8().unwrap().into_owned(),
            host: request.uri().host().unwrap_or_default().to_owned(),
            body: serde_json::from_slice(request.body())
                .unwrap_or_else(|_| String::from_utf8_lossy(request.body()).into_owned().into()),
            token: request.headers().get("authorization").map_or("", |value| value.to_str().unwrap()).to_owned(),
            line: path.len(),
        };
        self.asked.lock().unwrap().push(asked.clone());
        let role = usize::from(asked.body.to_string().contains("UserRoleId"));
        {
            let mut at_once = self.at_once.lock().unwrap();
            at_once.now += 1;
            at_once.most = at_once.most.max(at_once.now);
            at_once.now_with_role += role;
            at_once.most_with_role = at_once.most_with_role.max(at_once.now_with_role);
        }
        // Others get their turn while the answer travels.
        tokio::task::yield_now().await;
        {
            let mut at_once = self.at_once.lock().unwrap();
            at_once.now -= 1;
            at_once.now_with_role -= role;
        }
        (self.script)(&asked)
    }
}

pub(crate) fn answer(status: u16, body: &Value) -> Answer {
    text(status, &body.to_string())
}

pub(crate) fn text(status: u16, body: &str) -> Answer {
    Ok(Response::builder().status(status).body(Bytes::copy_from_slice(body.as_bytes())).unwrap())
}

pub(crate) fn lost() -> Answer {
    Err(TransportError::Unclear { host: "h".to_owned(), reason: "lost".to_owned() })
}

pub(crate) fn token(token: &str) -> Answer {
    answer(
        200,
        &json!({"access_token": token, "instance_url": "https://org.my.salesforce.com", "token_type": "Bearer"}),
    )
}

pub(crate) fn records(rows: &[Value]) -> Answer {
    answer(200, &json!({"totalSize": rows.len(), "done": true, "records": rows}))
}

/// Secrets, one after the other; the last stays.
pub(crate) struct Rotating(pub(crate) Mutex<Vec<Value>>);

#[async_trait]
impl Secrets for Rotating {
    async fn read(&self, _: &SecretName) -> Result<SecretString, SecretError> {
        let mut secrets = self.0.lock().unwrap();
        let secret = if secrets.len() > 1 { secrets.remove(0) } else { secrets[0].clone() };
        Ok(SecretString::from(secret.to_string()))
    }
}

pub(crate) fn secret(client_secret: &str) -> Value {
    json!({"flow": "client-credentials", "clientId": "app", "clientSecret": client_secret,
        "loginUrl": "https://org.my.salesforce.com"})
}

pub(crate) struct Client {
    pub(crate) salesforce: Salesforce,
    pub(crate) org: Arc<Scripted>,
    pub(crate) clock: Arc<ManualClock>,
}

/// A client with these secrets; the script answers everything, logging in too.
pub(crate) fn client_with(secrets: Vec<Value>, script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Client {
    client_by(WritePath::Scim, secrets, script)
}

/// The same, by one of the write paths.
pub(crate) fn client_by(
    path: WritePath,
    secrets: Vec<Value>,
    script: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
) -> Client {
    let org = Arc::new(Scripted { script: Box::new(script), asked: Mutex::default(), at_once: Mutex::default() });
    let clock = Arc::new(ManualClock::at("2026-06-01T08:00:00Z".parse().unwrap()));
    let settings = Settings {
        secret: SecretName::parse("salesforce").unwrap(),
        api_version: "66.0".to_owned(),
        concurrent_writes: 3,
        path,
        welcome_mail: false,
    };
    let secrets = Arc::new(Rotating(Mutex::new(secrets)));
    let random = Arc::new(SeededRandom::new(7));
    let salesforce = Salesforce::new(settings, org.clone(), secrets, clock.clone(), random);
    Client { salesforce, org, clock }
}

/// A client whose log-in works.
pub(crate) fn client(script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Client {
    client_with(vec![secret("hidden")], move |asked| if asked.is_login() { token("t1") } else { script(asked) })
}

/// The catalog that the tests use, as answers to the calls that read it.
pub(crate) fn catalog(asked: &Asked) -> Option<Answer> {
    if asked.path.ends_with("/sobjects/User/describe") {
        return Some(description(&["UserPermissionsMarketingUser", "UserPermissionsSupportUser"]));
    }
    let soql = asked.soql()?;
    let rows = if soql.contains("FROM Profile") {
        let licence = json!({"Name": "Salesforce", "TotalLicenses": 100, "UsedLicenses": 40});
        let profile = |id: &str, name: &str, administrator: bool| {
            json!({"Id": id, "Name": name, "UserLicenseId": "100000000000001", "UserLicense": licence,
                "PermissionsModifyAllData": administrator, "PermissionsManageUsers": false})
        };
        vec![profile("00e000000000001", "Standard User", false), profile("00e000000000002", "Administrator", true)]
    } else if soql.contains("FROM UserRole") {
        vec![json!({"Id": "00E000000000001", "DeveloperName": "CEO"})]
    } else if soql.contains("FROM PermissionSet WHERE") {
        vec![
            json!({"Id": "0PS000000000001", "Name": "Reports", "NamespacePrefix": null, "LicenseId": null}),
            json!({"Id": "0PS000000000002", "Name": "Console", "NamespacePrefix": "acme", "LicenseId": "0PL000000000001"}),
            json!({"Id": "0PS000000000003", "Name": "Tools", "NamespacePrefix": null, "LicenseId": "100000000000001"}),
        ]
    } else if soql.contains("FROM PermissionSetGroup") {
        vec![
            json!({"Id": "0PG000000000001", "DeveloperName": "Bundle", "NamespacePrefix": null, "Status": "Updated"}),
            json!({"Id": "0PG000000000002", "DeveloperName": "Bundle", "NamespacePrefix": "acme", "Status": "Outdated"}),
        ]
    } else if soql.contains("FROM PermissionSetLicense") && !soql.contains("FROM PermissionSetLicenseAssign") {
        vec![
            json!({"Id": "0PL000000000001", "DeveloperName": "ConsoleUser", "TotalLicenses": 3, "UsedLicenses": 4}),
            json!({"Id": "0PL000000000002", "DeveloperName": "Unlimited", "TotalLicenses": -1, "UsedLicenses": 4}),
        ]
    } else if soql.contains("FROM Group WHERE") {
        vec![
            json!({"Id": "00G000000000001", "DeveloperName": "All_Staff", "Type": "Regular"}),
            json!({"Id": "00G000000000002", "DeveloperName": "Orders", "Type": "Queue"}),
        ]
    } else {
        return None;
    };
    Some(records(&rows))
}

/// The User object's description, with these checkboxes beside another kind of field.
pub(crate) fn description(checkboxes: &[&str]) -> Answer {
    let other = json!({"name": "UserPermissionsNote", "type": "string"});
    let fields: Vec<_> =
        checkboxes.iter().map(|name| json!({"name": name, "type": "boolean"})).chain([other]).collect();
    answer(200, &json!({"name": "User", "fields": fields}))
}
