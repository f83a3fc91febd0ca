//! Metadata: what objects there are, and what fields they have. Keys as recorded for other objects [rec].

use bytes::Bytes;
use http::Response;
use serde_json::{Value as Json, json};

use crate::org::Org;
use crate::org::schema::{Kind, Object, Spec};
use crate::reply;

impl Org {
    pub(super) fn describe_global(&self, base: &str) -> Response<Bytes> {
        let objects: Vec<Json> = Object::ALL.into_iter().map(|object| summary(base, object)).collect();
        reply::json(200, &json!({ "encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects }))
    }

    pub(super) fn basic_info(&self, base: &str, object: Object) -> Response<Bytes> {
        reply::json(200, &json!({ "objectDescribe": summary(base, object), "recentItems": [] }))
    }

    pub(super) fn describe(&self, base: &str, object: Object) -> Response<Bytes> {
        let mut body = summary(base, object);
        if let Json::Object(map) = &mut body {
            let fields: Vec<Json> = self.world.state.specs(object).map(field).collect();
            map.insert("fields".to_owned(), Json::from(fields));
            map.insert("childRelationships".to_owned(), json!([]));
            map.insert("recordTypeInfos".to_owned(), json!([]));
            map.insert("sobjectDescribeOption".to_owned(), "FULL".into());
        }
        reply::json(200, &body)
    }
}

fn summary(base: &str, object: Object) -> Json {
    let (name, calls) = (object.name(), object.calls());
    json!({
        "activateable": false,
        "createable": calls.create,
        "custom": false,
        "customSetting": false,
        "deletable": calls.delete,
        "deprecatedAndHidden": false,
        "keyPrefix": object.prefix(),
        "label": name,
        "labelPlural": format!("{name}s"),
        "mergeable": false,
        "name": name,
        "queryable": true,
        "retrieveable": true,
        "searchable": object == Object::User,
        "updateable": calls.update,
        "urls": {
            "sobject": format!("{base}/sobjects/{name}"),
            "describe": format!("{base}/sobjects/{name}/describe"),
            "rowTemplate": format!("{base}/sobjects/{name}/{{ID}}"),
        },
    })
}

fn field(spec: &Spec) -> Json {
    let (values, restricted) = match spec.kind {
        Kind::Picklist { values, restricted } => (values, restricted),
        _ => (&[] as &[&str], false),
    };
    let picklist: Vec<Json> = values
        .iter()
        .map(|value| json!({ "active": true, "defaultValue": false, "label": value, "validFor": null, "value": value }))
        .collect();
    let (reference_to, relationship) = match spec.kind {
        Kind::Reference { to, relationship } => (to.iter().map(|object| object.name()).collect(), Some(relationship)),
        _ => (Vec::new(), None),
    };
    let length = match spec.kind {
        Kind::Bool | Kind::Int | Kind::DateTime => 0,
        _ => spec.length,
    };
    json!({
        "aggregatable": !matches!(spec.kind, Kind::Bool),
        "autoNumber": false,
        "byteLength": if spec.kind.is_text() { length * 3 } else { length },
        "calculated": false,
        "caseSensitive": spec.case_sensitive,
        "createable": spec.createable,
        "custom": spec.is_custom(),
        "defaultValue": if spec.kind == Kind::Bool { json!(false) } else { Json::Null },
        "defaultedOnCreate": spec.kind == Kind::Bool || spec.name == "Id" || spec.name == "CommunityNickname",
        "deprecatedAndHidden": false,
        "externalId": spec.external_id,
        "filterable": spec.filterable && spec.kind != Kind::TextArea,
        "idLookup": spec.kind == Kind::Id || spec.external_id,
        "label": spec.name,
        "length": length,
        "name": spec.name,
        "nillable": !spec.required && !matches!(spec.kind, Kind::Bool | Kind::Id),
        "picklistValues": picklist,
        "polymorphicForeignKey": reference_to.len() > 1,
        "precision": 0,
        "referenceTo": reference_to,
        "relationshipName": relationship,
        "restrictedPicklist": restricted,
        "scale": 0,
        "soapType": soap_type(spec.kind),
        "sortable": spec.kind != Kind::TextArea,
        "type": spec.kind.describe_name(),
        "unique": spec.unique,
        "updateable": spec.updateable,
    })
}

fn soap_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Id | Kind::Reference { .. } => "tns:ID",
        Kind::Bool => "xsd:boolean",
        Kind::Int => "xsd:int",
        Kind::DateTime => "xsd:dateTime",
        _ => "xsd:string",
    }
}
