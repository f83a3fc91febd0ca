//! Which role may do what on which table, queue and secret: the tables of docs/SECURITY.md. A new word here is a decision.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::document::{Template, list, reference, text};
use crate::permissions::{actions, resource_id, secrets_of_sources, statements};

/// What the words of [`TABLES`] stand for. `index` is a query of the table's index.
const WORDS: &[(&str, &str)] = &[
    ("get", "dynamodb:GetItem"),
    ("batch", "dynamodb:BatchGetItem"),
    ("query", "dynamodb:Query"),
    ("scan", "dynamodb:Scan"),
    ("put", "dynamodb:PutItem"),
    ("delete", "dynamodb:DeleteItem"),
];

const TABLES: &[(&str, &str, &str)] = &[
    ("WebhookRole", "PeopleTable", "get batch query put delete"),
    ("WebhookRole", "SyncTable", "get put"),
    ("SyncRole", "PeopleTable", "get batch query scan put delete index"),
    ("SyncRole", "SyncTable", "get batch query put delete"),
    ("SyncRole", "AccountsTable", "get batch scan put index"),
    ("MappingRole", "PeopleTable", "get batch query put delete"),
    ("MappingRole", "AccountsTable", "get batch"),
    ("SalesforceWriterRole", "PeopleTable", "get batch put"),
    ("SalesforceWriterRole", "AccountsTable", "get batch query put delete"),
    ("SalesforceWriterRole", "AuditTable", "put"),
];

/// Each role's access to each table is as agreed.
pub(crate) fn tables(template: &Template) -> Vec<String> {
    let mut there: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for (role, statement) in statements(template) {
        for resource in list(&statement["Resource"]) {
            let Some(table) = resource_id(resource).filter(|id| id.ends_with("Table")) else { continue };
            let of_index = text(resource).ends_with("/index/by-index");
            let words = actions(statement).map(|action| match (word(action), of_index) {
                ("query", true) => "index",
                (_, true) => action,
                (word, false) => word,
            });
            there.entry((role, table)).or_default().extend(words);
        }
    }
    let wanted: BTreeMap<_, BTreeSet<&str>> =
        TABLES.iter().map(|(role, table, words)| ((*role, *table), words.split(' ').collect())).collect();
    let nothing = BTreeSet::new();
    let pairs: BTreeSet<_> = wanted.keys().chain(there.keys()).collect();
    let differing = |pair: &(&str, &str)| {
        let (wanted, there) = (wanted.get(pair).unwrap_or(&nothing), there.get(pair).unwrap_or(&nothing));
        let (role, table) = *pair;
        wanted.symmetric_difference(there).map(|word| format!("{role} on {table}: {word}")).collect::<Vec<_>>()
    };
    pairs.into_iter().flat_map(differing).collect()
}

fn word(action: &str) -> &str {
    WORDS.iter().find(|(_, of)| *of == action).map_or(action, |(word, _)| word)
}

/// Who wakes whom.
const SENDERS: &[(&str, &[&str])] = &[
    ("WebhookRole", &["PersonEventsQueue", "SourceReadsQueue"]),
    ("SyncRole", &["ChangesQueue", "PersonEventsQueue", "SourceReadsQueue", "UrgentChangesQueue"]),
    ("MappingRole", &["ChangesQueue", "PersonEventsQueue", "UrgentChangesQueue"]),
    ("SalesforceWriterRole", &["ChangesQueue", "UrgentChangesQueue"]),
];
/// What it takes to work off a queue: Lambda's part, and hiding a message for longer.
const TAKING: [&str; 4] =
    ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"];
/// Both find a queue by its name.
const FINDING: &str = "sqs:GetQueueUrl";

/// Who sends and who takes, and nobody else.
pub(crate) fn queues(template: &Template) -> Vec<String> {
    let mut wanted: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
    for (role, queues) in SENDERS {
        wanted.extend(queues.iter().flat_map(|queue| [(*role, *queue, "sqs:SendMessage"), (*role, *queue, FINDING)]));
    }
    // EventBridge knows the queue by its ARN.
    wanted.insert(("SchedulerRole", "SchedulesDeadQueue", "sqs:SendMessage"));
    for (function, _, event) in template.events("SQS") {
        let role = reference(template.at(&format!("/Resources/{function}/Properties/Role"))).unwrap_or("nothing");
        let queue = reference(&event["Properties"]["Queue"]).unwrap_or("nothing");
        wanted.extend(TAKING.iter().chain([&FINDING]).map(|action| (role, queue, *action)));
    }
    let there: BTreeSet<_> = statements(template)
        .into_iter()
        .flat_map(|(role, statement)| {
            let queues = list(&statement["Resource"]).iter().filter_map(resource_id);
            let queues = queues.filter(|id| id.ends_with("Queue"));
            queues.flat_map(move |queue| actions(statement).map(move |action| (role, queue, action)))
        })
        .collect();
    let differing = wanted.symmetric_difference(&there);
    differing.map(|(role, queue, action)| format!("{role}: {action} on {queue} is not as agreed")).collect()
}

/// The webhook reads webhooks' keys, sync what sources are read with; only who calls Salesforce reads its credentials.
pub(crate) fn secrets(template: &Template) -> Vec<String> {
    let wanted: BTreeSet<(&str, &str)> = BTreeSet::from([
        ("WebhookRole", "WebhookSecret"),
        ("WebhookRole", "webhook"),
        ("SyncRole", "SalesforceSecret"),
        ("SyncRole", "source"),
        ("SalesforceWriterRole", "SalesforceSecret"),
    ]);
    let named = |resource: &'_ Value| -> String {
        let name = resource_id(resource).filter(|id| !id.starts_with("AWS::"));
        name.or_else(|| secrets_of_sources(text(resource))).map_or_else(|| resource.to_string(), str::to_owned)
    };
    let there: BTreeSet<(&str, String)> = statements(template)
        .into_iter()
        .filter(|(_, statement)| actions(statement).any(|action| action.starts_with("secretsmanager:")))
        .flat_map(|(role, statement)| list(&statement["Resource"]).iter().map(move |resource| (role, named(resource))))
        .collect();
    let wanted: BTreeSet<(&str, String)> = wanted.into_iter().map(|(role, secret)| (role, secret.to_owned())).collect();
    wanted
        .symmetric_difference(&there)
        .map(|(role, secret)| format!("{role}: secret {secret} is not as agreed"))
        .collect()
}
