//! Secrets from one YAML file, for running on one machine: `name: { … }` per system. The file is read again at every
//! call, so that a changed secret counts at once. Errors name the file and the place, and hold no text of the file.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use ports::secrets::SecretString;
use ports::{SecretError, SecretName, Secrets};
use serde_json::Value;
use serde_saphyr::Spanned;

const MAX_BYTES: u64 = 1024 * 1024;

/// The secrets of one file.
#[derive(Clone, Debug)]
pub struct SecretsFile {
    path: PathBuf,
}

impl SecretsFile {
    /// The secrets in the file at `path`, which must be readable and well-formed now.
    ///
    /// # Errors
    /// [`SecretsFileError`]
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, SecretsFileError> {
        let path = path.into();
        load(&path)?;
        Ok(Self { path })
    }
}

#[async_trait]
impl Secrets for SecretsFile {
    async fn read(&self, name: &SecretName) -> Result<SecretString, SecretError> {
        let reason = |error: &SecretsFileError| error.to_string();
        let mut secrets = load(&self.path).map_err(|error| match &error {
            SecretsFileError::Open { .. } => SecretError::Refused { name: name.clone(), reason: reason(&error) },
            SecretsFileError::Unreadable { .. } => {
                SecretError::Unavailable { name: name.clone(), reason: reason(&error) }
            }
            SecretsFileError::Malformed { .. } => SecretError::Malformed { name: name.clone(), reason: reason(&error) },
        })?;
        secrets.remove(name).ok_or_else(|| SecretError::Missing(name.clone()))
    }
}

/// Why a secrets file is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretsFileError {
    /// Others than its owner may read or change it.
    #[error("secrets file {} is open to others (mode {mode:03o}): run chmod 600 on it", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It can't be read.
    #[error("secrets file {} can't be read: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It is not what it should be.
    #[error("secrets file {}, line {line}, column {column}: {what}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// From 1; 0 when it is the file as a whole.
        line: u64,
        /// From 1; 0 when it is the file as a whole.
        column: u64,
        /// What is wrong, without the text that is there.
        what: &'static str,
    },
}

fn load(path: &Path) -> Result<BTreeMap<SecretName, SecretString>, SecretsFileError> {
    let unreadable = |reason: String| SecretsFileError::Unreadable { path: path.to_owned(), reason };
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    // The open file's own mode: the name might lead to another file by now.
    let metadata = file.metadata().map_err(|error| unreadable(error.to_string()))?;
    if let Some(mode) = open_mode(&metadata) {
        return Err(SecretsFileError::Open { path: path.to_owned(), mode });
    }
    if !metadata.is_file() {
        return Err(unreadable("it is no file".to_owned()));
    }
    if metadata.len() > MAX_BYTES {
        return Err(unreadable(format!("it is larger than {MAX_BYTES} bytes")));
    }
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(|error| unreadable(error.to_string()))?;
    parse(path, &text)
}

/// The permission bits, if they let anybody in but the owner.
fn open_mode(metadata: &Metadata) -> Option<u32> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let mode = metadata.mode() & 0o777;
        (mode & 0o077 != 0).then_some(mode)
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        None
    }
}

fn parse(path: &Path, text: &str) -> Result<BTreeMap<SecretName, SecretString>, SecretsFileError> {
    let malformed = |(line, column): (u64, u64), what: &'static str| SecretsFileError::Malformed {
        path: path.to_owned(),
        line,
        column,
        what,
    };
    let options = serde_saphyr::options! { with_snippet: false };
    let entries: BTreeMap<String, Spanned<Value>> = serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| malformed(place(error.location()), what(&error)))?;
    let mut secrets = BTreeMap::new();
    for (name, Spanned { value, referenced, .. }) in entries {
        let at = (referenced.line(), referenced.column());
        let name = SecretName::parse(&name)
            .map_err(|_| malformed(at, "the name before this is no secret name: 1-64 letters, digits, -, _ or /"))?;
        if !value.is_object() {
            return Err(malformed(at, "a secret is a mapping of field names to values"));
        }
        secrets.insert(name, SecretString::from(value.to_string()));
    }
    Ok(secrets)
}

fn place(location: Option<serde_saphyr::Location>) -> (u64, u64) {
    location.map_or((0, 0), |location| (location.line(), location.column()))
}

/// The parser's own words may quote the file, so they are not passed on.
fn what(error: &serde_saphyr::Error) -> &'static str {
    match error.without_snippet() {
        serde_saphyr::Error::DuplicateMappingKey { .. } => "a name appears twice",
        serde_saphyr::Error::Eof { .. } => "the file is empty or ends too early",
        serde_saphyr::Error::Unexpected { .. } | serde_saphyr::Error::Message { .. } => {
            "expected secrets as `name: { field: value }`"
        }
        _ => "this is no valid YAML; is a quote, a brace or an indentation wrong?",
    }
}
