use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use ports::secrets::ExposeSecret;
use tempfile::TempDir;

use super::*;

fn file(text: &str, mode: u32) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secrets.yaml");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    (folder, path)
}

fn name(text: &str) -> SecretName {
    SecretName::parse(text).unwrap()
}

async fn read(file: &SecretsFile, secret: &str) -> Result<Value, SecretError> {
    file.read(&name(secret)).await.map(|text| serde_json::from_str(text.expose_secret()).unwrap())
}

fn error(text: &str) -> String {
    let (folder, path) = file(text, 0o600);
    let error = SecretsFile::open(path).unwrap_err();
    assert!(matches!(error, SecretsFileError::Malformed { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
    error.to_string().replace(folder.path().to_str().unwrap(), "")
}

#[tokio::test]
async fn secrets_are_json_whatever_the_yaml_style() {
    let text = "# ours\nsalesforce:\n  flow: jwt-bearer\n  privateKey: |\n    -----BEGIN-----\n    abc\nhr-webhook: {keys: [one, \"t\\\"wo\"], n: 1}\n";
    let (_folder, path) = file(text, 0o600);
    let file = SecretsFile::open(path).unwrap();
    let salesforce = read(&file, "salesforce").await;
    assert_eq!(salesforce, Ok(serde_json::json!({"flow": "jwt-bearer", "privateKey": "-----BEGIN-----\nabc\n"})));
    assert_eq!(read(&file, "hr-webhook").await, Ok(serde_json::json!({"keys": ["one", "t\"wo"], "n": 1})));
    assert_eq!(read(&file, "other").await, Err(SecretError::Missing(name("other"))));
}

#[tokio::test]
async fn a_file_that_others_can_read_is_refused_also_later() {
    for mode in [0o644, 0o640, 0o604, 0o620, 0o601] {
        let (_folder, path) = file("a: {b: c}\n", mode);
        let error = SecretsFile::open(&path).unwrap_err();
        assert_eq!(error, SecretsFileError::Open { path, mode });
        assert!(error.to_string().contains(&format!("(mode {mode:o})")), "{error}");
    }
    let (_folder, path) = file("a: {b: c}\n", 0o400);
    let file = SecretsFile::open(&path).unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
    assert!(matches!(read(&file, "a").await, Err(SecretError::Refused { .. })));
}

#[tokio::test]
async fn a_changed_file_counts_at_the_next_read() {
    let (_folder, path) = file("a: {key: old}\n", 0o600);
    let file = SecretsFile::open(&path).unwrap();
    assert_eq!(read(&file, "a").await, Ok(serde_json::json!({"key": "old"})));
    std::fs::write(&path, "a: {key: new}\n").unwrap();
    assert_eq!(read(&file, "a").await, Ok(serde_json::json!({"key": "new"})));
    std::fs::write(&path, "a: {key: ").unwrap();
    assert!(matches!(read(&file, "a").await, Err(SecretError::Malformed { .. })));
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(read(&file, "a").await, Err(SecretError::Unavailable { .. })));
}

#[test]
fn errors_tell_the_place_and_never_the_content() {
    let cases = [
        ("a: {b: hush}\nb: hush\n", "line 2, column 4: a secret is a mapping of field names to values"),
        ("a: {b: hush}\na: {b: hush}\n", "line 2, column 1: a name appears twice"),
        ("a: {b: hush, b: hush}\n", "line 1, column 14: a name appears twice"),
        ("hush", "line 1, column 1: expected secrets as `name: { field: value }`"),
        ("- hush", "line 1, column 1: expected secrets as `name: { field: value }`"),
        (
            "a: {b: 1}\nhush hush: {b: 1}\n",
            "line 2, column 12: the name before this is no secret name: 1-64 letters, digits, -, _ or /",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(error(text), format!("secrets file /secrets.yaml, {expected}"), "{text}");
    }
    for text in [
        "a: {b: \"hush}\n",
        "a: {b: hush\n",
        "a:\n\tb: hush\n",
        "a: [hush}\n",
        "a: *hush\n",
        "%hush\n",
        "a: !!int hush",
    ] {
        assert!(error(text).contains(", line "), "{text}");
    }
}

#[test]
fn what_is_no_file_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let missing = SecretsFile::open(folder.path().join("no")).unwrap_err();
    assert!(matches!(missing, SecretsFileError::Unreadable { .. }), "{missing}");
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    let directory = SecretsFile::open(folder.path()).unwrap_err();
    assert!(directory.to_string().ends_with("can't be read: it is no file"), "{directory}");
}
