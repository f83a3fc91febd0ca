//! One suite for both sides of the storage, queue and secret ports: what the embedded side promises is what DynamoDB,
//! SQS and Secrets Manager promise. The AWS adapters run against ministack.

#![expect(clippy::unwrap_used, clippy::panic, reason = "contracts are tests")]

mod aws;
mod queues;
mod secrets;
mod store;
mod world;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use integration_tests::ministack::Ministack;

use world::World;

type Contract = fn(World) -> Pin<Box<dyn Future<Output = ()> + Send>>;

macro_rules! contracts {
    ($($contract:path),* $(,)?) => {
        [$((stringify!($contract), (|world| Box::pin($contract(world))) as Contract)),*]
    };
}

const CONTRACTS: &[(&str, Contract)] = &contracts![
    store::writes::versions_grow_by_one_and_conditions_hold,
    store::writes::a_transaction_is_all_or_nothing,
    store::writes::a_conflict_names_the_first_failed_condition,
    store::writes::one_of_many_racing_writers_wins,
    store::writes::racing_transactions_lose_no_update,
    store::reads::get_answers_in_order_with_gaps_and_repetitions,
    store::reads::a_query_gives_a_prefix_in_the_order_of_bytes,
    store::reads::a_query_goes_on_after_any_place,
    store::reads::pages_of_a_query_join_without_gap_or_repetition,
    store::reads::the_index_lists_up_to_a_limit,
    store::reads::the_index_is_sparse_and_follows_the_item,
    store::reads::pages_of_the_index_join,
    store::reads::a_scan_gives_everything,
    store::values::expired_items_are_gone,
    store::values::odd_values_come_back,
    store::values::odd_keys_come_back,
    store::values::the_same_limits_are_refused,
    queues::a_message_is_delivered_and_hidden,
    queues::many_messages_in_one_call_all_arrive,
    queues::a_message_comes_again_after_its_visibility,
    queues::visibility_can_be_changed,
    queues::a_message_that_fails_too_often_is_dead,
    queues::a_stale_receipt_does_nothing,
    queues::queues_are_separate,
    queues::odd_bodies_come_back,
    queues::the_same_limits_are_refused,
    secrets::a_secret_is_read,
    secrets::a_missing_secret_is_missing,
    secrets::a_changed_secret_counts,
];

#[tokio::test(flavor = "multi_thread")]
async fn embedded_keeps_the_contracts() {
    let mut running = Vec::new();
    for (name, contract) in CONTRACTS {
        running.push((*name, tokio::spawn(contract(World::embedded()))));
    }
    report(running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn aws_keeps_the_contracts() {
    let Some(ministack) = Ministack::start().await.map(Arc::new) else { return };
    let mut running = Vec::new();
    for (number, (name, contract)) in CONTRACTS.iter().enumerate() {
        let world = World::aws(&ministack, &format!("c{number}")).await;
        running.push((*name, tokio::spawn(contract(world))));
    }
    running
        .push(("aws::what_is_not_there_is_said", tokio::spawn(aws::what_is_not_there_is_said(Arc::clone(&ministack)))));
    running.push(("aws::what_does_not_answer_is_said", tokio::spawn(aws::what_does_not_answer_is_said())));
    report(running).await;
}

/// Waits for all, so that one failure does not hide another.
async fn report(running: Vec<(&str, tokio::task::JoinHandle<()>)>) {
    let mut failed = Vec::new();
    for (name, contract) in running {
        if contract.await.is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "broken contracts: {failed:#?}");
}
