//! Tokens to a query, by recursive descent.

use jiff::Timestamp;

use super::SoqlError;
use super::lexer::{Piece, Placed, Token, tokens};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) select: Select,
    pub(super) from: Name,
    pub(super) condition: Option<Condition>,
    pub(super) order: Vec<Order>,
    pub(super) limit: Option<usize>,
    pub(super) offset: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Select {
    /// `COUNT()`
    Count,
    Items(Vec<Item>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Field(Name),
    /// `(SELECT … FROM ChildRelationship)`
    Children(Box<Query>),
}

/// A name or dotted path as written, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) at: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Compare { field: Name, operator: Operator, value: Literal },
    In { field: Name, negated: bool, values: Vec<Literal> },
    InQuery { field: Name, negated: bool, query: Box<Query> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    Greater,
    AtMost,
    AtLeast,
    Like,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Literal {
    Text(Vec<Piece>),
    Bool(bool),
    Null,
    Number(i64),
    Time(Timestamp),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) field: Name,
    pub(super) descending: bool,
    pub(super) nulls_last: bool,
}

pub(super) fn parse(text: &str) -> Result<Query, SoqlError> {
    let mut parser = Parser { text, tokens: tokens(text)?, next: 0 };
    let query = parser.query()?;
    if parser.peek().token == Token::End { Ok(query) } else { Err(parser.unexpected()) }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Placed>,
    next: usize,
}

impl Parser<'_> {
    fn query(&mut self) -> Result<Query, SoqlError> {
        self.expect("SELECT")?;
        let select = self.select()?;
        self.expect("FROM")?;
        let from = self.name()?;
        let condition = if self.word("WHERE") { Some(self.condition()?) } else { None };
        let mut order = Vec::new();
        if self.word("ORDER") {
            self.expect("BY")?;
            order.push(self.order()?);
            while self.symbol(",") {
                order.push(self.order()?);
            }
        }
        let limit = if self.word("LIMIT") { Some(self.count()?) } else { None };
        let offset = if self.word("OFFSET") { Some(self.count()?) } else { None };
        Ok(Query { select, from, condition, order, limit, offset })
    }

    fn select(&mut self) -> Result<Select, SoqlError> {
        if self.is_word("COUNT") && self.tokens.get(self.next + 1).is_some_and(|t| t.token == Token::Symbol("(")) {
            self.next += 2;
            return if self.symbol(")") { Ok(Select::Count) } else { Err(self.unexpected()) };
        }
        let mut items = vec![self.item()?];
        while self.symbol(",") {
            items.push(self.item()?);
        }
        Ok(Select::Items(items))
    }

    fn item(&mut self) -> Result<Item, SoqlError> {
        if self.symbol("(") {
            let query = self.query()?;
            self.expect_symbol(")")?;
            return Ok(Item::Children(Box::new(query)));
        }
        Ok(Item::Field(self.name()?))
    }

    /// AND and OR may not be mixed without brackets, as in Salesforce.
    fn condition(&mut self) -> Result<Condition, SoqlError> {
        let first = self.term()?;
        let joiner = if self.is_word("AND") {
            "AND"
        } else if self.is_word("OR") {
            "OR"
        } else {
            return Ok(first);
        };
        let mut terms = vec![first];
        while self.word(joiner) {
            terms.push(self.term()?);
        }
        if self.is_word("AND") || self.is_word("OR") {
            return Err(self.unexpected());
        }
        Ok(if joiner == "AND" { Condition::All(terms) } else { Condition::Any(terms) })
    }

    fn term(&mut self) -> Result<Condition, SoqlError> {
        if self.word("NOT") {
            return Ok(Condition::Not(Box::new(self.term()?)));
        }
        if self.symbol("(") {
            let inner = self.condition()?;
            self.expect_symbol(")")?;
            return Ok(inner);
        }
        let field = self.name()?;
        if self.word("NOT") {
            self.expect("IN")?;
            return self.membership(field, true);
        }
        if self.word("IN") {
            return self.membership(field, false);
        }
        let operator = self.operator()?;
        let value = self.literal()?;
        Ok(Condition::Compare { field, operator, value })
    }

    fn membership(&mut self, field: Name, negated: bool) -> Result<Condition, SoqlError> {
        self.expect_symbol("(")?;
        if self.is_word("SELECT") {
            let query = Box::new(self.query()?);
            self.expect_symbol(")")?;
            return Ok(Condition::InQuery { field, negated, query });
        }
        let mut values = vec![self.literal()?];
        while self.symbol(",") {
            values.push(self.literal()?);
        }
        self.expect_symbol(")")?;
        Ok(Condition::In { field, negated, values })
    }

    fn operator(&mut self) -> Result<Operator, SoqlError> {
        if self.word("LIKE") {
            return Ok(Operator::Like);
        }
        let operator = match &self.peek().token {
            Token::Symbol("=") => Operator::Equal,
            Token::Symbol("!=") => Operator::NotEqual,
            Token::Symbol("<") => Operator::Less,
            Token::Symbol(">") => Operator::Greater,
            Token::Symbol("<=") => Operator::AtMost,
            Token::Symbol(">=") => Operator::AtLeast,
            _ => return Err(self.unexpected()),
        };
        self.next += 1;
        Ok(operator)
    }

    fn literal(&mut self) -> Result<Literal, SoqlError> {
        let literal = match &self.peek().token {
            Token::Text(pieces) => Literal::Text(pieces.clone()),
            Token::Number(number) => Literal::Number(*number),
            Token::Time(time) => Literal::Time(*time),
            Token::Word(word) if word.eq_ignore_ascii_case("true") => Literal::Bool(true),
            Token::Word(word) if word.eq_ignore_ascii_case("false") => Literal::Bool(false),
            Token::Word(word) if word.eq_ignore_ascii_case("null") => Literal::Null,
            _ => return Err(self.unexpected()),
        };
        self.next += 1;
        Ok(literal)
    }

    fn order(&mut self) -> Result<Order, SoqlError> {
        let field = self.name()?;
        let descending = self.word("DESC");
        if !descending {
            self.word("ASC");
        }
        // Nulls come first unless asked otherwise, whatever the direction [doc].
        let mut nulls_last = false;
        if self.word("NULLS") {
            nulls_last = self.word("LAST");
            if !nulls_last {
                self.expect("FIRST")?;
            }
        }
        Ok(Order { field, descending, nulls_last })
    }

    fn count(&mut self) -> Result<usize, SoqlError> {
        let Token::Number(number) = self.peek().token else { return Err(self.unexpected()) };
        let Ok(number) = usize::try_from(number) else { return Err(self.unexpected()) };
        self.next += 1;
        Ok(number)
    }

    fn name(&mut self) -> Result<Name, SoqlError> {
        let Placed { token: Token::Word(text), at } = self.peek().clone() else { return Err(self.unexpected()) };
        if is_reserved(&text) {
            return Err(self.unexpected());
        }
        self.next += 1;
        Ok(Name { text, at })
    }

    fn peek(&self) -> &Placed {
        // The last token is always End, and nothing steps past it.
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(&self.peek().token, Token::Word(found) if found.eq_ignore_ascii_case(word))
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.next += usize::from(found);
        found
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek().token, Token::Symbol(here) if here == symbol);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, word: &str) -> Result<(), SoqlError> {
        if self.word(word) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn expect_symbol(&mut self, symbol: &str) -> Result<(), SoqlError> {
        if self.symbol(symbol) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn unexpected(&self) -> SoqlError {
        let Placed { token, at } = self.peek();
        let shown = match token {
            Token::Word(word) => word.clone(),
            Token::Text(pieces) => pieces.iter().map(|piece| piece.ch).collect(),
            Token::Number(number) => number.to_string(),
            Token::Time(time) => time.to_string(),
            Token::Symbol(symbol) => (*symbol).to_owned(),
            Token::End => "<EOF>".to_owned(),
        };
        SoqlError::malformed(self.text, *at, &format!("unexpected token: '{shown}'"))
    }
}

fn is_reserved(word: &str) -> bool {
    ["AND", "OR", "NOT", "FROM", "WHERE", "SELECT", "IN", "LIKE", "LIMIT", "OFFSET", "ORDER", "HAVING"]
        .iter()
        .any(|reserved| word.eq_ignore_ascii_case(reserved))
}
