//! Standard REST under `/services/data`: routing, the list of versions and the small resources.

mod collections;
mod composite;
mod describe;
mod limits;
mod query;
mod records;
mod values;

use bytes::Bytes;
use http::Response;
use serde_json::{Value as Json, json};

pub(crate) use query::Cursors;

use crate::call::Call;
use crate::org::Org;
use crate::org::journal::Actor;
use crate::org::schema::Object;
use crate::reply;

/// Greatest size of URI and headers together, in bytes [sec quoting docs].
pub(crate) const MAX_HEAD: usize = 16_384;

/// Versions on offer: v31.0 is the oldest that recordings list [rec], v68.0 is Winter '27 [doc].
const VERSIONS: std::ops::RangeInclusive<u32> = 31..=68;

/// `GET /services/data` [rec].
pub(crate) fn versions() -> Response<Bytes> {
    let list: Vec<Json> = VERSIONS
        .map(|version| {
            json!({
                "label": label(version),
                "url": format!("/services/data/v{version}.0"),
                "version": format!("{version}.0"),
            })
        })
        .collect();
    reply::json(200, &Json::from(list))
}

/// v31.0 is Summer '14; three releases a year, Winter being named for the year to come.
fn label(version: u32) -> String {
    let (year, season) = ((version - 31) / 3, (version - 31) % 3);
    match season {
        0 => format!("Summer '{}", 14 + year),
        1 => format!("Winter '{}", 15 + year),
        _ => format!("Spring '{}", 15 + year),
    }
}

impl Org {
    /// A call under `/services/data/vNN.N`.
    pub(crate) fn rest(&mut self, call: &Call<'_>, actor: &Actor) -> Response<Bytes> {
        let version = call.segments.get(2).map_or("", String::as_str);
        let known = version.strip_prefix('v').and_then(|number| number.strip_suffix(".0")).and_then(|n| n.parse().ok());
        match known {
            // Versions 7 to 20 are retired [doc].
            Some(old) if old < 21_u32 => {
                return reply::rest_error(410, "UNSUPPORTED_API_VERSION", "The requested resource no longer exists");
            }
            Some(version) if VERSIONS.contains(&version) => {}
            _ => return reply::not_found(),
        }
        if !call.body.is_empty() && !call.has_json_type() {
            return reply::rest_error(415, "UNSUPPORTED_MEDIA_TYPE", "Content type isn't supported");
        }
        let base = format!("/services/data/{version}");
        match call.path_from(3).as_slice() {
            [] => reply::json(
                200,
                &json!({
                    "sobjects": format!("{base}/sobjects"),
                    "query": format!("{base}/query"),
                    "limits": format!("{base}/limits"),
                    "composite": format!("{base}/composite"),
                    "identity": format!("https://login.salesforce.com/id/{}/{}", self.world.org_id, actor.user),
                }),
            ),
            ["limits"] => self.limits(),
            ["query" | "queryAll"] => self.query(call, &base),
            ["query", locator] => self.query_more(&base, locator),
            ["sobjects"] => self.describe_global(&base),
            ["sobjects", object, rest @ ..] => {
                let Some(object) = Object::named(object) else { return reply::not_found() };
                self.sobjects(call, actor, &base, object, rest)
            }
            ["composite"] if call.method == "POST" => self.composite(call, actor),
            ["composite", "batch"] if call.method == "POST" => self.batch(call, actor),
            ["composite"] | ["composite", "batch"] => reply::method_not_allowed(&call.method, "POST"),
            ["composite", "sobjects", rest @ ..] => self.collections(call, actor, rest),
            _ => reply::not_found(),
        }
    }

    fn sobjects(
        &mut self,
        call: &Call<'_>,
        actor: &Actor,
        base: &str,
        object: Object,
        rest: &[&str],
    ) -> Response<Bytes> {
        match (call.method.as_str(), rest) {
            ("GET", ["describe"]) => self.describe(base, object),
            ("GET", []) => self.basic_info(base, object),
            ("POST", []) => self.create_record(call, actor, base, object),
            (method, []) => reply::method_not_allowed(method, "HEAD,GET,POST"),
            ("GET", [id]) => self.get_record(call, base, object, id),
            ("PATCH", [id]) if object.calls().update => self.update_record(call, actor, object, id),
            ("DELETE", [id]) if object.calls().delete => self.delete_record(actor, object, id),
            (method, [_]) => reply::method_not_allowed(method, allowed(object)),
            ("GET", [field, value]) => self.get_by_external_id(call, base, object, field, value),
            ("PATCH", [field, value]) => self.upsert_record(call, actor, base, object, field, value),
            (method, [_, _]) => reply::method_not_allowed(method, "HEAD,GET,PATCH"),
            _ => reply::not_found(),
        }
    }
}

/// The methods of one record, as the 405 answer lists them [test for User's].
fn allowed(object: Object) -> &'static str {
    match (object.calls().update, object.calls().delete) {
        (true, true) => "DELETE,HEAD,GET,PATCH",
        (true, false) => "HEAD,GET,PATCH",
        (false, true) => "DELETE,HEAD,GET",
        (false, false) => "HEAD,GET",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As recorded.
    #[test]
    fn version_labels() {
        for (version, expected) in [(31, "Summer '14"), (49, "Summer '20"), (62, "Winter '25"), (66, "Spring '26")] {
            assert_eq!(label(version), expected);
        }
    }
}
