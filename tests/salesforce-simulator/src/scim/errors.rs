//! The errors of SCIM, in their odd form [rec]: `schemas` is a string that holds a JSON array, `status` is a number, there
//! is no `scimType`.

use bytes::Bytes;
use http::Response;
use serde_json::json;

use crate::behaviours::{Behaviours, ScimDmlErrors};
use crate::org::dml_error::DmlError;
use crate::reply;

/// Why a SCIM call is refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The SCIM form.
    Scim { status: u16, detail: String },
    /// A failed write.
    Dml { text: String, error: DmlError },
    /// A value of the wrong form: the platform's bare object with UNKNOWN_EXCEPTION [doc Spring '26; status not stated].
    Malformed,
    /// An answer made elsewhere.
    Answer(Box<Response<Bytes>>),
}

impl Refusal {
    pub(super) fn scim(status: u16, detail: impl Into<String>) -> Self {
        Self::Scim { status, detail: detail.into() }
    }

    pub(super) fn answer(self, behaviours: &Behaviours) -> Response<Bytes> {
        match self {
            Self::Answer(answer) => *answer,
            Self::Scim { status, detail } => scim_error(status, &detail),
            // Locks and refused access are the platform's, not the service's [?]; everything else as the switch says.
            Self::Dml { text, error } => match behaviours.scim_dml_errors {
                ScimDmlErrors::Apex409 => scim_error(409, &text),
                ScimDmlErrors::Rest400 => reply::json(error.status(), &json!([error.rest_json()])),
            },
            Self::Malformed => reply::json(
                behaviours.malformed_patch_status,
                &json!({
                    "message": "Processing/execution error: check the format of your request payload. If you still have \
                                issues, contact Support and share this error ID: 1234567890-12345 (1234567890)",
                    "errorCode": "UNKNOWN_EXCEPTION",
                }),
            ),
        }
    }
}

fn scim_error(status: u16, detail: &str) -> Response<Bytes> {
    reply::json(
        status,
        &json!({
            "schemas": "[\"urn:ietf:params:scim:api:messages:2.0:Error\"]",
            "detail": detail,
            "status": status,
        }),
    )
}
