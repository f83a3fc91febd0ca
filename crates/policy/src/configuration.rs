//! The whole configuration: reading the folder, and putting its files together into settings and policy.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use domain::{JoinKey, Person, PersonKeys, PersonPart, SourceName, SourceRole, SourceRoles};
use expression::Lookups;
use serde_json::{Map, Value};

use crate::files::shape::{Entries, File, TextOrNumber};
use crate::files::{At, Read as _, Sink, Tree};
use crate::fingerprint::fingerprint;
use crate::policy::{self, Joins, Policy};
use crate::problems::{Finding, Place, Problems, Severity};
use crate::settings::{self, Drift, Organisation, Salesforce, SourceConfig, WriteBack, write_back};

/// A checked configuration.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// The organisation.
    pub organisation: Organisation,
    /// The Salesforce org.
    pub salesforce: Salesforce,
    /// Where people come from, the most trusted first.
    pub sources: Vec<SourceConfig>,
    /// Parts of a person that sources are trusted with in an order of their own.
    pub priority: Vec<(PersonPart, Vec<SourceName>)>,
    /// What is done about changes that somebody made in the org by hand.
    pub drift: Drift,
    /// Systems that are told what was decided.
    pub write_backs: Vec<WriteBack>,
    /// What decides on accounts.
    pub policy: Policy,
    /// What deserves a look.
    pub warnings: Vec<Finding>,
    pub(crate) joins: Joins,
    fingerprint: String,
}

/// Reads a configuration's folder: every `*.yaml` at its top, and the files that these refer to.
///
/// # Errors
/// Everything that is wrong, and the warnings.
pub fn load(dir: &Path) -> Result<Configuration, Problems> {
    let mut files = Vec::new();
    let mut unreadable = Vec::new();
    read_folder(dir, "", 0, &mut files, &mut unreadable);
    if !unreadable.is_empty() {
        return Err(Problems(unreadable));
    }
    Configuration::parse(&files)
}

impl Configuration {
    /// Reads a configuration from its files: path within the folder and text. Those at the top are configuration, the
    /// others are there to be referred to.
    ///
    /// # Errors
    /// Everything that is wrong, and the warnings.
    pub fn parse(files: &[(String, String)]) -> Result<Self, Problems> {
        let mut sink = Sink::default();
        let mut trees = Vec::new();
        let mut merged = Merged::default();
        let mut texts = BTreeMap::new();
        let mut top: Vec<_> = files.iter().filter(|(path, _)| !path.contains('/') && is_yaml(path)).collect();
        top.sort();
        for (path, text) in top {
            let file: Arc<str> = path.as_str().into();
            match Tree::parse(&file, text) {
                Err(finding) => sink.0.push(finding),
                Ok(tree) => {
                    let shape = if tree.is_empty() { None } else { File::read(&tree, &mut sink) };
                    if let Some(shape) = shape {
                        merged.add(shape, &mut sink);
                    }
                    trees.push(tree);
                }
            }
            texts.insert(file, text.as_str());
        }
        let configuration = merged.build(files, &texts, &trees, &mut sink);
        let mut findings = sink.0;
        findings.sort();
        findings.dedup();
        match configuration {
            Some(configuration) if findings.iter().all(|finding| finding.severity == Severity::Warning) => {
                Ok(Self { warnings: findings, ..configuration })
            }
            _ => Err(Problems(findings)),
        }
    }

    /// The sources' roles, the most trusted first, for merging snapshots.
    pub fn source_roles(&self) -> SourceRoles {
        SourceRoles::new(self.sources.iter().map(|source| (source.name.clone(), source.role)))
            .with_parts(self.priority.clone())
    }

    /// Whether the source's accounts find their persons by keys.
    pub fn joins(&self, source: &SourceName) -> bool {
        self.joins.has(source)
    }

    /// The keys of an account, in the order in which they decide; none where the source is not joined. An expression
    /// that fails gives no key, and a warning in the log.
    pub fn account_keys(&self, source: &SourceName, account: &Map<String, Value>) -> Vec<JoinKey> {
        self.joins.of_account(source, account, &self.policy.lookups)
    }

    /// The keys of a person for every source that is joined. `None` stands for a person who does not exist, or no
    /// longer: no account is found for that one.
    pub fn person_keys(&self, person: Option<&Person>) -> BTreeMap<SourceName, PersonKeys> {
        self.joins.of_person(person, &self.policy.lookups)
    }

    /// A digest of everything that decisions rest on. Comments and layout, the way to Salesforce and the sources'
    /// transport leave it as it is.
    pub fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }
}

/// The top-level keys of all files.
#[derive(Default)]
struct Merged {
    organisation: Option<At<crate::files::shape::Organisation>>,
    salesforce: Option<At<crate::files::shape::Salesforce>>,
    sources: Option<At<Vec<At<crate::files::shape::Source>>>>,
    priority: Option<At<Entries<Vec<At<String>>>>>,
    account: Option<At<crate::files::shape::Account>>,
    rules: Vec<At<crate::files::shape::Rule>>,
    ownership: Option<At<crate::files::shape::Ownership>>,
    drift: Option<At<crate::files::shape::Drift>>,
    write_back: Option<At<Vec<At<crate::files::shape::write_back::WriteBack>>>>,
    lookups: Option<At<Entries<Entries<TextOrNumber>>>>,
}

impl Merged {
    fn add(&mut self, file: File, sink: &mut Sink) {
        only(&mut self.organisation, file.organisation, "organisation", sink);
        only(&mut self.salesforce, file.salesforce, "salesforce", sink);
        only(&mut self.sources, file.sources, "sources", sink);
        only(&mut self.priority, file.priority, "priority", sink);
        only(&mut self.account, file.account, "account", sink);
        only(&mut self.ownership, file.ownership, "ownership", sink);
        only(&mut self.drift, file.drift, "drift", sink);
        only(&mut self.write_back, file.write_back, "writeBack", sink);
        only(&mut self.lookups, file.lookups, "lookups", sink);
        self.rules.extend(file.rules.into_iter().flat_map(|rules| rules.value));
    }

    fn build(
        self,
        files: &[(String, String)],
        texts: &BTreeMap<Arc<str>, &str>,
        trees: &[Tree],
        sink: &mut Sink,
    ) -> Option<Configuration> {
        // A key whose content was refused is not missing, nor may one be that stands in a file that can't be read.
        let written = |key: &str| trees.iter().any(|tree| tree.has_key(key));
        for key in ["organisation", "salesforce", "sources", "account"] {
            if !written(key) && trees.len() == texts.len() {
                sink.error(&Place::file("."), format!("no file has the key `{key}`"));
            }
        }
        let organisation = self.organisation.and_then(|at| settings::organisation(&at.value, sink));
        let salesforce = self.salesforce.and_then(|at| settings::salesforce(&at.value, sink));
        let definition = |path: &str| files.iter().find(|(name, _)| name == path).map(|(_, text)| text.clone());
        let lookups: Lookups = self.lookups.map(|at| tables(at.value)).unwrap_or_default();
        let mut joins = Joins::default();
        let sources = self.sources.map(|at| {
            let text_of = |place: &Place| texts.get(&place.file).copied().unwrap_or_default();
            joins = policy::joins(&at.value, &lookups, text_of, sink);
            let sources = settings::sources(&at.value, definition, sink);
            if !at.value.iter().any(|source| SourceRole::from(source.value.role) == SourceRole::Authoritative) {
                sink.error(&at.place, "no source is authoritative: nobody would ever exist");
            }
            sources
        });
        let priority = match (&self.priority, &sources) {
            (Some(at), Some(sources)) => settings::priority(&at.value, sources, sink),
            _ => Vec::new(),
        };
        let write_backs = self.write_back.map(|at| {
            let text_of = |place: &Place| texts.get(&place.file).copied().unwrap_or_default();
            write_back::write_backs(&at.value, &write_back::Surroundings { lookups: &lookups, text_of }, sink)
        });
        let ownership = self.ownership.map(|at| policy::ownership(&at.value, sink)).unwrap_or_default();
        let modes = ownership.values().copied();
        let drift = self.drift.map(|at| settings::drift(&at.value, modes, sink)).unwrap_or_default();
        let parts = policy::Parts {
            account: self.account,
            rules: self.rules,
            ownership,
            username_suffix: salesforce.as_ref().and_then(|salesforce| salesforce.username_suffix.clone()),
            lookups,
            sources: sources.as_deref().unwrap_or_default(),
            organisation: organisation.as_ref(),
            texts,
        };
        let policy = policy::build(parts, sink);
        let (sources, salesforce) = (sources?, salesforce?);
        Some(Configuration {
            fingerprint: fingerprint(trees, &sources, &joins, salesforce.username_suffix.as_deref()),
            organisation: organisation?,
            salesforce,
            sources,
            priority,
            drift,
            write_backs: write_backs.unwrap_or_default(),
            policy: policy?,
            warnings: Vec::new(),
            joins,
        })
    }
}

fn only<T>(slot: &mut Option<At<T>>, found: Option<At<T>>, key: &str, sink: &mut Sink) {
    match (&slot, found) {
        (Some(first), Some(second)) => {
            sink.error(&second.place, format!("`{key}` is in another file too: {}", first.place));
        }
        (None, found) => *slot = found,
        (Some(_), None) => {}
    }
}

fn tables(entries: Entries<Entries<TextOrNumber>>) -> Lookups {
    let table = |table: Entries<TextOrNumber>| table.0.into_iter().map(|(key, text)| (key.value, text.0)).collect();
    entries.0.into_iter().map(|(name, entries)| (name.value, table(entries))).collect()
}

fn is_yaml(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// Top-level files and, one folder down, what they may refer to.
fn read_folder(dir: &Path, prefix: &str, depth: usize, files: &mut Vec<(String, String)>, bad: &mut Vec<Finding>) {
    let mut unreadable = |name: &str, error: &dyn std::fmt::Display| {
        bad.push(Finding::error(Place::file(name), format!("can't be read: {error}")));
    };
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) => return unreadable(if prefix.is_empty() { "." } else { prefix }, &error),
    };
    let mut folders = Vec::new();
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                unreadable(prefix, &error);
                continue;
            }
        };
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            folders.push((entry.path(), format!("{path}/")));
        } else if is_yaml(&name) {
            match std::fs::read_to_string(entry.path()) {
                Ok(text) => files.push((path, text)),
                Err(error) => unreadable(&path, &error),
            }
        }
    }
    if depth < 3 {
        for (folder, prefix) in folders {
            read_folder(&folder, &prefix, depth + 1, files, bad);
        }
    }
}
