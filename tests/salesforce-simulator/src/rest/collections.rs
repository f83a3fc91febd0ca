//! sObject Collections: up to 200 records a call, one result for each, in order [doc, rec].

use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value as Json, json};

use super::records::json_error;
use super::values;
use crate::call::Call;
use crate::org::Org;
use crate::org::dml_error::DmlError;
use crate::org::ids::Id;
use crate::org::journal::{Actor, Api};
use crate::org::schema::Object;
use crate::org::value::Value;
use crate::reply::{self, Refused};

/// Records a call [doc].
const MAX_RECORDS: usize = 200;
/// Runs of one type a call [doc].
const MAX_CHUNKS: usize = 10;

/// What happens to one record: its id, and whether it was made (upsert only).
type Outcome = Result<(Id, Option<bool>), DmlError>;

impl Org {
    pub(super) fn collections(&mut self, call: &Call<'_>, actor: &Actor, rest: &[&str]) -> Response<Bytes> {
        let actor = Actor { api: Api::Collections, ..actor.clone() };
        match (call.method.as_str(), rest) {
            ("DELETE", []) => self.delete_all(call, &actor),
            ("POST" | "PATCH", []) => self.write_all(call, &actor, None),
            ("PATCH", [object, field]) => match Object::named(object) {
                Some(object) => self.write_all(call, &actor, Some((object, field))),
                None => reply::not_found(),
            },
            (method, []) => reply::method_not_allowed(method, "DELETE,PATCH,POST"),
            _ => reply::not_found(),
        }
    }

    fn write_all(&mut self, call: &Call<'_>, actor: &Actor, upsert: Option<(Object, &str)>) -> Response<Bytes> {
        let body: Json = match serde_json::from_slice(call.body) {
            Ok(body) => body,
            Err(error) => {
                return json_error(&format!(
                    "Unexpected character at [line:{}, column:{}]",
                    error.line(),
                    error.column()
                ));
            }
        };
        let all_or_none = body.get("allOrNone").and_then(Json::as_bool).unwrap_or(false);
        let Some(records) = body.get("records").and_then(Json::as_array) else {
            return json_error("A records list is expected");
        };
        if records.len() > MAX_RECORDS {
            return too_many();
        }
        if upsert.is_none()
            && let Err(answer) = check_types(records, call.method == "POST")
        {
            return *answer;
        }
        if let Some(error) = self.cpu_used_up(records, upsert.map(|(object, _)| object)) {
            let row = json!({ "success": false, "errors": [error.row_json()] });
            return reply::json(200, &Json::from(vec![row; records.len()]));
        }
        let create = call.method == "POST";
        self.each(all_or_none, records, |org, record| {
            let Json::Object(record) = record else {
                return Err(DmlError::new("JSON_PARSER_ERROR", "Expected an object", &[]));
            };
            match upsert {
                Some((object, field)) => org.upsert_one(actor, object, field, record),
                None if create => org.create_one(actor, record),
                None => org.update_one(actor, record),
            }
        })
    }

    fn delete_all(&mut self, call: &Call<'_>, actor: &Actor) -> Response<Bytes> {
        let ids: Vec<&str> = call.parameter("ids").unwrap_or_default().split(',').filter(|id| !id.is_empty()).collect();
        if ids.is_empty() {
            return reply::rest_error(400, "MISSING_ARGUMENT", "The ids parameter is required");
        }
        if ids.len() > MAX_RECORDS {
            return too_many();
        }
        let all_or_none = call.parameter("allOrNone").is_some_and(|flag| flag.eq_ignore_ascii_case("true"));
        self.each(all_or_none, &ids, |org, id| {
            let id = parse_id(id)?;
            let object = Object::of_prefix(id.prefix()).ok_or_else(|| DmlError::cross_reference(&[]))?;
            if !org.world.was_deleted(&id) && org.world.state.get(object, &id).is_none() {
                return Err(DmlError::cross_reference(&[]));
            }
            org.world.delete(actor, object, &id)?;
            Ok((id, None))
        })
    }

    /// Runs over the records; under `allOrNone` one failure undoes all.
    fn each<T>(
        &mut self,
        all_or_none: bool,
        records: &[T],
        mut one: impl FnMut(&mut Self, &T) -> Outcome,
    ) -> Response<Bytes> {
        let start = self.world.savepoint();
        let mut outcomes = Vec::with_capacity(records.len());
        for record in records {
            let before = self.world.savepoint();
            let outcome = one(self, record);
            if outcome.is_err() {
                self.world.rollback(before);
            }
            outcomes.push(outcome);
        }
        let undone = all_or_none && outcomes.iter().any(Result::is_err);
        if undone {
            self.world.rollback(start);
        }
        let results: Vec<Json> = outcomes.iter().map(|outcome| show(outcome, undone)).collect();
        reply::json(200, &Json::from(results))
    }

    /// The org's own trigger on User, when it is given too many at once: every row fails, in the words of a recorded case [se
    /// 377154].
    fn cpu_used_up(&self, records: &[Json], object: Option<Object>) -> Option<DmlError> {
        let limit = self.world.user_trigger_limit?;
        let is_user = |record: &&Json| object.or_else(|| type_of(record.as_object()?)) == Some(Object::User);
        (records.iter().filter(is_user).count() > limit).then(|| {
            DmlError::new(
                "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
                "UserTrigger: System.LimitException: Apex CPU time limit exceeded",
                &[],
            )
        })
    }

    fn create_one(&mut self, actor: &Actor, record: &Map<String, Json>) -> Outcome {
        let object = type_of(record).ok_or_else(no_type)?;
        let fields = values::fields(&self.world.state, object, record)?;
        Ok((self.world.insert(actor, object, fields)?, None))
    }

    fn update_one(&mut self, actor: &Actor, record: &Map<String, Json>) -> Outcome {
        let object = type_of(record).ok_or_else(no_type)?;
        if object == Object::UserLogin && !self.world.behaviours.user_login_in_collections {
            return Err(DmlError::no_call("update", object));
        }
        let id = id_in(record)
            .ok_or_else(|| DmlError::new("MISSING_ARGUMENT", "Id not specified in an update call", &[]))?;
        let id = parse_id(id)?;
        if id.prefix() != object.prefix() {
            return Err(DmlError::cross_reference(&[]));
        }
        let fields = values::fields(&self.world.state, object, record)?;
        self.world.update(actor, object, &id, fields)?;
        Ok((id, None))
    }

    fn upsert_one(&mut self, actor: &Actor, object: Object, field: &str, record: &Map<String, Json>) -> Outcome {
        let state = &self.world.state;
        let mut fields = values::fields(state, object, record)?;
        let spec = state.spec(object, field).filter(|spec| spec.external_id || spec.name == "Id");
        let Some(spec) = spec else {
            return Err(DmlError::new("INVALID_FIELD", format!("{field} is not an external ID"), &[]));
        };
        if spec.name == "Id" {
            let id = parse_id(id_in(record).unwrap_or_default())?;
            self.world.update(actor, object, &id, fields)?;
            return Ok((id, Some(false)));
        }
        let name = spec.name.to_string();
        let value = fields.get(&name).and_then(Value::as_text).unwrap_or_default().to_owned();
        if value.is_empty() {
            return Err(DmlError::new("MISSING_ARGUMENT", format!("{name} not specified"), &[]));
        }
        let found = state.matching(object, &name, &value);
        if found.len() > 1 {
            return Err(DmlError::new("DUPLICATE_EXTERNAL_ID", format!("{name}: more than one record found"), &[]));
        }
        match found.first().map(|record| record.id.clone()) {
            Some(id) => {
                fields.remove(&name);
                self.world.update(actor, object, &id, fields)?;
                Ok((id, Some(false)))
            }
            None => Ok((self.world.insert(actor, object, fields)?, Some(true))),
        }
    }
}

/// Records of different types come in runs, at most ten [doc]. Creating several types in one call is refused when one is a
/// set-up object, and here all are [doc; status and code ?].
fn check_types(records: &[Json], create: bool) -> Result<(), Refused> {
    let types: Vec<Option<Object>> = records.iter().map(|record| record.as_object().and_then(type_of)).collect();
    let mut runs = types.clone();
    runs.dedup();
    if runs.len() > MAX_CHUNKS {
        return Err(Box::new(reply::rest_error(
            400,
            "LIMIT_EXCEEDED",
            "Request can't contain more than 10 chunks of different object types",
        )));
    }
    let first = types.iter().flatten().next();
    if create && types.iter().flatten().any(|object| Some(object) != first) {
        return Err(Box::new(reply::rest_error(
            400,
            "INVALID_OPERATION_WITH_SETUP_OBJECTS",
            "You can't create records for multiple object types in one call when one of the types is related to a feature \
             in the Salesforce Setup area",
        )));
    }
    Ok(())
}

fn type_of(record: &Map<String, Json>) -> Option<Object> {
    Object::named(record.get("attributes")?.get("type")?.as_str()?)
}

fn id_in(record: &Map<String, Json>) -> Option<&str> {
    record.iter().find(|(name, _)| name.eq_ignore_ascii_case("id")).and_then(|(_, value)| value.as_str())
}

fn parse_id(text: &str) -> Result<Id, DmlError> {
    Id::parse(text).map_err(|error| DmlError::new("MALFORMED_ID", error.to_string(), &["Id"]))
}

fn no_type() -> DmlError {
    DmlError::new("INVALID_TYPE", "sObject type is missing or not supported", &[])
}

fn too_many() -> Response<Bytes> {
    reply::rest_error(
        400,
        "EXCEEDED_ID_LIMIT",
        "record limit reached. cannot submit more than 200 records in this request",
    )
}

/// A result: `{id, success, errors}`, a failed one without id [rec], with a null id when it was undone with the others.
fn show(outcome: &Outcome, undone: bool) -> Json {
    match outcome {
        Ok(_) if undone => json!({
            "id": null,
            "success": false,
            "errors": [{
                "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
                "message": "Record rolled back because not all records were valid and the request was using AllOrNone header",
                "fields": [],
            }],
        }),
        Ok((id, None)) => json!({ "id": id, "success": true, "errors": [] }),
        Ok((id, Some(created))) => json!({ "id": id, "success": true, "errors": [], "created": created }),
        Err(error) => json!({ "success": false, "errors": [error.row_json()] }),
    }
}
