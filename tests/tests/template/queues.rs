//! Rules about queues and what reads them.

use std::collections::BTreeSet;

use ports::QueueName;
use serde_json::{Value, json};

use crate::document::{Template, reference, text};

/// The code finds a queue by the stack's name and its own.
pub(crate) fn names(template: &Template) -> Vec<String> {
    let wanted = QueueName::ALL.iter().flat_map(|queue| {
        let name = format!("${{AWS::StackName}}-{}", queue.as_str());
        [format!("{name}-dead"), name]
    });
    // What schedules could not start lies in a queue that the code knows nothing of.
    let given_up = "${AWS::StackName}-schedules-dead".to_owned();
    let wanted: BTreeSet<String> = wanted.chain([given_up]).collect();
    let queues = template.of("AWS::SQS::Queue");
    let there: BTreeSet<String> =
        queues.iter().map(|(_, queue)| text(&queue["Properties"]["QueueName"]).to_owned()).collect();
    wanted.symmetric_difference(&there).map(|name| format!("{name} is not in both code and template")).collect()
}

/// Every queue gives up into a queue of its own that keeps longer, after at least 5 receives, for throttled ones count.
/// A request to read a source may be given up earlier, for the schedule makes it again.
pub(crate) fn dead_letters(template: &Template) -> Vec<String> {
    let mut complaints = vec![];
    for (id, queue) in template.of("AWS::SQS::Queue") {
        let properties = &queue["Properties"];
        let name = text(&properties["QueueName"]);
        if properties["SqsManagedSseEnabled"] != true {
            complaints.push(format!("{id} is not encrypted"));
        }
        if name.ends_with("-dead") {
            continue;
        }
        let redrive = &properties["RedrivePolicy"];
        let dead = reference(&redrive["deadLetterTargetArn"]).unwrap_or("nothing");
        let dead = template.at(&format!("/Resources/{dead}/Properties"));
        if text(&dead["QueueName"]) != format!("{name}-dead") {
            complaints.push(format!("{id} has no dead-letter queue of its own"));
        }
        let least = if id == "SourceReadsQueue" { 3 } else { 5 };
        if redrive["maxReceiveCount"].as_i64().unwrap_or(0) < least {
            complaints.push(format!("{id} gives up too early"));
        }
        let days = |queue: &Value| queue["MessageRetentionPeriod"].as_i64().unwrap_or(345_600) / 86_400;
        if days(dead) != 14 || days(dead) <= days(properties) {
            complaints.push(format!("the dead-letter queue of {id} must keep 14 days, and longer than the queue"));
        }
    }
    complaints
}

/// Hidden for at least six times the reader's timeout plus the window, as AWS asks for.
pub(crate) fn visibility(template: &Template) -> Vec<String> {
    let mut complaints = vec![];
    for (function, name, event) in template.events("SQS") {
        let queue = reference(&event["Properties"]["Queue"]).unwrap_or("nothing");
        let hidden = template.at(&format!("/Resources/{queue}/Properties/VisibilityTimeout")).as_i64().unwrap_or(30);
        let timeout = template.at(&format!("/Resources/{function}/Properties/Timeout")).as_i64().unwrap_or(3);
        let window = event["Properties"]["MaximumBatchingWindowInSeconds"].as_i64().unwrap_or(0);
        let wanted = 6 * timeout + window;
        if hidden < wanted {
            complaints.push(format!("{function}.{name}: {queue} hides for {hidden} s, less than {wanted} s"));
        }
    }
    complaints
}

/// One bad message must not bring back a whole batch; and Lambda takes no batch over 10 without a window.
pub(crate) fn partial_failures(template: &Template) -> Vec<String> {
    let mut complaints = vec![];
    let mut read = BTreeSet::new();
    for (function, name, event) in template.events("SQS") {
        let properties = &event["Properties"];
        read.extend(reference(&properties["Queue"]));
        if properties["FunctionResponseTypes"] != json!(["ReportBatchItemFailures"]) {
            complaints.push(format!("{function}.{name} does not report batch item failures"));
        }
        let batch = template.number(&properties["BatchSize"]).unwrap_or(10);
        if batch > 10 && properties["MaximumBatchingWindowInSeconds"].as_i64().unwrap_or(0) < 1 {
            complaints.push(format!("{function}.{name} takes {batch} at once without a window"));
        }
    }
    for (id, queue) in template.of("AWS::SQS::Queue") {
        if !text(&queue["Properties"]["QueueName"]).ends_with("-dead") && !read.contains(id) {
            complaints.push(format!("nothing reads {id}"));
        }
    }
    complaints
}

/// sync takes one request to read a source at a time and at once, so many side by side as a parameter says, with the memory
/// for a large one.
pub(crate) fn source_reads(template: &Template) -> Vec<String> {
    let mut complaints = vec![];
    let taken: Vec<_> =
        template.events("SQS").into_iter().filter(|(function, ..)| *function == "SyncFunction").collect();
    let queues: Vec<_> = taken.iter().filter_map(|(_, _, event)| reference(&event["Properties"]["Queue"])).collect();
    if queues != ["SourceReadsQueue"] {
        complaints.push(format!("sync takes from {queues:?}"));
    }
    for (_, name, event) in taken {
        let properties = &event["Properties"];
        if properties["BatchSize"] != 1 {
            complaints.push(format!("{name}: sources wait for one another in a batch"));
        }
        if properties["MaximumBatchingWindowInSeconds"].as_i64().unwrap_or(0) != 0 {
            complaints.push(format!("{name} lets a request wait"));
        }
        let bound = reference(&properties["ScalingConfig"]["MaximumConcurrency"]).unwrap_or("nothing");
        let parameter = template.at(&format!("/Parameters/{bound}"));
        // AWS takes no lower bound than 2.
        if ["Default", "MinValue"].iter().any(|name| parameter[name].as_i64().is_none_or(|most| most < 2)) {
            complaints.push(format!("{name} has no bound of at least 2 by a parameter"));
        }
    }
    let sync = template.at("/Resources/SyncFunction/Properties");
    if reference(&sync["MemorySize"]).is_none() || template.number(&sync["MemorySize"]).is_none_or(|mb| mb < 512) {
        complaints.push("sync has too little memory for a large source".to_owned());
    }
    complaints
}

/// Both of the writer's queues bound what reaches Salesforce; urgent changes wait for no window.
pub(crate) fn writer_concurrency(template: &Template) -> Vec<String> {
    let mut complaints = vec![];
    let mut mappings = 0;
    for (function, name, event) in template.events("SQS") {
        if function != "SalesforceWriterFunction" {
            continue;
        }
        mappings += 1;
        let properties = &event["Properties"];
        if template.number(&properties["ScalingConfig"]["MaximumConcurrency"]).is_none_or(|most| most < 2) {
            complaints.push(format!("{function}.{name} has no bound of at least 2"));
        }
        let urgent = reference(&properties["Queue"]) == Some("UrgentChangesQueue");
        if urgent && properties["MaximumBatchingWindowInSeconds"] != 0 {
            complaints.push(format!("{function}.{name} lets urgent changes wait"));
        }
    }
    if mappings != 2 {
        complaints.push(format!("the writer reads {mappings} queues, not 2"));
    }
    complaints
}
