//! Checks an expression before it runs: every name is known and every operation gets what it needs, as far as the types
//! are known beforehand.

use serde_json::Value;

use crate::compile::CompileError;
use crate::functions::{Function, closest};
use crate::node::{Fold, Kind, Node, Operator, Position};
use crate::types::{Type, Variables};

pub(crate) fn check(root: &Node, variables: &Variables) -> Result<Type, Vec<CompileError>> {
    let mut checker = Checker { variables, bound: Vec::new(), errors: Vec::new() };
    let type_ = checker.node(root);
    if checker.errors.is_empty() {
        return Ok(type_);
    }
    checker.errors.sort_by(|a, b| a.position.cmp(&b.position).then_with(|| a.reason.cmp(&b.reason)));
    checker.errors.dedup();
    Err(checker.errors)
}

struct Checker<'a> {
    variables: &'a Variables,
    bound: Vec<(&'a str, Type)>,
    errors: Vec<CompileError>,
}

impl<'a> Checker<'a> {
    fn error(&mut self, at: Position, reason: impl Into<String>) -> Type {
        self.errors.push(CompileError::new(at, reason));
        Type::Any
    }

    fn node(&mut self, node: &'a Node) -> Type {
        match &node.kind {
            Kind::Literal(value) => Type::of(value),
            Kind::Variable(name) => self.variable(name, node.at),
            Kind::Field { of, name } => {
                let of = self.node(of);
                self.field(&of, name, node.at)
            }
            Kind::Present(field) => {
                self.node(field);
                Type::Bool
            }
            Kind::Index { of, index } => self.index(of, index),
            Kind::List(items) => {
                let items = items.iter().fold(Type::Null, |type_, item| type_.or(self.node(item)));
                Type::list(if items == Type::Null { Type::Any } else { items })
            }
            Kind::Map(entries) => {
                for (key, value) in entries {
                    self.needs(key, &Type::Text, "the key of a record");
                    self.node(value);
                }
                Type::map(Type::Any)
            }
            Kind::Not(condition) | Kind::NotStrictlyFalse(condition) => self.condition(condition),
            Kind::Negate(number) => self.needs(number, &Type::Number, "`-`"),
            Kind::And(left, right) | Kind::Or(left, right) => {
                self.condition(left);
                self.condition(right)
            }
            Kind::If { condition, then, otherwise } => {
                self.condition(condition);
                let then = self.node(then);
                then.or(self.node(otherwise))
            }
            Kind::Binary { operator, left, right } => self.binary(*operator, left, right, node.at),
            Kind::Matches { text, .. } => {
                self.needs(text, &Type::Text, "matches");
                Type::Bool
            }
            Kind::Call { function, arguments } => self.call(function, arguments),
            Kind::Fold(fold) => self.fold(fold),
        }
    }

    fn variable(&mut self, name: &str, at: Position) -> Type {
        if let Some((_, type_)) = self.bound.iter().rev().find(|(bound, _)| *bound == name) {
            return type_.clone();
        }
        match self.variables.types.get(name) {
            Some(type_) => type_.clone(),
            None => {
                let near = closest(name, self.variables.types.keys().map(String::as_str));
                self.error(at, format!("there is no `{name}` here{near}"))
            }
        }
    }

    fn field(&mut self, of: &Type, name: &str, at: Position) -> Type {
        match of {
            Type::Record(fields) => match fields.get(name) {
                Some(field) => field.clone(),
                None => {
                    let near = closest(name, fields.keys().map(String::as_str));
                    self.error(at, format!("there is no field `{name}`{near}"))
                }
            },
            Type::Map(field) => (**field).clone(),
            Type::Any | Type::Null => Type::Any,
            other => self.error(at, format!("{other} has no field `{name}`")),
        }
    }

    fn index(&mut self, of: &'a Node, index: &'a Node) -> Type {
        let type_ = self.node(of);
        match (&type_, &index.kind) {
            (Type::Record(_), Kind::Literal(Value::String(name))) => self.field(&type_, name, index.at),
            (Type::List(item), _) => {
                self.needs(index, &Type::Number, "the place in a list");
                (**item).clone()
            }
            (Type::Map(field), _) => {
                self.needs(index, &Type::Text, "the key of a record");
                (**field).clone()
            }
            (Type::Any | Type::Null | Type::Record(_), _) => {
                self.node(index);
                Type::Any
            }
            _ => self.error(index.at, format!("{type_} has no elements")),
        }
    }

    fn needs(&mut self, node: &'a Node, needed: &Type, who: &str) -> Type {
        let type_ = self.node(node);
        if !type_.may_be(needed) {
            self.error(node.at, format!("{who} needs {needed}, not {type_}"));
        }
        needed.clone()
    }

    fn condition(&mut self, node: &'a Node) -> Type {
        self.needs(node, &Type::Bool, "a condition")
    }

    fn binary(&mut self, operator: Operator, left: &'a Node, right: &'a Node, at: Position) -> Type {
        let (a, b) = (self.node(left), self.node(right));
        let symbol = operator.symbol();
        let wrong = |checker: &mut Self| {
            checker.error(at, format!("`{symbol}` does not work on {a} and {b}"));
        };
        match operator {
            Operator::Equal | Operator::NotEqual => {
                if !a.may_be(&b) {
                    self.error(at, format!("`{symbol}` compares {a} with {b}, which are never equal"));
                }
                Type::Bool
            }
            Operator::In => {
                match &b {
                    Type::List(item) if !a.may_be(item) => {
                        self.error(at, format!("{a} is never in a list whose items are each {item}"));
                    }
                    Type::List(_) | Type::Any | Type::Null => {}
                    Type::Map(_) | Type::Record(_) if a.may_be(&Type::Text) => {}
                    _ => wrong(self),
                }
                Type::Bool
            }
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
                let orders =
                    |type_: &Type| matches!(type_, Type::Text | Type::Number | Type::Bool | Type::Any | Type::Null);
                if !(orders(&a) && orders(&b) && a.may_be(&b)) {
                    wrong(self);
                }
                Type::Bool
            }
            Operator::Add => match (&a, &b) {
                (Type::Any | Type::Null, other) | (other, Type::Any | Type::Null)
                    if matches!(other, Type::Text | Type::Number | Type::List(_)) =>
                {
                    other.clone()
                }
                (Type::Any | Type::Null, Type::Any | Type::Null) => Type::Any,
                (Type::Text, Type::Text) => Type::Text,
                (Type::Number, Type::Number) => Type::Number,
                (Type::List(_), Type::List(_)) => a.or(b),
                _ => {
                    let help = if matches!((&a, &b), (Type::Text, Type::Number) | (Type::Number, Type::Text)) {
                        "; string(…) makes a text of a number"
                    } else {
                        ""
                    };
                    self.error(at, format!("`+` does not work on {a} and {b}{help}"))
                }
            },
            Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
                if !(a.may_be(&Type::Number) && b.may_be(&Type::Number)) {
                    wrong(self);
                }
                Type::Number
            }
        }
    }

    fn call(&mut self, function: &'static Function, arguments: &'a [Node]) -> Type {
        let mut given = Type::Null;
        for (n, argument) in arguments.iter().enumerate() {
            let type_ = self.node(argument);
            let needed = function.parameter(n);
            if !type_.may_be(needed) {
                let reason = format!("{} needs {needed} as argument {}, not {type_}", function.name, n + 1);
                self.error(argument.at, reason);
            }
            given = given.or(type_);
        }
        match function.name {
            "first" | "coalesce" => given,
            "split" => Type::list(Type::Text),
            "lookup" => {
                if let Some(Node { kind: Kind::Literal(Value::String(table)), at }) = arguments.first()
                    && !self.variables.tables.contains(table)
                {
                    let near = closest(table, self.variables.tables.iter().map(String::as_str));
                    self.error(*at, format!("there is no lookup table `{table}`{near}"));
                }
                Type::Text
            }
            _ => function.result.clone(),
        }
    }

    fn fold(&mut self, fold: &'a Fold) -> Type {
        let over = self.node(&fold.over);
        let item = match &over {
            Type::List(item) => (**item).clone(),
            Type::Record(_) | Type::Map(_) => Type::Text,
            Type::Any | Type::Null => Type::Any,
            other => self.error(fold.over.at, format!("a list is needed, not {other}")),
        };
        let start = self.node(&fold.start);
        // `map` and `filter` build a list whose items are known only after the step.
        let start = if matches!(start, Type::List(_)) { Type::list(Type::Any) } else { start };
        self.bound.push((&fold.accumulator, start));
        self.bound.push((&fold.item, item));
        self.node(&fold.while_);
        let step = self.node(&fold.step);
        self.bound.pop();
        if let Some((_, accumulated)) = self.bound.last_mut() {
            *accumulated = step;
        }
        let result = self.node(&fold.result);
        self.bound.pop();
        result
    }
}
