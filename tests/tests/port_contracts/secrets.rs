//! What holds for secrets, wherever they are kept.

use ports::secrets::ExposeSecret;
use ports::{SecretError, SecretName};
use serde_json::{Value, json};

use crate::world::World;

fn name(text: &str) -> SecretName {
    SecretName::parse(text).unwrap()
}

async fn read(world: &World, secret: &str) -> Result<Value, SecretError> {
    let text = world.secrets.read(&name(secret)).await?;
    Ok(serde_json::from_str(text.expose_secret()).unwrap())
}

pub(crate) async fn a_secret_is_read(world: World) {
    let secret = json!({"privateKey": "-----BEGIN-----\nä\"'\\\n", "keys": ["a", "b"], "n": 1, "yes": true});
    world.set_secret("salesforce", &secret.to_string()).await;
    assert_eq!(read(&world, "salesforce").await, Ok(secret));
}

pub(crate) async fn a_missing_secret_is_missing(world: World) {
    world.set_secret("salesforce", "{\"a\": \"b\"}").await;
    assert_eq!(read(&world, "other").await, Err(SecretError::Missing(name("other"))));
}

pub(crate) async fn a_changed_secret_counts(world: World) {
    world.set_secret("hr/webhook", "{\"key\": \"old\"}").await;
    assert_eq!(read(&world, "hr/webhook").await, Ok(json!({"key": "old"})));
    world.set_secret("hr/webhook", "{\"key\": \"new\"}").await;
    assert_eq!(read(&world, "hr/webhook").await, Ok(json!({"key": "new"})));
}
