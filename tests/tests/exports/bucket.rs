//! Buckets in memory.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use ports::{Fetched, Object, ObjectError, Objects};

/// All buckets, and how often they gave an object whole.
#[derive(Default)]
pub(crate) struct Buckets(Mutex<State>);

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Vec<u8>>,
    fails: Option<ObjectError>,
    given: usize,
}

impl Buckets {
    pub(crate) fn put(&self, bucket: &str, key: &str, content: &[u8]) {
        self.state(|state| state.objects.insert(name(bucket, key), content.to_vec()));
    }

    pub(crate) fn delete(&self, bucket: &str, key: &str) {
        self.state(|state| state.objects.remove(&name(bucket, key)));
    }

    /// From now on every read fails so, or works again.
    pub(crate) fn fail(&self, error: Option<ObjectError>) {
        self.state(|state| state.fails = error);
    }

    /// How many objects were given whole since this was last asked.
    pub(crate) fn given(&self) -> usize {
        self.state(|state| std::mem::take(&mut state.given))
    }

    fn state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn name(bucket: &str, key: &str) -> String {
    format!("s3://{bucket}/{key}")
}

#[async_trait]
impl Objects for Buckets {
    async fn read(&self, bucket: &str, key: &str, unless: Option<&str>) -> Result<Fetched, ObjectError> {
        let object = name(bucket, key);
        self.state(|state| {
            if let Some(error) = &state.fails {
                return Err(error.clone());
            }
            let Some(content) = state.objects.get(&object).cloned() else {
                return Err(ObjectError::Missing { object });
            };
            if content.is_empty() {
                return Err(ObjectError::Empty { object });
            }
            let mut hasher = DefaultHasher::new();
            content.hash(&mut hasher);
            let tag = format!("\"{:x}\"", hasher.finish());
            if unless == Some(tag.as_str()) {
                return Ok(Fetched::Unchanged);
            }
            state.given += 1;
            Ok(Fetched::Object(Object { content, tag, modified: None }))
        })
    }
}
