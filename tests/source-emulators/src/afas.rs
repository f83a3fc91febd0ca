//! AFAS Profit's REST service: GetConnectors with skip and take, and two update connectors. Facts: docs.afas.help (source
//! AFASSoftware/OASContent), GetConnector, troubleshooting; columns of Tools4ever's public GetConnectors.

mod generated;
mod people;
mod update;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value, json};

use crate::request::{empty, header, json, parameter};
use crate::{Emulator, lock};

pub use generated::Generated;
pub use people::{Employee, employments, organisation, positions, units, users};

/// The longest query string; beyond it AFAS answers 404.
const LONGEST_QUERY: usize = 2049;

/// An environment.
pub struct Afas {
    host: String,
    token: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    connectors: HashMap<String, Vec<Value>>,
    /// Rows of a connector in an order, by numbers.
    orders: HashMap<(String, String), Vec<usize>>,
    maintenance: Option<u64>,
    /// Update connectors that the app connector has.
    updates: Vec<String>,
    /// What was updated: connector and fields.
    updated: Vec<(String, Vec<String>)>,
    /// Whether the caller's address is outside of the app connector's list.
    elsewhere: bool,
}

impl Afas {
    /// An environment with this member number whose token is `token`; without connectors.
    pub fn new(member: &str, token: &str) -> Self {
        Self { host: format!("{member}.rest.afas.online"), token: token.to_owned(), state: Mutex::default() }
    }

    /// Publishes a connector.
    pub fn publish(&self, connector: &str, rows: Vec<Value>) {
        let mut state = lock(&self.state);
        state.orders.retain(|(name, _), _| name != connector);
        state.connectors.insert(connector.to_owned(), rows);
    }

    /// Changes a connector's rows.
    pub fn edit(&self, connector: &str, edit: impl FnOnce(&mut Vec<Value>)) {
        let mut state = lock(&self.state);
        state.orders.retain(|(name, _), _| name != connector);
        edit(state.connectors.entry(connector.to_owned()).or_default());
    }

    /// Begins maintenance that is to last for so many seconds, or ends it.
    pub fn maintenance(&self, seconds: Option<u64>) {
        lock(&self.state).maintenance = seconds;
    }

    /// Gives the app connector these update connectors, and no others.
    pub fn allow_updates(&self, connectors: &[&str]) {
        lock(&self.state).updates = connectors.iter().map(|name| (*name).to_owned()).collect();
    }

    /// Lets nobody in from the caller's address, or lets it in again.
    pub fn shut_out(&self, shut: bool) {
        lock(&self.state).elsewhere = shut;
    }

    /// What was updated since this was last called: connector and fields.
    pub fn take_updated(&self) -> Vec<(String, Vec<String>)> {
        std::mem::take(&mut lock(&self.state).updated)
    }

    fn connector(&self, name: &str, request: &Request<Bytes>) -> Response<Bytes> {
        let number = |name: &str, absent: i64| parameter(request, name).map_or(Ok(absent), |text| text.parse::<i64>());
        // Defaults always apply.
        let (Ok(skip), Ok(take)) = (number("skip", 0), number("take", 100)) else { return unexpected() };
        let mut state = lock(&self.state);
        let State { connectors, orders, .. } = &mut *state;
        let Some(rows) = connectors.get(name) else { return empty(404) };
        let Ok(rows) = filtered(rows, request) else { return unexpected() };
        let rows = &*rows;
        let everything = skip == -1 && take == -1;
        if !everything && (skip < 0 || take < 0) {
            return unexpected();
        }
        let fields = parameter(request, "orderbyfieldids").unwrap_or_default();
        if fields
            .split(',')
            .filter(|f| !f.is_empty())
            .any(|f| rows.first().is_some_and(|row| row.get(f.trim_start_matches('-')).is_none()))
        {
            return refused("The entered value for 'orderbyfieldids' does not exist.", -2147220469);
        }
        let filter = parameter(request, "filtervalues").unwrap_or_default();
        let order =
            orders.entry((name.to_owned(), format!("{fields} {filter}"))).or_insert_with(|| sorted(rows, &fields));
        let (skip, take) =
            if everything { (0, rows.len()) } else { (skip.unsigned_abs() as usize, take.unsigned_abs() as usize) };
        // Without an order each page is cut out of another one.
        let turn = if fields.is_empty() && !rows.is_empty() { skip / 3 % rows.len() } else { 0 };
        let page: Vec<&Value> =
            (skip..rows.len().min(skip + take)).map(|at| &rows[order[(at + turn) % rows.len()]]).collect();
        json(200, &json!({ "skip": skip, "take": take, "rows": page }))
    }
}

impl Emulator for Afas {
    fn serves(&self, host: &str) -> bool {
        host == self.host
    }

    fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        if let Some(seconds) = lock(&self.state).maintenance {
            let message = "Service temporarily unavailable due to scheduled maintenance.";
            return json(503, &json!({ "error": { "code": "503", "message": message }, "retry_after": seconds }));
        }
        let expected = format!("AfasToken {}", STANDARD.encode(&self.token));
        if header(request, "authorization") != expected {
            return empty(401);
        }
        if request.uri().query().is_some_and(|query| query.len() > LONGEST_QUERY) {
            return empty(404);
        }
        if lock(&self.state).elsewhere {
            return empty(403);
        }
        match request.uri().path().strip_prefix("/ProfitRestServices/") {
            Some("ProfitVersion") => json(200, &json!({ "version": "7.25.1" })),
            Some(path) => match path.strip_prefix("connectors/") {
                Some(name) if matches!(name, "KnEmployee" | "KnUser") && request.method() == Method::PUT => {
                    let mut state = lock(&self.state);
                    state.orders.clear();
                    update::update(&mut state, name, request.body())
                }
                Some(name) => self.connector(&crate::request::decode(name), request),
                None => empty(404),
            },
            None => empty(404),
        }
    }
}

/// The rows that a filter by equality lets through; other operators are not emulated. A comma is AND.
fn filtered<'r>(rows: &'r [Value], request: &Request<Bytes>) -> Result<Cow<'r, [Value]>, ()> {
    let part = |name: &str| parameter(request, name).filter(|text| !text.is_empty());
    let Some(fields) = part("filterfieldids") else { return Ok(Cow::Borrowed(rows)) };
    let (values, operators) = (part("filtervalues").unwrap_or_default(), part("operatortypes").unwrap_or_default());
    let (fields, values) = (fields.split(',').collect::<Vec<_>>(), values.split(',').collect::<Vec<_>>());
    if fields.len() != values.len() || operators.split(',').any(|operator| operator != "1") {
        return Err(());
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let passes = |row: &&Value| fields.iter().zip(&values).all(|(field, value)| text(&row[*field]) == *value);
    Ok(Cow::Owned(rows.iter().filter(passes).cloned().collect()))
}

fn sorted(rows: &[Value], fields: &str) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let fields: Vec<&str> = fields.split(',').filter(|field| !field.is_empty()).collect();
    let key = |row: usize| -> Vec<String> {
        fields.iter().map(|field| rows[row][field.trim_start_matches('-')].to_string()).collect()
    };
    order.sort_by_cached_key(|row| key(*row));
    order
}

fn unexpected() -> Response<Bytes> {
    refused("An unexpected error has occurred.", -2147180999)
}

fn refused(message: &str, number: i64) -> Response<Bytes> {
    let body = json!({ "externalMessage": message, "errorNumber": number,
        "profitLogReference": "00000000000000000000000000000000" });
    json(500, &body)
}
