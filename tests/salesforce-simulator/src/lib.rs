//! A stateful Salesforce org for tests.
