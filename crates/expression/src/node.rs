//! The checked form of an expression that the evaluator walks: CEL's syntax tree, reduced to what we support, with
//! functions looked up and patterns compiled.

use std::fmt;

use regex::Regex;
use serde_json::Value;

use crate::functions::Function;

/// A place in an expression's source; both count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) at: Position,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Literal(Value),
    Variable(String),
    Field {
        of: Box<Node>,
        name: String,
    },
    Present(Box<Node>),
    Index {
        of: Box<Node>,
        index: Box<Node>,
    },
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Not(Box<Node>),
    Negate(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    If {
        condition: Box<Node>,
        then: Box<Node>,
        otherwise: Box<Node>,
    },
    Binary {
        operator: Operator,
        left: Box<Node>,
        right: Box<Node>,
    },
    Call {
        function: &'static Function,
        arguments: Vec<Node>,
    },
    Matches {
        text: Box<Node>,
        pattern: Regex,
    },
    /// `all`, `exists`, `exists_one`, `map` and `filter`, as the macros expand them.
    Fold(Box<Fold>),
    /// Whether a fold goes on: an error does not end it.
    NotStrictlyFalse(Box<Node>),
}

#[derive(Clone, Debug)]
pub(crate) struct Fold {
    pub(crate) over: Node,
    pub(crate) item: String,
    pub(crate) accumulator: String,
    pub(crate) start: Node,
    pub(crate) while_: Node,
    pub(crate) step: Node,
    pub(crate) result: Node,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    In,
}

impl Operator {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::In => "in",
        }
    }
}

impl Node {
    /// The nodes directly below.
    pub(crate) fn children(&self) -> Vec<&Self> {
        match &self.kind {
            Kind::Literal(_) | Kind::Variable(_) => Vec::new(),
            Kind::Field { of, .. } => vec![of],
            Kind::Present(node) | Kind::Not(node) | Kind::Negate(node) | Kind::NotStrictlyFalse(node) => vec![node],
            Kind::Matches { text, .. } => vec![text],
            Kind::Index { of, index } => vec![of, index],
            Kind::List(items) | Kind::Call { arguments: items, .. } => items.iter().collect(),
            Kind::Map(entries) => entries.iter().flat_map(|(key, value)| [key, value]).collect(),
            Kind::And(left, right) | Kind::Or(left, right) | Kind::Binary { left, right, .. } => vec![left, right],
            Kind::If { condition, then, otherwise } => vec![condition, then, otherwise],
            Kind::Fold(fold) => vec![&fold.over, &fold.start, &fold.while_, &fold.step, &fold.result],
        }
    }
}
