//! Text to tokens.

use jiff::Timestamp;

use super::SoqlError;

/// One character of a string literal; escaped ones are themselves in LIKE too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) ch: char,
    pub(super) escaped: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword, name or dotted path.
    Word(String),
    Text(Vec<Piece>),
    Number(i64),
    Time(Timestamp),
    /// `( ) , = != < > <= >=`
    Symbol(&'static str),
    End,
}

/// A token and its byte offset in the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) at: usize,
}

const SYMBOLS: [&str; 11] = ["!=", "<>", "<=", ">=", "(", ")", ",", "=", "<", ">", ":"];

pub(super) fn tokens(query: &str) -> Result<Vec<Placed>, SoqlError> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(ch) = query[at..].chars().next() {
        let rest = &query[at..];
        if ch.is_whitespace() {
            at += ch.len_utf8();
        } else if ch == '\'' {
            let (pieces, length) = string(query, at)?;
            out.push(Placed { token: Token::Text(pieces), at });
            at += length;
        } else if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
            let token = Token::Symbol(if symbol == "<>" { "!=" } else { symbol });
            out.push(Placed { token, at });
            at += symbol.len();
        } else if ch.is_ascii_digit() || ch == '-' {
            let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-:.+".contains(c))).unwrap_or(rest.len());
            out.push(Placed { token: number_or_time(query, at, &rest[..length])?, at });
            at += length;
        } else if ch.is_ascii_alphabetic() || ch == '_' {
            let length =
                rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len());
            out.push(Placed { token: Token::Word(rest[..length].to_owned()), at });
            at += length;
        } else {
            return Err(SoqlError::malformed(
                query,
                at,
                &format!("line 1:{at} no viable alternative at character '{ch}'"),
            ));
        }
    }
    out.push(Placed { token: Token::End, at: query.len() });
    Ok(out)
}

/// A string literal with SOQL's escapes: `\n \r \t \b \f \" \' \\` and, for LIKE, `\_ \%` [doc].
fn string(query: &str, start: usize) -> Result<(Vec<Piece>, usize), SoqlError> {
    let mut pieces = Vec::new();
    let mut chars = query[start + 1..].char_indices();
    while let Some((offset, ch)) = chars.next() {
        match ch {
            '\'' => return Ok((pieces, offset + 2)),
            '\\' => {
                let place = start + 1 + offset;
                let Some((_, escape)) = chars.next() else { break };
                let ch = match escape {
                    'n' | 'N' => '\n',
                    'r' | 'R' => '\r',
                    't' | 'T' => '\t',
                    'b' | 'B' => '\u{8}',
                    'f' | 'F' => '\u{c}',
                    '"' | '\'' | '\\' | '_' | '%' => escape,
                    _ => {
                        return Err(SoqlError::malformed(
                            query,
                            place,
                            &format!("Illegal string literal: Invalid string escape sequence '\\{escape}'"),
                        ));
                    }
                };
                pieces.push(Piece { ch, escaped: true });
            }
            _ => pieces.push(Piece { ch, escaped: false }),
        }
    }
    Err(SoqlError::malformed(query, query.len(), "line 1: no viable alternative at character '<EOF>'"))
}

fn number_or_time(query: &str, at: usize, text: &str) -> Result<Token, SoqlError> {
    if let Ok(number) = text.parse::<i64>() {
        return Ok(Token::Number(number));
    }
    // 2026-01-31T00:00:00Z, with a fraction or an offset if need be. A bare date fits date fields only; there are none.
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(Token::Time(time));
    }
    Err(SoqlError::malformed(query, at, &format!("unexpected token: '{text}'")))
}
