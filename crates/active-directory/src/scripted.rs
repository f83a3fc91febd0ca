//! A directory of prepared answers, for tests.

use std::collections::VecDeque;

use async_trait::async_trait;

use crate::controls::Next;
use crate::directory::{Answer, Directory, Search};
use crate::entry::Entry;
use crate::error::AdError;
use crate::guid::Guid;

/// Gives one prepared answer after the other and keeps what was asked.
#[derive(Default)]
pub(crate) struct Scripted {
    answers: VecDeque<Result<Answer, AdError>>,
    searches: Vec<Search>,
}

impl Scripted {
    pub(crate) fn answers(&mut self, entries: Vec<Entry>) {
        self.gives(Ok(Answer { entries, ..Answer::default() }));
    }

    pub(crate) fn page(&mut self, entries: Vec<Entry>, next: Next) {
        self.gives(Ok(Answer { entries, next: Some(next), ..Answer::default() }));
    }

    pub(crate) fn gives(&mut self, answer: Result<Answer, AdError>) {
        self.answers.push_back(answer);
    }

    pub(crate) fn searches(&self) -> &[Search] {
        &self.searches
    }

    /// Whether all answers were used.
    pub(crate) fn is_done(&self) -> bool {
        self.answers.is_empty()
    }
}

#[async_trait]
impl Directory for Scripted {
    async fn search(&mut self, search: &Search) -> Result<Answer, AdError> {
        self.searches.push(search.clone());
        let lost = AdError::Lost { what: "a search", reason: "no answer is prepared".to_owned() };
        self.answers.pop_front().unwrap_or(Err(lost))
    }
}

/// An entry with texts for values.
pub(crate) fn entry(key: &str, attributes: &[(&str, &[&str])]) -> Entry {
    let key: Guid = key.parse().unwrap();
    let values = |values: &[&str]| values.iter().map(|value| value.as_bytes().to_vec()).collect();
    let attributes = attributes.iter().map(|(name, all)| ((*name).to_owned(), values(all)));
    let guid = ("objectGUID".to_owned(), vec![key.as_bytes().to_vec()]);
    Entry::new(&format!("<GUID={key}>;CN={key},DC=x"), attributes.chain([guid]))
}
