//! What an AWS SDK error means for the caller. The text holds the operation, the error's code and the request's id; the
//! service's own message only where it can't quote an item (it names roles and resources then).

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

/// A failed call, by what is known of its effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nothing happened, and it may work soon.
    Busy(String),
    /// It may have happened.
    Unclear(String),
    /// Nothing happened: the thing is not there, or may not be used, or no call can be made at all.
    Unavailable(String),
    /// Nothing happened, and the same call will never work.
    Refused(String),
}

impl Failure {
    pub(super) fn of<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + RequestId,
    {
        let says = |what: &str| format!("{operation}: {what}");
        match error {
            SdkError::ConstructionFailure(_) => Self::Unavailable(says("the request could not be made")),
            SdkError::TimeoutError(_) => Self::Unclear(says("timed out")),
            SdkError::DispatchFailure(failure) if failure.is_io() => Self::Unclear(says("the connection failed")),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                Self::Unclear(says("the connection timed out"))
            }
            // Credentials or region are missing: nothing was sent.
            SdkError::DispatchFailure(_) => {
                Self::Unavailable(says("the request could not be sent (credentials, region?)"))
            }
            SdkError::ResponseError(_) => Self::Unclear(says("the answer was not whole")),
            SdkError::ServiceError(service) => {
                let error = service.err();
                // Half an answer, also half of a success, comes as an error without a code.
                let Some(code) = error.code() else { return Self::Unclear(says("the answer can't be read")) };
                let request = error.request_id().unwrap_or("unknown");
                let kind = Kind::of(code, service.raw().status().as_u16());
                let message = if kind == Kind::Unavailable { error.message() } else { None };
                kind.failure(match message {
                    Some(message) => format!("{operation}: {code}: {message} (request {request})"),
                    None => format!("{operation}: {code} (request {request})"),
                })
            }
            _ => Self::Unclear(says("failed")),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Busy,
    Unclear,
    Unavailable,
    Refused,
}

impl Kind {
    fn of(code: &str, status: u16) -> Self {
        // SQS answers with the codes of its old protocol, which carry a prefix.
        let name = code.rsplit_once('.').map_or(code, |(_, name)| name);
        match name {
            "ProvisionedThroughputExceededException"
            | "ThrottlingException"
            | "Throttling"
            | "RequestLimitExceeded"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "LimitExceededException"
            | "TransactionConflictException"
            | "TransactionInProgressException"
            | "ReplicatedWriteConflictException"
            | "KmsThrottled"
            | "OverLimit" => Self::Busy,
            "ResourceNotFoundException"
            | "QueueDoesNotExist"
            | "NonExistentQueue"
            | "AccessDeniedException"
            | "AccessDenied"
            | "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "MissingAuthenticationToken"
            | "IncompleteSignature"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "ExpiredToken"
            | "ExpiredTokenException"
            | "OptInRequired"
            | "InvalidAddress"
            | "InvalidSecurity" => Self::Unavailable,
            other if other.starts_with("Kms") => Self::Unavailable,
            // "An error occurred on the server side": a write may have been done (DynamoDB, "Error handling").
            _ if status >= 500 => Self::Unclear,
            _ => Self::Refused,
        }
    }

    fn failure(self, reason: String) -> Failure {
        match self {
            Self::Busy => Failure::Busy(reason),
            Self::Unclear => Failure::Unclear(reason),
            Self::Unavailable => Failure::Unavailable(reason),
            Self::Refused => Failure::Refused(reason),
        }
    }
}
