//! A simulated Salesforce org on a loopback port.

fn main() {}
