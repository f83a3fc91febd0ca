//! From `cel`'s syntax tree to our nodes: functions are looked up, patterns compiled, and what we do not support is
//! refused with its place. The only file beside `compile` that knows `cel`.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, SourceInfo, operators};
use regex::{Regex, RegexBuilder};
use serde_json::Value;

use crate::compile::{CompileError, MAX_NESTING};
use crate::functions;
use crate::node::{Fold, Kind, Node, Operator, Position};

/// How deep our nodes may be nested; also bounds the stack that evaluation needs.
const MAX_DEPTH: usize = 64;
/// Memory that one compiled pattern may take, in bytes.
const MAX_PATTERN: usize = 1 << 18;

pub(crate) fn lower(tree: &IdedExpr, info: &SourceInfo) -> Result<Node, CompileError> {
    let node = Lowering { info }.node(tree, 0)?;
    match nesting(&node) {
        n if n > MAX_NESTING => Err(CompileError::new(
            node.at,
            format!("exists, all, map and filter may be nested {MAX_NESTING} deep, here they are {n} deep"),
        )),
        _ => Ok(node),
    }
}

/// How deep folds lie inside one another; a fold over the result of another is not inside it.
fn nesting(node: &Node) -> usize {
    let deepest = |nodes: &[&Node]| nodes.iter().map(|node| nesting(node)).max().unwrap_or(0);
    match &node.kind {
        Kind::Fold(fold) => {
            let inside = deepest(&[&fold.start, &fold.while_, &fold.step, &fold.result]);
            nesting(&fold.over).max(1 + inside)
        }
        _ => deepest(&node.children()),
    }
}

struct Lowering<'a> {
    info: &'a SourceInfo,
}

impl Lowering<'_> {
    fn node(&self, tree: &IdedExpr, depth: usize) -> Result<Node, CompileError> {
        let at = self.position(tree.id);
        if depth > MAX_DEPTH {
            return Err(CompileError::new(at, format!("the expression is nested more than {MAX_DEPTH} deep")));
        }
        let below = |tree: &IdedExpr| self.node(tree, depth + 1).map(Box::new);
        let all = |trees: &[IdedExpr]| trees.iter().map(|tree| self.node(tree, depth + 1)).collect::<Result<_, _>>();
        let kind = match &tree.expr {
            Expr::Literal(literal) => Kind::Literal(literal_value(literal, at)?),
            Expr::Ident(name) => Kind::Variable(name.clone()),
            Expr::Select(select) => {
                let field = Kind::Field { of: below(&select.operand)?, name: select.field.clone() };
                if select.test { Kind::Present(Box::new(Node { at, kind: field })) } else { field }
            }
            Expr::List(list) => Kind::List(all(&list.elements)?),
            Expr::Map(map) => {
                let entries = map.entries.iter().map(|entry| match &entry.expr {
                    EntryExpr::MapEntry(entry) => {
                        Ok((self.node(&entry.key, depth + 1)?, self.node(&entry.value, depth + 1)?))
                    }
                    EntryExpr::StructField(_) => Err(unsupported(at, "a typed record")),
                });
                Kind::Map(entries.collect::<Result<_, _>>()?)
            }
            Expr::Call(call) => self.call(call, at, depth)?,
            Expr::Comprehension(fold) => Kind::Fold(Box::new(self.fold(fold, at, depth)?)),
            Expr::Struct(_) => return Err(unsupported(at, "a typed record")),
            Expr::Unspecified => return Err(CompileError::new(at, "a part of the expression is missing")),
        };
        Ok(Node { at, kind })
    }

    fn fold(&self, fold: &ComprehensionExpr, at: Position, depth: usize) -> Result<Fold, CompileError> {
        if fold.iter_var2.is_some() {
            return Err(unsupported(at, "a second loop variable"));
        }
        Ok(Fold {
            over: self.node(&fold.iter_range, depth + 1)?,
            item: fold.iter_var.clone(),
            accumulator: fold.accu_var.clone(),
            start: self.node(&fold.accu_init, depth + 1)?,
            while_: self.node(&fold.loop_cond, depth + 1)?,
            step: self.node(&fold.loop_step, depth + 1)?,
            result: self.node(&fold.result, depth + 1)?,
        })
    }

    fn call(&self, call: &CallExpr, at: Position, depth: usize) -> Result<Kind, CompileError> {
        let arguments = call
            .target
            .as_deref()
            .into_iter()
            .chain(&call.args)
            .map(|tree| self.node(tree, depth + 1))
            .collect::<Result<Vec<_>, _>>()?;
        let name = call.func_name.as_str();
        let arguments = match (name, <[Node; 1]>::try_from(arguments)) {
            (operators::LOGICAL_NOT, Ok([node])) => return Ok(Kind::Not(Box::new(node))),
            (operators::NEGATE, Ok([node])) => return Ok(Kind::Negate(Box::new(node))),
            (operators::NOT_STRICTLY_FALSE, Ok([node])) => return Ok(Kind::NotStrictlyFalse(Box::new(node))),
            (_, Ok(one)) => Vec::from(one),
            (_, Err(arguments)) => arguments,
        };
        let arguments = match <[Node; 3]>::try_from(arguments) {
            Ok([condition, then, otherwise]) if name == operators::CONDITIONAL => {
                let (condition, then, otherwise) = (Box::new(condition), Box::new(then), Box::new(otherwise));
                return Ok(Kind::If { condition, then, otherwise });
            }
            Ok(three) => Vec::from(three),
            Err(arguments) => arguments,
        };
        let arguments = match <[Node; 2]>::try_from(arguments) {
            Ok([left, right]) => match pair(name, left, right) {
                Ok(kind) => return Ok(kind),
                Err((left, right)) if name == "matches" => return matches(left, &right),
                Err((left, right)) => vec![left, right],
            },
            Err(arguments) => arguments,
        };
        if name.starts_with(['_', '@', '!', '-']) {
            return Err(unsupported(at, "the optional syntax `?`"));
        }
        let function = functions::find(name).ok_or_else(|| CompileError::new(at, functions::unknown(name)))?;
        function.check_count(arguments.len()).map_err(|reason| CompileError::new(at, reason))?;
        Ok(Kind::Call { function, arguments })
    }

    /// Offsets count bytes.
    fn position(&self, id: u64) -> Position {
        let offset = self.info.offset_for(id).map_or(0, |(start, _)| start as usize);
        let (mut line, mut column) = (1, 1);
        for (_, c) in self.info.source.char_indices().take_while(|(at, _)| *at < offset) {
            (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        Position { line, column }
    }
}

fn pair(name: &str, left: Node, right: Node) -> Result<Kind, (Node, Node)> {
    let (left, right) = (Box::new(left), Box::new(right));
    let operator = match name {
        operators::LOGICAL_AND => return Ok(Kind::And(left, right)),
        operators::LOGICAL_OR => return Ok(Kind::Or(left, right)),
        operators::INDEX => return Ok(Kind::Index { of: left, index: right }),
        operators::ADD => Operator::Add,
        operators::SUBSTRACT => Operator::Subtract,
        operators::MULTIPLY => Operator::Multiply,
        operators::DIVIDE => Operator::Divide,
        operators::MODULO => Operator::Remainder,
        operators::LESS => Operator::Less,
        operators::LESS_EQUALS => Operator::LessOrEqual,
        operators::GREATER => Operator::Greater,
        operators::GREATER_EQUALS => Operator::GreaterOrEqual,
        operators::EQUALS => Operator::Equal,
        operators::NOT_EQUALS => Operator::NotEqual,
        operators::IN => Operator::In,
        _ => return Err((*left, *right)),
    };
    Ok(Kind::Binary { operator, left, right })
}

/// The pattern has to be written out: it is compiled once, and data can't bring one that is costly.
fn matches(text: Node, pattern: &Node) -> Result<Kind, CompileError> {
    let Kind::Literal(Value::String(source)) = &pattern.kind else {
        return Err(CompileError::new(pattern.at, "matches needs its pattern written as a text"));
    };
    let built = RegexBuilder::new(source).size_limit(MAX_PATTERN).dfa_size_limit(MAX_PATTERN).nest_limit(20).build();
    let pattern: Regex = built.map_err(|error| {
        let reason = error.to_string();
        let last = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
        CompileError::new(pattern.at, format!("not a usable pattern: {last}"))
    })?;
    Ok(Kind::Matches { text: Box::new(text), pattern })
}

fn literal_value(literal: &LiteralValue, at: Position) -> Result<Value, CompileError> {
    Ok(match literal {
        LiteralValue::Null => Value::Null,
        LiteralValue::Boolean(bool) => Value::from(*bool.inner()),
        LiteralValue::Int(int) => Value::from(*int.inner()),
        LiteralValue::Double(double) => Value::from(*double.inner()),
        LiteralValue::String(text) => Value::from(text.inner()),
        LiteralValue::UInt(_) => return Err(unsupported(at, "an unsigned number, as `1u`")),
        LiteralValue::Bytes(_) => return Err(unsupported(at, "a byte string, as `b'…'`")),
    })
}

fn unsupported(at: Position, what: &str) -> CompileError {
    CompileError::new(at, format!("{what} is not supported"))
}
