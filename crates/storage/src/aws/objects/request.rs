//! A request for a part of an object: its address and its signature (AWS: Signature Version 4 for S3, where the path is
//! encoded once, is not normalised, and the body's hash is a header).

use std::time::SystemTime;

use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use bytes::Bytes;
use http::header::RANGE;
use http::{Request, Uri};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is encoded in a bucket's name; in a key slashes stay.
const NAME: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const KEY: AsciiSet = NAME.remove(b'/');

/// Who asks, and whom.
pub(super) struct Signer {
    /// Another server than AWS's.
    pub(super) endpoint: Option<String>,
    pub(super) region: String,
    pub(super) identity: Identity,
}

/// A request for `length` bytes of an object; `None` when there is no such address.
pub(super) fn get(signer: &Signer, bucket: &str, key: &str, start: u64, length: u64) -> Option<Request<Bytes>> {
    let uri: Uri = address(signer, bucket, key).parse().ok()?;
    let last = start.saturating_add(length) - 1;
    Request::get(uri).header(RANGE, format!("bytes={start}-{last}")).body(Bytes::new()).ok()
}

fn address(Signer { endpoint, region, .. }: &Signer, bucket: &str, key: &str) -> String {
    let (bucket, key) = (utf8_percent_encode(bucket, &NAME).to_string(), utf8_percent_encode(key, &KEY));
    if let Some(endpoint) = endpoint {
        return format!("{}/{bucket}/{key}", endpoint.trim_end_matches('/'));
    }
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    match bucket.contains('.') {
        // AWS's certificate holds for one label before its own (AWS: Virtual hosting of buckets).
        true => format!("https://s3.{region}.{suffix}/{bucket}/{key}"),
        false => format!("https://{bucket}.s3.{region}.{suffix}/{key}"),
    }
}

impl Signer {
    pub(super) fn sign(&self, mut request: Request<Bytes>, now: Timestamp) -> Option<Request<Bytes>> {
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        let parameters = v4::SigningParams::builder()
            .identity(&self.identity)
            .region(&self.region)
            .name("s3")
            .time(SystemTime::try_from(now).ok()?)
            .settings(settings)
            .build()
            .ok()?
            .into();
        let headers: Option<Vec<_>> =
            request.headers().iter().map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
        let uri = request.uri().to_string();
        let signable =
            SignableRequest::new(request.method().as_str(), uri, headers?.into_iter(), SignableBody::empty()).ok()?;
        let (instructions, _) = sign(signable, &parameters).ok()?.into_parts();
        instructions.apply_to_request_http1x(&mut request);
        Some(request)
    }
}
