//! The shape of a key by which an account finds its person.

use schemars::JsonSchema;

use super::Cel;
use crate::files::read::{At, Read, Sink};
use crate::files::tree::{Node, Tree};

/// More would be slow to find, and one of them is as good as wrong.
const MOST_KEYS: usize = 10;

/// Keys in the order in which they decide.
#[derive(Clone, Debug, JsonSchema)]
pub(crate) struct JoinKeys(#[schemars(length(min = 1, max = MOST_KEYS))] pub(crate) Vec<At<JoinKey>>);

impl Read for JoinKeys {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        if let Node::List(items) = &tree.node
            && !(1..=MOST_KEYS).contains(&items.len())
        {
            sink.error(&tree.place, format!("1 to {MOST_KEYS} keys are needed here"));
        }
        Read::read(tree, sink).map(Self)
    }
}

/// An account is the person's for whom both expressions give the same text.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct JoinKey {
    /// An expression over account.
    pub(crate) account: At<Cel>,
    /// An expression over person.
    pub(crate) person: At<Cel>,
}

impl Read for JoinKey {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        let fields = sink.fields(tree, &["account", "person"])?;
        let account = At::read_field(fields.get("account").copied(), tree, "account", sink);
        let person = At::read_field(fields.get("person").copied(), tree, "person", sink);
        Some(Self { account: account?, person: person? })
    }
}
