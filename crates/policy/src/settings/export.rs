//! Where an export lies: on a disk, in a bucket of S3, or nowhere until somebody brings it. What S3 allows as a name is
//! checked here, for a wrong one would only be noticed when the export is missed.

use std::net::Ipv4Addr;

use crate::files::{At, Sink, shape};

/// An object of S3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketObject {
    bucket: String,
    key: String,
}

impl BucketObject {
    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The object's key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether it is the object of that bucket with that key.
    pub fn is(&self, bucket: &str, key: &str) -> bool {
        self.bucket == bucket && self.key == key
    }
}

/// The object that holds an export, if one is named; `None` also when it is refused.
pub(super) fn object(shape: &shape::Export, sink: &mut Sink) -> Option<BucketObject> {
    let (bucket, key) = match (&shape.bucket, &shape.key) {
        (None, None) => return None,
        (Some(bucket), None) => return refused(bucket, "`bucket` needs `key`, the export's name in it", sink),
        (None, Some(key)) => return refused(key, "`key` needs `bucket`, where the export lies", sink),
        (Some(bucket), Some(key)) => (bucket, key),
    };
    if shape.path.is_some() {
        return refused(bucket, "an export lies at `path`, or in `bucket` under `key`, not both", sink);
    }
    let wrong_bucket = bucket_fault(&bucket.value);
    if let Some(fault) = wrong_bucket {
        sink.error(&bucket.place, format!("`{}` is no bucket's name: {fault}", bucket.value));
    }
    let wrong_key = key_fault(&key.value);
    if let Some(fault) = wrong_key {
        sink.error(&key.place, format!("this key can't be used: {fault}"));
    }
    let fits = wrong_bucket.is_none() && wrong_key.is_none();
    fits.then(|| BucketObject { bucket: bucket.value.clone(), key: key.value.clone() })
}

fn refused(at: &At<String>, message: &str, sink: &mut Sink) -> Option<BucketObject> {
    sink.error(&at.place, message);
    None
}

/// AWS: General purpose bucket naming rules. Directory buckets and access points are asked in other ways.
fn bucket_fault(name: &str) -> Option<&'static str> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = |byte: Option<&u8>| byte.is_some_and(|byte| plain(*byte));
    if !(3..=63).contains(&name.len()) {
        Some("it has 3 to 63 characters")
    } else if !name.bytes().all(|byte| plain(byte) || matches!(byte, b'-' | b'.')) {
        Some("it has a-z, 0-9, - and . only")
    } else if !ends(name.as_bytes().first()) || !ends(name.as_bytes().last()) {
        Some("it begins and ends with a letter or digit")
    } else if name.contains("..") {
        Some("there are no two full stops together")
    } else if name.parse::<Ipv4Addr>().is_ok() {
        Some("it has not the form of an address")
    } else if ["xn--", "sthree-"].iter().any(|start| name.starts_with(start))
        || ["--x-s3", "--ol-s3", "--table-s3", ".mrap"].iter().any(|end| name.ends_with(end))
    {
        Some("this beginning or end stands for something else")
    } else {
        None
    }
}

/// AWS: Naming Amazon S3 objects. What a URL takes as "here" and "above" never reaches S3.
fn key_fault(key: &str) -> Option<&'static str> {
    if key.is_empty() || key.len() > 1024 {
        Some("it has 1 to 1024 bytes")
    } else if key.chars().any(char::is_control) {
        Some("it holds a character that can't be printed")
    } else if key.split('/').any(|part| matches!(part, "." | "..")) {
        Some("no part of it is . or ..")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_s3_has_are_taken() {
        for name in ["abc", "my-exports", "exports.example.com", "0-9", &"a".repeat(63), "192.168.1.256", "a.b-c"] {
            assert_eq!(bucket_fault(name), None, "{name}");
        }
        for key in
            ["employees.csv", "hr/2026/Medewerkers März.xlsx", "/a//b/", "a+b=c&d?e#f%20", "..a/b..", &"k".repeat(1024)]
        {
            assert_eq!(key_fault(key), None, "{key}");
        }
    }

    #[test]
    fn other_names_are_refused() {
        let long = "a".repeat(64);
        for name in [
            "",
            "ab",
            &long,
            "My-exports",
            "my_exports",
            "-abc",
            "abc.",
            "a..b",
            "10.0.0.1",
            "xn--abc",
            "abc--x-s3",
            "é-a-b",
        ] {
            assert!(bucket_fault(name).is_some(), "{name}");
        }
        let long = "é".repeat(513);
        for key in ["", &long, "a\nb", "../a", "a/./b", ".."] {
            assert!(key_fault(key).is_some(), "{key}");
        }
    }
}
