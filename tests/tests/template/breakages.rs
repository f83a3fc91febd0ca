//! Templates that were broken on purpose, one place at a time, and what the rule must say about it.

/// One change to the template.
pub(crate) struct Breakage {
    /// The rule that must see it.
    pub(crate) rule: &'static str,
    /// Where, as a JSON pointer.
    pub(crate) at: &'static str,
    /// The new value as JSON; `null` takes it out.
    pub(crate) into: &'static str,
    /// A part of the complaint.
    pub(crate) says: &'static str,
}

const fn of(rule: &'static str, at: &'static str, into: &'static str, says: &'static str) -> Breakage {
    Breakage { rule, at, into, says }
}

const STAR: &str = r#"{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}"#;
const EVERY_ACTION: &str =
    r#"{"Effect": "Allow", "Action": "dynamodb:*", "Resource": {"Fn::GetAtt": "PeopleTable.Arn"}}"#;
const EVERY_SECRET: &str = r#"{"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"],
    "Resource": {"Fn::Sub": "arn:aws:secretsmanager:eu-west-1:1:secret:${AWS::StackName}/*"}}"#;
const DELETES_AUDIT: &str =
    r#"{"Effect": "Allow", "Action": "dynamodb:DeleteItem", "Resource": {"Fn::GetAtt": "AuditTable.Arn"}}"#;
const UPDATES_AUDIT: &str =
    r#"{"Effect": "Allow", "Action": ["dynamodb:UpdateItem"], "Resource": [{"Fn::Sub": "${AuditTable.Arn}/index/x"}]}"#;
const READS_AUDIT: &str =
    r#"{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": {"Fn::GetAtt": "AuditTable.Arn"}}"#;

const SCANS_SYNC: &str =
    r#"{"Effect": "Allow", "Action": ["dynamodb:Scan"], "Resource": {"Fn::GetAtt": "SyncTable.Arn"}}"#;
const OTHER_INDEX: &str =
    r#"{"Effect": "Allow", "Action": "dynamodb:Query", "Resource": {"Fn::Sub": "${AuditTable.Arn}/index/by-index"}}"#;
const TAKES_CHANGES: &str =
    r#"{"Effect": "Allow", "Action": "sqs:ReceiveMessage", "Resource": {"Fn::GetAtt": "ChangesQueue.Arn"}}"#;
const SECRETS_OF_SOURCES: &str = r#"{"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"],
    "Resource": {"Fn::Sub": "arn:aws:secretsmanager:eu-west-1:1:secret:${AWS::StackName}/*-source-??????"}}"#;
const IN_ALL_NETWORKS: &str = r#"{"Effect": "Allow", "Action": ["ec2:DescribeNetworkInterfaces"], "Resource": "*"}"#;
const READS_BUCKETS: &str =
    r#"{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": {"Fn::Sub": "arn:aws:s3:::${ExportBucket}/*"}}"#;
const ONE_SUBNET: &str = r#"{"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}"#;

/// At least one for each rule.
#[rustfmt::skip]
pub(crate) const ALL: &[Breakage] = &[
    of("queue names", "/Resources/ChangesQueue/Properties/QueueName", r#"{"Fn::Sub": "${AWS::StackName}-change"}"#, "${AWS::StackName}-changes"),
    of("queue names", "/Resources/UrgentChangesDeadQueue", "null", "urgent-changes-dead"),
    of("dead letters", "/Resources/ChangesQueue/Properties/RedrivePolicy", "null", "ChangesQueue has no dead-letter"),
    of("dead letters", "/Resources/ChangesQueue/Properties/RedrivePolicy/deadLetterTargetArn", r#"{"Fn::GetAtt": "PersonEventsDeadQueue.Arn"}"#, "of its own"),
    of("dead letters", "/Resources/PersonEventsQueue/Properties/RedrivePolicy/maxReceiveCount", "4", "too early"),
    of("dead letters", "/Resources/SourceReadsQueue/Properties/RedrivePolicy/maxReceiveCount", "2", "SourceReadsQueue gives up too early"),
    of("dead letters", "/Resources/ChangesDeadQueue/Properties/MessageRetentionPeriod", "345600", "keep 14 days"),
    of("dead letters", "/Resources/ChangesQueue/Properties/MessageRetentionPeriod", "1209600", "longer than the queue"),
    of("dead letters", "/Resources/UrgentChangesQueue/Properties/SqsManagedSseEnabled", "false", "not encrypted"),
    of("visibility", "/Resources/ChangesQueue/Properties/VisibilityTimeout", "1804", "ChangesQueue hides for 1804 s, less than 1805 s"),
    of("visibility", "/Resources/PersonEventsQueue/Properties/VisibilityTimeout", "null", "hides for 30 s"),
    of("visibility", "/Resources/SalesforceWriterFunction/Properties/Timeout", "600", "UrgentChangesQueue"),
    of("visibility", "/Resources/MappingFunction/Properties/Events/PersonEvents/Properties/MaximumBatchingWindowInSeconds", "60", "PersonEventsQueue"),
    of("visibility", "/Resources/SourceReadsQueue/Properties/VisibilityTimeout", "900", "SourceReadsQueue hides for 900 s, less than 5400 s"),
    of("partial failures", "/Resources/SyncFunction/Properties/Events/SourceReads/Properties/FunctionResponseTypes", "null", "SyncFunction.SourceReads"),
    of("partial failures", "/Resources/MappingFunction/Properties/Events/PersonEvents/Properties/FunctionResponseTypes", "null", "MappingFunction.PersonEvents"),
    of("partial failures", "/Resources/SalesforceWriterFunction/Properties/Events/Changes/Properties/MaximumBatchingWindowInSeconds", "0", "takes 100 at once"),
    of("partial failures", "/Resources/SalesforceWriterFunction/Properties/Events/UrgentChanges", "null", "nothing reads UrgentChangesQueue"),
    of("writer concurrency", "/Resources/SalesforceWriterFunction/Properties/Events/Changes/Properties/ScalingConfig", "null", "no bound"),
    of("writer concurrency", "/Parameters/WriterConcurrency/Default", "1", "no bound of at least 2"),
    of("writer concurrency", "/Resources/SalesforceWriterFunction/Properties/Events/UrgentChanges/Properties/MaximumBatchingWindowInSeconds", "5", "lets urgent changes wait"),
    of("source reads", "/Resources/SyncFunction/Properties/Events/SourceReads", "null", "sync takes from []"),
    of("source reads", "/Resources/SyncFunction/Properties/Events/SourceReads/Properties/Queue", r#"{"Fn::GetAtt": "ChangesQueue.Arn"}"#, "sync takes from [\"ChangesQueue\"]"),
    of("source reads", "/Resources/SyncFunction/Properties/Events/SourceReads/Properties/BatchSize", "10", "wait for one another"),
    of("source reads", "/Resources/SyncFunction/Properties/Events/SourceReads/Properties/MaximumBatchingWindowInSeconds", "5", "lets a request wait"),
    of("source reads", "/Resources/SyncFunction/Properties/Events/SourceReads/Properties/ScalingConfig", "null", "no bound"),
    of("source reads", "/Resources/SyncFunction/Properties/Events/SourceReads/Properties/ScalingConfig/MaximumConcurrency", "5", "by a parameter"),
    of("source reads", "/Parameters/SourceConcurrency/MinValue", "1", "no bound of at least 2"),
    of("source reads", "/Parameters/SyncMemory/Default", "256", "too little memory"),
    of("table names", "/Resources/AuditTable/Properties/TableName", r#"{"Fn::Sub": "${AWS::StackName}-log"}"#, "${AWS::StackName}-audit"),
    of("table protection", "/Resources/AuditTable/Properties/PointInTimeRecoverySpecification", "null", "AuditTable: no point-in-time"),
    of("table protection", "/Resources/PeopleTable/Properties/SSESpecification/SSEEnabled", "false", "PeopleTable: not encrypted"),
    of("table protection", "/Resources/SyncTable/Properties/DeletionProtectionEnabled", "false", "SyncTable: no deletion protection"),
    of("table protection", "/Parameters/DeletionProtection/Default", "\"false\"", "unless somebody turns it off"),
    of("table protection", "/Resources/AccountsTable/DeletionPolicy", "\"Delete\"", "AccountsTable: not retained"),
    of("table protection", "/Resources/AccountsTable/Properties/BillingMode", "\"PROVISIONED\"", "not on demand"),
    of("table protection", "/Resources/AuditTable/Properties/TimeToLiveSpecification", r#"{"AttributeName": "ttl", "Enabled": true}"#, "must not expire"),
    of("table protection", "/Resources/SyncTable/Properties/TimeToLiveSpecification", "null", "do not expire"),
    of("table keys", "/Resources/PeopleTable/Properties/GlobalSecondaryIndexes/0/IndexName", "\"index\"", "PeopleTable"),
    of("no wildcard", "/Resources/SyncRole/Properties/Policies/0/PolicyDocument/Statement/-", STAR, "SyncRole may use \"*\""),
    of("no wildcard", "/Resources/WebhookRole/Properties/Policies/0/PolicyDocument/Statement/-", EVERY_ACTION, "WebhookRole may do dynamodb:*"),
    of("no wildcard", "/Resources/WebhookRole/Properties/Policies/0/PolicyDocument/Statement/-", EVERY_SECRET, "WebhookRole may use"),
    of("no wildcard", "/Resources/SyncRole/Properties/Policies/0/PolicyDocument/Statement/0/Effect", "\"Deny\"", "SyncRole"),
    of("own role", "/Resources/MappingFunction/Properties/Role", r#"{"Fn::GetAtt": "SyncRole.Arn"}"#, "no role of its own"),
    of("own role", "/Resources/MappingFunction/Properties/Role", "null", "MappingFunction has no role"),
    of("own role", "/Resources/SyncFunction/Properties/Policies", r#"[{"DynamoDBCrudPolicy": {"TableName": "x"}}]"#, "SyncFunction gets policies by SAM"),
    of("own role", "/Resources/SyncRole/Properties/ManagedPolicyArns", r#"["arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"]"#, "managed policy"),
    of("audit append only", "/Resources/SalesforceWriterRole/Properties/Policies/0/PolicyDocument/Statement/-", DELETES_AUDIT, "may do dynamodb:DeleteItem on the audit"),
    of("audit append only", "/Resources/SalesforceWriterRole/Properties/Policies/0/PolicyDocument/Statement/-", UPDATES_AUDIT, "may do dynamodb:UpdateItem on the audit"),
    of("audit append only", "/Resources/MappingRole/Properties/Policies/0/PolicyDocument/Statement/-", READS_AUDIT, "MappingRole"),
    of("only needed tables", "/Resources/MappingRole/Properties/Policies/0/PolicyDocument/Statement/-", READS_AUDIT, "MappingRole: AuditTable"),
    of("only needed tables", "/Resources/OtherRole", r#"{"Type": "AWS::IAM::Role"}"#, "OtherRole is not known"),
    of("only needed tables", "/Resources/WebhookRole/Properties/Policies/0/PolicyDocument/Statement/1/Resource", r#"{"Fn::GetAtt": "PeopleTable.Arn"}"#, "WebhookRole: SyncTable"),
    of("table grants", "/Resources/WebhookRole/Properties/Policies/0/PolicyDocument/Statement/-", SCANS_SYNC, "WebhookRole on SyncTable: scan"),
    of("table grants", "/Resources/SyncRole/Properties/Policies/0/PolicyDocument/Statement/-", OTHER_INDEX, "SyncRole on AuditTable: index"),
    of("table grants", "/Resources/SyncRole/Properties/Policies/0/PolicyDocument/Statement/1/Action", r#"["dynamodb:GetItem"]"#, "SyncRole on SyncTable: delete"),
    of("table grants", "/Resources/MappingRole/Properties/Policies/0/PolicyDocument/Statement/0/Action", r#"["dynamodb:PartiQLUpdate"]"#, "MappingRole on PeopleTable: dynamodb:PartiQLUpdate"),
    of("queue grants", "/Resources/WebhookRole/Properties/Policies/0/PolicyDocument/Statement/2/Resource/1", r#"{"Fn::GetAtt": "ChangesQueue.Arn"}"#, "WebhookRole: sqs:SendMessage on SourceReadsQueue"),
    of("queue grants", "/Resources/SyncRole/Properties/Policies/0/PolicyDocument/Statement/6/Action", r#"["sqs:SendMessage"]"#, "SyncRole: sqs:ReceiveMessage on SourceReadsQueue"),
    of("queue grants", "/Resources/MappingRole/Properties/Policies/0/PolicyDocument/Statement/2/Action/0", "\"sqs:PurgeQueue\"", "MappingRole: sqs:SendMessage on PersonEventsQueue"),
    of("queue grants", "/Resources/SyncRole/Properties/Policies/0/PolicyDocument/Statement/-", TAKES_CHANGES, "SyncRole: sqs:ReceiveMessage on ChangesQueue"),
    of("secret grants", "/Resources/SyncRole/Properties/Policies/0/PolicyDocument/Statement/3/Resource", r#"{"Ref": "SalesforceSecret"}"#, "SyncRole: secret source"),
    of("secret grants", "/Resources/WebhookRole/Properties/Policies/0/PolicyDocument/Statement/-", SECRETS_OF_SOURCES, "WebhookRole: secret source"),
    of("secret grants", "/Resources/MappingRole/Properties/Policies/0/PolicyDocument/Statement/-", EVERY_SECRET, "MappingRole: secret"),
    of("private network", "/Resources/SyncFunction/Properties/VpcConfig", ONE_SUBNET, "SyncFunction is in the network"),
    of("private network", "/Resources/WebhookFunction/Properties/VpcConfig", ONE_SUBNET, "WebhookFunction is in the network"),
    of("private network", "/Globals/Function/VpcConfig", ONE_SUBNET, "all functions"),
    of("private network", "/Conditions/InVpc", r#"{"Fn::Equals": ["", ""]}"#, "exactly when one is named"),
    of("private network", "/Parameters/SubnetIds/Default", "\"subnet-1\"", "SubnetIds is no list"),
    of("private network", "/Resources/SyncRole/Properties/Policies/1/Fn::If/0", "\"HasOwnTopic\"", "SyncRole always has"),
    of("private network", "/Resources/SyncRole/Properties/Policies/1", "null", "can't put sync into a network"),
    of("private network", "/Resources/SyncRole/Properties/Policies/1/Fn::If/1/PolicyDocument/Statement/1/Condition", "null", "KeepNetworkInterfaces lets more"),
    of("private network", "/Resources/SyncRole/Properties/Policies/1/Fn::If/1/PolicyDocument/Statement/1/Resource", "\"*\"", "KeepNetworkInterfaces lets more"),
    of("private network", "/Resources/SyncRole/Properties/Policies/1/Fn::If/1/PolicyDocument/Statement/0/Action/0", "\"ec2:RunInstances\"", "nobody may do ec2:DescribeNetworkInterfaces"),
    of("private network", "/Resources/WebhookRole/Properties/Policies/0/PolicyDocument/Statement/-", IN_ALL_NETWORKS, "WebhookRole always has"),
    of("no wildcard", "/Resources/SyncRole/Properties/Policies/1/Fn::If/1/PolicyDocument/Statement/0/Condition", "null", "SyncRole may use \"*\""),
    of("no wildcard", "/Resources/SyncRole/Properties/Policies/0/PolicyDocument/Statement/3/Action", r#"["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"]"#, "SyncRole may use"),
    of("exports", "/Conditions/HasExportBucket", r#"{"Fn::Equals": ["", ""]}"#, "exactly when one is named"),
    of("exports", "/Parameters/ExportBucket/Default", "\"my-exports\"", "ExportBucket is not empty at first"),
    of("exports", "/Resources/SyncRole/Properties/Policies/2", "null", "sync can't read exports"),
    of("exports", "/Resources/SyncRole/Properties/Policies/2/Fn::If/0", "\"InVpc\"", "sync can't read exports"),
    of("exports", "/Resources/SyncRole/Properties/Policies/2/Fn::If/1/PolicyDocument/Statement/0/Condition", "null", "ReadExports lets more"),
    of("exports", "/Resources/MappingRole/Properties/Policies/0/PolicyDocument/Statement/-", READS_BUCKETS, "MappingRole"),
    of("exports", "/Resources/ExportArrivedRule/Condition", "null", "ExportArrivedRule is there without a bucket"),
    of("exports", "/Resources/ExportArrivedPermission/Properties/SourceArn", "null", "EventBridge may not start sync"),
    of("exports", "/Resources/ExportArrivedRule/Properties/EventPattern/detail", "null", "not the objects that come into the bucket"),
    of("exports", "/Resources/ExportArrivedRule/Properties/Targets/0/InputTransformer/InputPathsMap/key", "\"$.detail.key\"", "the example says"),
    of("exports", "/Resources/ExportArrivedRule/Properties/Targets/0/Arn", r#"{"Fn::GetAtt": "MappingFunction.Arn"}"#, "does not start sync"),
    of("no wildcard", "/Resources/SyncRole/Properties/Policies/2/Fn::If/1/PolicyDocument/Statement/0/Action", r#"["s3:GetObject", "s3:PutObject"]"#, "SyncRole may use"),
    of("log retention", "/Resources/SyncLogs/Properties/RetentionInDays", "null", "SyncFunction's log is kept for ever"),
    of("log retention", "/Resources/SyncFunction/Properties/LoggingConfig/LogGroup", "null", "SyncFunction has no log group"),
    of("log retention", "/Resources/MappingFunction/Properties/LoggingConfig/LogFormat", "\"Text\"", "does not log JSON"),
    of("alarms", "/Resources/UrgentChangesDeadAlarm", "null", "ApproximateNumberOfMessagesVisible of UrgentChangesDeadQueue"),
    of("alarms", "/Resources/ChangesDeadAlarm/Properties/Threshold", "10", "of ChangesDeadQueue"),
    of("alarms", "/Resources/ChangesAgeAlarm", "null", "ApproximateAgeOfOldestMessage of ChangesQueue"),
    of("alarms", "/Resources/SyncErrorsAlarm/Properties/Dimensions/0/Value", r#"{"Ref": "MappingFunction"}"#, "Errors of SyncFunction"),
    of("alarms", "/Resources/WebhookFailedAlarm", "null", "Url5xxCount"),
    of("alarms", "/Resources/ParkedPersonsAlarm", "null", "ParkedPersons of the connector"),
    of("alarms", "/Resources/MappingParkedPersonsMetric", "null", "person.parked in MappingLogs"),
    of("alarms", "/Resources/SourceReadsDeadAlarm", "null", "ApproximateNumberOfMessagesVisible of SourceReadsDeadQueue"),
    of("alarms", "/Resources/SourceReadsAgeAlarm/Properties/MetricName", "\"NumberOfMessagesSent\"", "ApproximateAgeOfOldestMessage of SourceReadsQueue"),
    of("alarms", "/Resources/SourceReadFailedAlarm", "null", "SourceReadFailed of the connector"),
    of("alarms", "/Resources/SourceReadFailedAlarm/Properties/DatapointsToAlarm", "1", "rings at a passing failure"),
    of("alarms", "/Resources/SourceReadFailedAlarm/Properties/EvaluationPeriods", "3", "or never"),
    of("alarms", "/Resources/SourceManyAbsentAlarm/Properties/Threshold", "5", "SourceManyAbsent of the connector"),
    of("alarms", "/Resources/SyncSourceReadFailedMetric/Properties/FilterPattern", r#""{ $.event = \"source.incomplete\" }""#, "source.unreadable in SyncLogs"),
    of("alarms", "/Resources/SyncSourceManyAbsentMetric/Properties/LogGroupName", r#"{"Ref": "MappingLogs"}"#, "source.many_absent in SyncLogs"),
    of("alarms", "/Resources/WriteBackStoppedAlarm", "null", "WriteBackStopped of the connector"),
    of("alarms", "/Resources/SyncWriteBackStoppedMetric", "null", "write_back.stopped in SyncLogs"),
    of("alarms", "/Resources/ChangesDeadAlarm/Properties/AlarmActions", "null", "ChangesDeadAlarm is heard by nobody"),
    of("runbook", "/Resources/SyncSilentAlarm/Properties/AlarmName", r#"{"Fn::Sub": "${AWS::StackName}-sync-quiet"}"#, "sync-quiet"),
    of("dashboard", "/Resources/Dashboard/Properties/DashboardBody", r#"{"Fn::Sub": "{\"widgets\": ["}"#, "is not JSON"),
    of("dashboard", "/Resources/ChangesQueue/Properties/QueueName", "\"other\"", "shows ${AWS::StackName}-changes"),
    of("dashboard", "/Resources/Dashboard/Properties/DashboardBody", r#"{"Fn::Sub": "{\"widgets\": []}"}"#, "lacks ${AWS::StackName}-source-reads-dead"),
    of("dashboard", "/Resources/SyncSourceReadFailedMetric/Properties/MetricTransformations/0/MetricName", "\"Unseen\"", "lacks Unseen"),
    of("binaries", "/Resources/SyncFunction/Metadata/BuildProperties/Binary", "\"synch\"", "no package synch"),
    of("binaries", "/Resources/SyncFunction/Metadata/BuildProperties/Binary", "\"domain\"", "no package domain with a binary"),
    of("binaries", "/Resources/WebhookFunction", "null", "3 functions"),
    of("webhook timeout", "/Resources/WebhookFunction/Properties/Timeout", "11", "more than 10 s"),
    of("webhook timeout", "/Resources/WebhookFunction/Properties/FunctionUrlConfig/AuthType", "\"AWS_IAM\"", "more than a signature"),
    of("schedules", "/Resources/SyncFunction/Properties/Events/Sweep", "null", "nothing starts sweep"),
    of("schedules", "/Resources/SyncFunction/Properties/Events/Sweep/Properties/DeadLetterConfig", "null", "what sweep can't start is lost"),
    of("schedules", "/Resources/SyncFunction/Properties/Events/Due/Properties/Input", r#""{\"task\":\"dew\"}""#, "nothing starts due"),
    of("schedules", "/Resources/SyncFunction/Properties/Events/Pull/Properties/Input", r#""{\"task\":\"pull\",\"source\":\"hr\"}""#, "pull gets"),
    of("schedules", "/Resources/SyncFunction/Properties/Events/Pull/Properties/State", "\"DISABLED\"", "pull may be off"),
    of("schedules", "/Resources/SyncFunction/Properties/Events/Due/Properties/ScheduleExpression", "\"rate(1 day)\"", "is not a parameter"),
    of("environment", "/Globals/Function/Environment/Variables/RUST_LOG", "\"debug\"", "what the stack's name and the log level are"),
    of("environment", "/Globals/Function/Environment/Variables/API_KEY", "\"x\"", "more than the three"),
    of("environment", "/Resources/SyncFunction/Properties/Environment", r#"{"Variables": {"TOKEN": "x"}}"#, "SyncFunction has variables"),
    of("secrets", "/Resources/SalesforceSecret/Properties/SecretString", "\"{}\"", "SalesforceSecret has a value"),
    of("secrets", "/Resources/WebhookSecret/DeletionPolicy", "null", "WebhookSecret is not retained"),
    of("secrets", "/Parameters/ClientSecret", r#"{"Type": "String", "NoEcho": true}"#, "ClientSecret holds a secret"),
    of("secrets", "/Globals/Function/Environment/Variables/X", "\"{{resolve:secretsmanager:s}}\"", "stands in the functions' variables"),
    of("parameters", "/Parameters/Extra", r#"{"Type": "String"}"#, "Extra is in no group"),
    of("parameters", "/Parameters/LogLevel", "null", "LogLevel is grouped, but no parameter"),
    of("parameters", "/Parameters/LogLevel/Description", "null", "LogLevel has no description"),
    of("outputs", "/Outputs/SourceReadsQueue", "null", "SourceReadsQueue is no output"),
    of("outputs", "/Outputs/SourceReadsDeadQueue/Value", r#"{"Ref": "SourceReadsQueue"}"#, "SourceReadsDeadQueue is no output"),
];
