//! Rules about logs, alarms and the dashboard.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::document::{Template, reference, root, text};

/// Every function logs JSON into a group of its own, which forgets after some time.
pub(crate) fn log_retention(template: &Template) -> Vec<String> {
    let mut complaints = vec![];
    for (id, function) in template.functions() {
        let logging = &function["Properties"]["LoggingConfig"];
        let group = reference(&logging["LogGroup"]).unwrap_or("nothing");
        let group = template.at(&format!("/Resources/{group}/Properties"));
        let name = text(&function["Properties"]["FunctionName"]);
        if text(&group["LogGroupName"]) != format!("/aws/lambda/{name}") {
            complaints.push(format!("{id} has no log group of its own"));
        }
        if logging["LogFormat"] != "JSON" {
            complaints.push(format!("{id} does not log JSON"));
        }
        if template.number(&group["RetentionInDays"]).is_none() {
            complaints.push(format!("{id}'s log is kept for ever"));
        }
    }
    complaints
}

/// An alarm, that somebody hears, for each dead-letter queue, each queue's age, each function's errors and throttles,
/// the webhook's answers, parked persons, the API limit, reads that fail for long and many who are absent at once.
pub(crate) fn alarms(template: &Template) -> Vec<String> {
    let alarms = template.of("AWS::CloudWatch::Alarm");
    let mut complaints = vec![];
    for (id, alarm) in &alarms {
        let actions = alarm["Properties"]["AlarmActions"].to_string();
        if !actions.contains("AlarmTopicArn") || !actions.contains("AlarmTopic\"") {
            complaints.push(format!("{id} is heard by nobody"));
        }
    }
    let mut wants = |metric: &str, of: Option<&str>, at_once: bool| {
        let found = alarms.iter().any(|(_, alarm)| {
            let properties = &alarm["Properties"];
            let watched = properties["Dimensions"][0].get("Value").and_then(reference);
            let raised = properties["ComparisonOperator"] == "GreaterThanThreshold";
            properties["MetricName"] == metric && watched == of && raised && (!at_once || properties["Threshold"] == 0)
        });
        if !found {
            complaints.push(format!("no alarm on {metric} of {}", of.unwrap_or("the connector")));
        }
    };
    for (id, queue) in template.of("AWS::SQS::Queue") {
        if text(&queue["Properties"]["QueueName"]).ends_with("-dead") {
            wants("ApproximateNumberOfMessagesVisible", Some(id), true);
        } else {
            wants("ApproximateAgeOfOldestMessage", Some(id), false);
        }
    }
    for (id, _) in template.functions() {
        wants("Errors", Some(id), true);
        wants("Throttles", Some(id), true);
    }
    wants("Url4xxCount", Some("WebhookFunction"), false);
    wants("Url5xxCount", Some("WebhookFunction"), true);
    wants("ParkedPersons", None, true);
    wants("SalesforceLimitReached", None, true);
    wants("SourceReadFailed", None, true);
    wants("SourceManyAbsent", None, true);
    wants("WriteBackStopped", None, false);
    // After a failure only a person can heal, a source is read again after half an hour: so seldom, and it must be seen.
    let of_reads = alarms.iter().filter(|(_, alarm)| alarm["Properties"]["MetricName"] == "SourceReadFailed");
    for (id, alarm) in of_reads {
        let number = |name: &str| alarm["Properties"][name].as_i64().unwrap_or(1);
        let (seconds, needed) = (number("Period") * number("EvaluationPeriods"), number("DatapointsToAlarm"));
        if needed < 2 || seconds < needed * 2400 {
            complaints.push(format!("{id} rings at a passing failure, or never"));
        }
    }

    let filters: BTreeSet<(&str, String)> = template
        .of("AWS::Logs::MetricFilter")
        .into_iter()
        .map(|(_, filter)| {
            let properties = &filter["Properties"];
            let metric = properties["MetricTransformations"][0]["MetricName"].as_str().unwrap_or("nothing");
            (metric, format!("{} {}", properties["LogGroupName"]["Ref"], properties["FilterPattern"]))
        })
        .collect();
    for (metric, group, event) in [
        ("ParkedPersons", "MappingLogs", "person.parked"),
        ("ParkedPersons", "SalesforceWriterLogs", "person.parked"),
        ("SalesforceLimitReached", "SalesforceWriterLogs", "salesforce.limit_reached"),
        ("SourceReadFailed", "SyncLogs", "source.incomplete"),
        ("SourceReadFailed", "SyncLogs", "source.unreadable"),
        ("SourceReadFailed", "SyncLogs", "source.failed"),
        ("SourceManyAbsent", "SyncLogs", "source.many_absent"),
        ("WriteBackStopped", "SyncLogs", "write_back.stopped"),
    ] {
        if !filters.iter().any(|(name, from)| *name == metric && from.contains(group) && from.contains(event)) {
            complaints.push(format!("{metric} does not count {event} in {group}"));
        }
    }
    complaints
}

/// Whoever is woken by an alarm finds its entry: a heading that holds the last part of the alarm's name. No entry is stale.
pub(crate) fn runbook(template: &Template) -> Vec<String> {
    let page = std::fs::read_to_string(root().join("docs/OPERATIONS.md")).unwrap();
    let headings = page.lines().filter_map(|line| line.strip_prefix("### "));
    let entries: BTreeSet<&str> =
        headings.flat_map(|heading| heading.split(", ")).map(|name| name.trim_matches('`')).collect();
    let alarms = template.of("AWS::CloudWatch::Alarm");
    let alarms: BTreeSet<&str> = alarms
        .iter()
        .map(|(_, alarm)| {
            let name = text(&alarm["Properties"]["AlarmName"]);
            name.strip_prefix("${AWS::StackName}-").unwrap_or(name)
        })
        .collect();
    alarms
        .symmetric_difference(&entries)
        .map(|name| format!("{name} is not both an alarm and an entry of docs/OPERATIONS.md"))
        .collect()
}

/// The dashboard is JSON, and shows functions and queues that exist: all queues, and all that is counted in logs.
pub(crate) fn dashboard(template: &Template) -> Vec<String> {
    let mut known = BTreeSet::new();
    for (_, resource) in template.all() {
        for name in ["QueueName", "FunctionName"] {
            known.insert(text(&resource["Properties"][name]));
        }
    }
    let mut complaints = vec![];
    let dashboards = template.of("AWS::CloudWatch::Dashboard");
    if dashboards.is_empty() {
        complaints.push("there is none".to_owned());
    }
    for (id, dashboard) in dashboards {
        match serde_json::from_str::<Value>(text(&dashboard["Properties"]["DashboardBody"])) {
            Err(error) => complaints.push(format!("{id} is not JSON: {error}")),
            Ok(body) => {
                let widgets = body["widgets"].as_array().into_iter().flatten();
                let metrics: Vec<_> = widgets
                    .flat_map(|widget| widget["properties"]["metrics"].as_array().into_iter().flatten())
                    .collect();
                let shown = metrics.iter().filter_map(|metric| metric[3].as_str());
                complaints.extend(
                    shown
                        .filter(|name| !known.contains(name))
                        .map(|name| format!("{id} shows {name}, which is not there")),
                );
                let shown: BTreeSet<_> =
                    metrics.iter().flat_map(|metric| [&metric[1], &metric[3]]).filter_map(Value::as_str).collect();
                let queues = template.of("AWS::SQS::Queue");
                let queues = queues.iter().map(|(_, queue)| text(&queue["Properties"]["QueueName"]));
                let filters = template.of("AWS::Logs::MetricFilter");
                let counted = filters
                    .iter()
                    .filter_map(|(_, filter)| filter["Properties"]["MetricTransformations"][0]["MetricName"].as_str());
                complaints.extend(
                    queues.chain(counted).filter(|name| !shown.contains(name)).map(|name| format!("{id} lacks {name}")),
                );
            }
        }
    }
    complaints
}
