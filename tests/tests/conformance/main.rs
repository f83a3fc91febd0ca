//! Conformance: one story, told by both write paths under every reading of what is not known of Salesforce. Each act says
//! what the org must look like; and both paths must leave it the same, down to every field.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests, which fail by panicking")]

mod story;

use salesforce_simulator::Behaviours;
use story::{Story, tell};

#[tokio::test]
async fn both_paths_do_the_same_under_every_uncertain_fact() {
    let mut told = 0;
    for (variant, behaviours) in Behaviours::variants() {
        let mut ends = Vec::new();
        for api in ["scim", "apex"] {
            let mut story = Story::new(api, variant, behaviours.clone());
            tell(&mut story).await;
            ends.push(story.seen);
        }
        let [scim, apex] = ends.as_slice() else { panic!("two paths") };
        for (scim, apex) in scim.iter().zip(apex) {
            assert_eq!(scim, apex, "the paths differ with {variant}");
        }
        told += 1;
    }
    assert!(told > 30, "{told} variants");
}
