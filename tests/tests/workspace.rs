//! The direction of dependencies: which of our packages may use which, and who alone may talk to AWS, to the network and
//! to a disk. A new edge is a decision: it is added to the table here, or it does not happen.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// What each package may use of ours, outside of its own tests. Packages are listed after all that they use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("expression", &["domain"]),
    ("ports", &["domain"]),
    ("policy", &["domain", "expression"]),
    ("records", &["domain", "ports"]),
    ("http-client", &["ports"]),
    ("storage", &["ports"]),
    ("sources", &["domain", "expression", "ports"]),
    ("active-directory", &["domain", "ports", "sources"]),
    ("salesforce", &["domain", "ports"]),
    ("lambda", &["ports"]),
    ("write-back", &["domain", "ports", "records"]),
    ("wiring", &["domain", "policy", "ports", "records", "salesforce", "sources"]),
    ("webhook", &["domain", "lambda", "policy", "ports", "records", "sources", "storage"]),
    (
        "sync",
        &[
            "active-directory",
            "domain",
            "http-client",
            "lambda",
            "policy",
            "ports",
            "records",
            "salesforce",
            "sources",
            "storage",
            "wiring",
            "write-back",
        ],
    ),
    ("mapping", &["domain", "lambda", "policy", "ports", "records", "storage"]),
    (
        "salesforce-writer",
        &["domain", "http-client", "lambda", "policy", "ports", "records", "salesforce", "storage", "wiring"],
    ),
    ("local", &["domain", "mapping", "policy", "ports", "records", "salesforce-writer", "sync", "webhook", "wiring"]),
    // Stands for Salesforce, so it knows nothing of our client.
    ("salesforce-simulator", &["ports"]),
    // The same for the sources.
    ("source-emulators", &["ports"]),
    // The command line runs everything, and the tests use everything.
    (
        "cli",
        &[
            "active-directory",
            "domain",
            "expression",
            "http-client",
            "local",
            "mapping",
            "policy",
            "ports",
            "records",
            "salesforce",
            "salesforce-simulator",
            "salesforce-writer",
            "sources",
            "storage",
            "sync",
            "webhook",
            "wiring",
        ],
    ),
    (
        "integration-tests",
        &[
            "cli",
            "domain",
            "expression",
            "http-client",
            "lambda",
            "local",
            "mapping",
            "policy",
            "ports",
            "records",
            "salesforce",
            "salesforce-simulator",
            "salesforce-writer",
            "sources",
            "storage",
            "sync",
            "webhook",
        ],
    ),
];

const FUNCTIONS: &[&str] = &["webhook", "sync", "mapping", "salesforce-writer"];

/// Packages without input or output.
const PURE: &[&str] = &["domain", "expression", "policy"];

/// The beginnings of the names of crates that reach outside of the process.
const REACHES_OUT: &[&str] = &[
    "async-",
    "aws",
    "axum",
    "getrandom",
    "hyper",
    "lambda",
    "ldap3",
    "rand",
    "redb",
    "reqwest",
    "socket2",
    "tempfile",
    "tokio",
    "tower",
];

#[cfg(test)]
static WORKSPACE: LazyLock<Metadata> = LazyLock::new(|| {
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap()
});

/// The names of what a package depends on, in the given kinds.
fn used<'p>(package: &'p Package, kinds: &'p [DependencyKind]) -> impl Iterator<Item = &'p str> {
    package.dependencies.iter().filter(|found| kinds.contains(&found.kind)).map(|found| found.name.as_str())
}

const SHIPPED: &[DependencyKind] = &[DependencyKind::Normal, DependencyKind::Build];
const ALL: &[DependencyKind] = &[DependencyKind::Normal, DependencyKind::Build, DependencyKind::Development];

/// Our packages that use, even in their tests, a crate whose name the test accepts.
fn users_of(wanted: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let mut users: Vec<&str> = WORKSPACE
        .packages
        .iter()
        .filter(|package| used(package, ALL).any(&wanted))
        .map(|package| package.name.as_str())
        .collect();
    users.sort_unstable();
    users
}

#[test]
fn packages_use_one_another_as_the_table_says() {
    let table: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let mut wrong = vec![];
    for package in &WORKSPACE.packages {
        let name = package.name.as_str();
        let Some(may_use) = table.get(name) else {
            wrong.push(format!("{name} is not in the table"));
            continue;
        };
        for other in used(package, SHIPPED).filter(|other| table.contains_key(other)) {
            if !may_use.contains(&other) {
                wrong.push(format!("{name} uses {other}"));
            }
        }
    }
    for (name, _) in MAY_USE {
        if !WORKSPACE.packages.iter().any(|package| package.name.as_str() == *name) {
            wrong.push(format!("{name} is in the table only"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_points_one_way() {
    for (position, (name, may_use)) in MAY_USE.iter().enumerate() {
        for other in *may_use {
            let before = MAY_USE[..position].iter().any(|(earlier, _)| earlier == other);
            assert!(before, "{name} may use {other}, which is not listed before it");
        }
    }
}

#[test]
fn functions_do_not_use_one_another() {
    for package in WORKSPACE.packages.iter().filter(|package| FUNCTIONS.contains(&package.name.as_str())) {
        for other in used(package, ALL) {
            assert!(!FUNCTIONS.contains(&other), "{} uses {other}", package.name);
        }
    }
}

#[test]
fn one_package_depends_on_the_aws_sdks() {
    let users = users_of(|name| name == "aws-config" || name.starts_with("aws-sdk-") || name == "serde_dynamo");
    assert_eq!(users, ["storage"]);
}

#[test]
fn one_package_depends_on_the_http_client_library() {
    assert_eq!(users_of(|name| name == "reqwest"), ["http-client"]);
}

#[test]
fn pure_packages_reach_nothing_outside() {
    for package in WORKSPACE.packages.iter().filter(|package| PURE.contains(&package.name.as_str())) {
        for other in used(package, SHIPPED) {
            let reaches_out = REACHES_OUT.iter().any(|beginning| other.starts_with(beginning));
            assert!(!reaches_out, "{} uses {other}", package.name);
        }
    }
}
