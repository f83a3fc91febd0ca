//! From source text to an expression that can be checked and evaluated, and the caps on its size.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use cel::parser::Parser;
use serde_json::Value;

use crate::evaluate::{EvaluationError, Evaluator};
use crate::node::{Kind, Node, Position};
use crate::scope::Scope;
use crate::types::{Type, Variables};
use crate::{check, lower};

/// The longest source, in bytes.
pub const MAX_SOURCE: usize = 2048;
/// How deep `exists`, `map` and their like may be nested.
pub const MAX_NESTING: usize = 2;
/// How deep the parser goes into brackets.
const MAX_PARSER_DEPTH: u16 = 48;
/// Stack for the parser, in bytes; taken from the system only as far as it is used.
const PARSER_STACK: usize = 64 << 20;

/// Why an expression is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {reason}")]
pub struct CompileError {
    /// Where in the source.
    pub position: Position,
    /// What is wrong.
    pub reason: String,
}

impl CompileError {
    pub(crate) fn new(position: Position, reason: impl Into<String>) -> Self {
        Self { position, reason: reason.into() }
    }
}

/// A compiled expression. Evaluating it is deterministic and has no effects.
#[derive(Clone)]
pub struct Expression {
    source: String,
    root: Node,
}

impl Expression {
    /// Reads the source. Whether its names are known and its types fit is for [`check`](Self::check) to say.
    ///
    /// # Errors
    /// The first thing that is wrong: syntax, an unknown function, a cap.
    pub fn compile(source: &str) -> Result<Self, CompileError> {
        let start = Position { line: 1, column: 1 };
        if source.len() > MAX_SOURCE {
            return Err(CompileError::new(start, format!("the expression is longer than {MAX_SOURCE} bytes")));
        }
        if source.trim().is_empty() {
            return Err(CompileError::new(start, "the expression is empty"));
        }
        Ok(Self { root: with_room(|| parse(source))?, source: source.to_owned() })
    }

    /// The source text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Checks names and types, and says what the expression gives.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the source.
    pub fn check(&self, variables: &Variables) -> Result<Type, Vec<CompileError>> {
        check::check(&self.root, variables)
    }

    /// The variables that it uses, those bound by `exists` and the like left out.
    pub fn variables(&self) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        free_variables(&self.root, &mut Vec::new(), &mut found);
        found
    }

    /// The fields that it reads, as paths from a variable: `person.accounts['hr'].mail` is `[person, accounts, hr, mail]`.
    /// A path stops where a place is computed.
    pub fn paths(&self) -> BTreeSet<Vec<&str>> {
        let mut found = BTreeSet::new();
        paths(&self.root, &mut found);
        found
    }

    /// Evaluates it.
    ///
    /// # Errors
    /// The place in the expression and what went wrong there, without the data.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, EvaluationError> {
        Evaluator::new(scope).evaluate(&self.root).map(Cow::into_owned)
    }

    /// Evaluates a condition; `null` is false.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate), or the result is no bool.
    pub fn as_bool(&self, scope: &Scope<'_>) -> Result<bool, EvaluationError> {
        Evaluator::new(scope).condition(&self.root)
    }

    /// Evaluates a text; `None` for `null`. Numbers are written in digits, whole ones without a point.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate), or the result is neither text nor number.
    pub fn as_text(&self, scope: &Scope<'_>) -> Result<Option<String>, EvaluationError> {
        match self.evaluate(scope)? {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text)),
            Value::Number(number) => Ok(Some(crate::operators::number_text(&number))),
            other => Err(EvaluationError::new(
                self.root.at,
                format!("a text is needed, the expression gives {}", Type::of(&other)),
            )),
        }
    }
}

/// The source alone: the tree adds nothing for a reader.
impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.source).finish()
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

/// The parser recurses as deep as the source's operators are chained, more than a worker's stack may bear, and it has
/// places that panic. A thread of its own has room for the longest source and keeps a panic from the caller.
fn with_room<T: Send>(work: impl FnOnce() -> Result<T, CompileError> + Send) -> Result<T, CompileError> {
    let start = Position { line: 1, column: 1 };
    std::thread::scope(|scope| match std::thread::Builder::new().stack_size(PARSER_STACK).spawn_scoped(scope, work) {
        Ok(thread) => thread.join().unwrap_or_else(|_| Err(CompileError::new(start, "the parser gave up on it"))),
        Err(error) => Err(CompileError::new(start, format!("no thread for the parser: {error}"))),
    })
}

fn parse(source: &str) -> Result<Node, CompileError> {
    let parser = Parser::new().max_recursion_depth(MAX_PARSER_DEPTH);
    let (tree, info) = parser.parse_with_source_info(source).map_err(|errors| {
        let no_place = CompileError::new(Position { line: 1, column: 1 }, "it is no CEL");
        errors.errors.first().map_or(no_place, syntax_error)
    })?;
    lower::lower(&tree, &info)
}

fn syntax_error(error: &cel::ParseError) -> CompileError {
    let at = |n: isize| u32::try_from(n).unwrap_or(1).max(1);
    // The parser lists every token that it would have taken.
    let reason = error.msg.trim().trim_start_matches("Syntax error: ");
    let reason = reason.split(" expecting {").next().unwrap_or(reason);
    let reason = reason.replace("mismatched input", "unexpected").replace("'<EOF>'", "end of the expression");
    CompileError::new(Position { line: at(error.pos.0), column: at(error.pos.1) }, reason)
}

fn free_variables<'a>(node: &'a Node, bound: &mut Vec<&'a str>, found: &mut BTreeSet<&'a str>) {
    match &node.kind {
        Kind::Variable(name) if !bound.contains(&name.as_str()) => {
            found.insert(name);
        }
        Kind::Fold(fold) => {
            free_variables(&fold.over, bound, found);
            free_variables(&fold.start, bound, found);
            bound.push(&fold.accumulator);
            free_variables(&fold.result, bound, found);
            bound.push(&fold.item);
            free_variables(&fold.while_, bound, found);
            free_variables(&fold.step, bound, found);
            bound.truncate(bound.len() - 2);
        }
        _ => node.children().into_iter().for_each(|child| free_variables(child, bound, found)),
    }
}

fn paths<'a>(node: &'a Node, found: &mut BTreeSet<Vec<&'a str>>) {
    match path(node) {
        Some(path) => drop(found.insert(path)),
        None => node.children().into_iter().for_each(|child| paths(child, found)),
    }
}

fn path(node: &Node) -> Option<Vec<&str>> {
    let (of, name) = match &node.kind {
        Kind::Variable(name) => return Some(vec![name]),
        Kind::Field { of, name } => (of, name),
        Kind::Index { of, index } => match &index.kind {
            Kind::Literal(Value::String(name)) => (of, name),
            _ => return None,
        },
        _ => return None,
    };
    let mut path = path(of)?;
    path.push(name);
    Some(path)
}

#[cfg(test)]
mod tests;
