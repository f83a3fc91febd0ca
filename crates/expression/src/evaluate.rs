//! Walks the nodes. Pure; bounded in steps and in the size of what it builds; errors carry the place and types, never
//! values.

use std::borrow::Cow;
use std::cell::Cell;

use serde_json::Value;

use crate::functions::{Absent, Call};
use crate::node::{Fold, Kind, Node, Operator, Position};
use crate::operators;
use crate::scope::Scope;
use crate::types::Type;

/// Nodes visited, and items copied, in one evaluation: some tens of milliseconds at the very most.
const MAX_STEPS: usize = 1_000_000;

/// Why an expression has no value. Free of the data that it worked on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {reason}")]
pub struct EvaluationError {
    /// Where in the expression.
    pub position: Position,
    /// What went wrong.
    pub reason: String,
}

impl EvaluationError {
    pub(crate) fn new(position: Position, reason: impl Into<String>) -> Self {
        Self { position, reason: reason.into() }
    }
}

type Evaluated<'e> = Result<Cow<'e, Value>, EvaluationError>;

pub(crate) struct Evaluator<'e> {
    scope: &'e Scope<'e>,
    steps: Cell<usize>,
}

/// A variable bound by a fold.
struct Frame<'f, 'e> {
    name: &'e str,
    value: Evaluated<'e>,
    outer: Option<&'f Frame<'f, 'e>>,
}

impl<'e> Evaluator<'e> {
    pub(crate) fn new(scope: &'e Scope<'e>) -> Self {
        Self { scope, steps: Cell::new(0) }
    }

    pub(crate) fn evaluate(&self, node: &'e Node) -> Evaluated<'e> {
        self.node(node, None)
    }

    pub(crate) fn condition(&self, node: &'e Node) -> Result<bool, EvaluationError> {
        self.bool(node, None)
    }

    fn node(&self, node: &'e Node, frames: Option<&Frame<'_, 'e>>) -> Evaluated<'e> {
        self.charge(1, node.at)?;
        let fail = |reason: String| EvaluationError::new(node.at, reason);
        match &node.kind {
            Kind::Literal(value) => Ok(Cow::Borrowed(value)),
            Kind::Variable(name) => self.variable(name, node.at, frames),
            Kind::Field { of, name } => field(self.node(of, frames)?, name).map_err(fail),
            Kind::Present(field) => Ok(owned(!self.node(field, frames)?.is_null())),
            Kind::Index { of, index } => {
                let of = self.node(of, frames)?;
                element(of, &*self.node(index, frames)?).map_err(fail)
            }
            Kind::List(items) => {
                let items = items.iter().map(|item| self.node(item, frames).map(Cow::into_owned));
                Ok(Cow::Owned(Value::Array(items.collect::<Result<_, _>>()?)))
            }
            Kind::Map(entries) => self.map(entries, frames),
            Kind::Not(condition) => Ok(owned(!self.bool(condition, frames)?)),
            Kind::Negate(number) => {
                let number = self.node(number, frames)?;
                operators::apply(Operator::Subtract, &Value::from(0), &number).map(Cow::Owned).map_err(fail)
            }
            Kind::And(left, right) => self.logic(left, right, false, frames),
            Kind::Or(left, right) => self.logic(left, right, true, frames),
            Kind::If { condition, then, otherwise } => {
                self.node(if self.bool(condition, frames)? { then } else { otherwise }, frames)
            }
            Kind::Binary { operator, left, right } => {
                let (left, right) = (self.node(left, frames)?, self.node(right, frames)?);
                self.charge(size(&left) + size(&right), node.at)?;
                operators::apply(*operator, &left, &right).map(Cow::Owned).map_err(fail)
            }
            Kind::Matches { text, pattern } => match &*self.node(text, frames)? {
                Value::Null => Ok(owned(false)),
                Value::String(text) => Ok(owned(pattern.is_match(text))),
                other => Err(fail(format!("matches needs a text, not {}", Type::of(other)))),
            },
            Kind::Call { function, arguments } => {
                let arguments = arguments.iter().map(|node| self.node(node, frames)).collect::<Result<Vec<_>, _>>()?;
                self.charge(arguments.iter().map(|value| size(value)).sum(), node.at)?;
                let absent = arguments.iter().take(function.parameters.len()).any(|value| value.is_null());
                match &function.absent {
                    Absent::Null if absent => Ok(Cow::Owned(Value::Null)),
                    Absent::False if absent => Ok(owned(false)),
                    _ => {
                        let call = Call { name: function.name, arguments: &arguments, scope: self.scope };
                        (function.call)(&call).map(Cow::Owned).map_err(fail)
                    }
                }
            }
            Kind::Fold(fold) => self.fold(fold, frames),
            Kind::NotStrictlyFalse(condition) => Ok(owned(self.bool(condition, frames).unwrap_or(true))),
        }
    }

    fn charge(&self, steps: usize, at: Position) -> Result<(), EvaluationError> {
        self.steps.set(self.steps.get().saturating_add(steps));
        if self.steps.get() > MAX_STEPS {
            return Err(EvaluationError::new(at, format!("the evaluation takes more than {MAX_STEPS} steps")));
        }
        Ok(())
    }

    fn variable(&self, name: &str, at: Position, frames: Option<&Frame<'_, 'e>>) -> Evaluated<'e> {
        let mut frame = frames;
        while let Some(bound) = frame {
            if bound.name == name {
                return match &bound.value {
                    Err(error) => Err(error.clone()),
                    Ok(Cow::Borrowed(value)) => Ok(Cow::Borrowed(value)),
                    Ok(Cow::Owned(value)) => {
                        self.charge(size(value), at)?;
                        Ok(Cow::Owned(value.clone()))
                    }
                };
            }
            frame = bound.outer;
        }
        let value = self.scope.get(name);
        value.map(Cow::Borrowed).ok_or_else(|| EvaluationError::new(at, format!("there is no `{name}` here")))
    }

    fn bool(&self, node: &'e Node, frames: Option<&Frame<'_, 'e>>) -> Result<bool, EvaluationError> {
        match &*self.node(node, frames)? {
            Value::Bool(bool) => Ok(*bool),
            Value::Null => Ok(false),
            other => Err(EvaluationError::new(node.at, format!("a condition is needed, not {}", Type::of(other)))),
        }
    }

    /// CEL's rule: when one side decides, the other side's error does not matter.
    fn logic(&self, left: &'e Node, right: &'e Node, decides: bool, frames: Option<&Frame<'_, 'e>>) -> Evaluated<'e> {
        match self.bool(left, frames) {
            Ok(left) if left == decides => Ok(owned(decides)),
            Ok(_) => self.bool(right, frames).map(owned),
            Err(error) => match self.bool(right, frames) {
                Ok(right) if right == decides => Ok(owned(decides)),
                _ => Err(error),
            },
        }
    }

    fn map(&self, entries: &'e [(Node, Node)], frames: Option<&Frame<'_, 'e>>) -> Evaluated<'e> {
        let mut map = serde_json::Map::new();
        for (key, value) in entries {
            let Value::String(name) = self.node(key, frames)?.into_owned() else {
                return Err(EvaluationError::new(key.at, "the key of a record must be a text"));
            };
            if map.insert(name, self.node(value, frames)?.into_owned()).is_some() {
                return Err(EvaluationError::new(key.at, "the record has a key twice"));
            }
        }
        Ok(Cow::Owned(Value::Object(map)))
    }

    fn fold(&self, fold: &'e Fold, frames: Option<&Frame<'_, 'e>>) -> Evaluated<'e> {
        let over: Vec<Cow<'e, Value>> = match self.node(&fold.over, frames)? {
            Cow::Borrowed(Value::Array(items)) => items.iter().map(Cow::Borrowed).collect(),
            Cow::Owned(Value::Array(items)) => items.into_iter().map(Cow::Owned).collect(),
            // CEL walks a record's keys.
            Cow::Borrowed(Value::Object(fields)) => {
                fields.keys().map(|k| Cow::Owned(Value::from(k.as_str()))).collect()
            }
            Cow::Owned(Value::Object(fields)) => fields.into_iter().map(|(k, _)| Cow::Owned(Value::from(k))).collect(),
            value if value.is_null() => Vec::new(),
            other => {
                return Err(EvaluationError::new(fold.over.at, format!("a list is needed, not {}", Type::of(&other))));
            }
        };
        // An error is carried along: a later item may decide in spite of it, as in `logic`.
        let mut accumulated = self.node(&fold.start, frames);
        for item in over {
            let accumulator = Frame { name: &fold.accumulator, value: accumulated, outer: frames };
            let inner = Frame { name: &fold.item, value: Ok(item), outer: Some(&accumulator) };
            if !self.bool(&fold.while_, Some(&inner))? {
                accumulated = accumulator.value;
                break;
            }
            accumulated = self.node(&fold.step, Some(&inner));
        }
        let accumulator = Frame { name: &fold.accumulator, value: accumulated, outer: frames };
        self.node(&fold.result, Some(&accumulator))
    }
}

fn field<'e>(of: Cow<'e, Value>, name: &str) -> Result<Cow<'e, Value>, String> {
    match of {
        Cow::Borrowed(Value::Object(fields)) => Ok(fields.get(name).map_or(Cow::Owned(Value::Null), Cow::Borrowed)),
        Cow::Owned(Value::Object(mut fields)) => Ok(Cow::Owned(fields.remove(name).unwrap_or(Value::Null))),
        of if of.is_null() => Ok(Cow::Owned(Value::Null)),
        of => Err(format!("{} has no field `{name}`", Type::of(&of))),
    }
}

fn element<'e>(of: Cow<'e, Value>, index: &Value) -> Result<Cow<'e, Value>, String> {
    let at = |n: &serde_json::Number| n.as_u64().and_then(|n| usize::try_from(n).ok());
    match (of, index) {
        (of, Value::String(name)) => field(of, name),
        (of, index) if of.is_null() || index.is_null() => Ok(Cow::Owned(Value::Null)),
        (Cow::Borrowed(Value::Array(items)), Value::Number(n)) => {
            Ok(at(n).and_then(|n| items.get(n)).map_or(Cow::Owned(Value::Null), Cow::Borrowed))
        }
        (Cow::Owned(Value::Array(mut items)), Value::Number(n)) => match at(n).filter(|n| *n < items.len()) {
            Some(n) => Ok(Cow::Owned(items.swap_remove(n))),
            None => Ok(Cow::Owned(Value::Null)),
        },
        (of, index) => Err(format!("{} has no element at {}", Type::of(&of), Type::of(index))),
    }
}

fn owned<'e>(bool: bool) -> Cow<'e, Value> {
    Cow::Owned(Value::Bool(bool))
}

/// What copying or comparing a value costs, in steps; the top level is enough, for what lies below was charged when it
/// was made, or came in with a record of bounded size.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() / 64,
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.len(),
        _ => 0,
    }
}
