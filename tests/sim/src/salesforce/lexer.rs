//! The words of a query, each with its place, since refusals name it.

use super::fault::Fault;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name, perhaps with dots, or a key word.
    Word(String),
    /// What stood between quotes, its escapes undone, with `\%` and `\_` left for LIKE.
    Text(String),
    /// A number, or a time.
    Bare(String),
    Sign(&'static str),
    End,
}

/// The longer ones first.
const SIGNS: [&str; 11] = ["!=", "<>", "<=", ">=", "<", ">", "=", "(", ")", ",", ":"];

pub(super) struct Lexed {
    pub(super) token: Token,
    /// Characters before it.
    pub(super) column: usize,
}

pub(super) fn malformed(column: usize, what: impl std::fmt::Display) -> Fault {
    Fault::bad("MALFORMED_QUERY", format!("ERROR at Row:1:Column:{}\n{what}", column + 1))
}

pub(super) fn unexpected(lexed: &Lexed) -> Fault {
    match &lexed.token {
        Token::End => malformed(lexed.column, "unexpected token: '<EOF>'"),
        Token::Word(text) | Token::Text(text) | Token::Bare(text) => {
            malformed(lexed.column, format!("unexpected token: '{text}'"))
        }
        Token::Sign(sign) => malformed(lexed.column, format!("unexpected token: '{sign}'")),
    }
}

pub(super) fn lex(query: &str) -> Result<Vec<Lexed>, Fault> {
    let mut tokens = Vec::new();
    let mut rest = query;
    let column = |rest: &str| query.len() - rest.len();
    loop {
        rest = rest.trim_start();
        let start = column(rest);
        let Some(first) = rest.chars().next() else {
            tokens.push(Lexed { token: Token::End, column: start });
            return Ok(tokens);
        };
        let (token, after) = if first == '\'' {
            text(rest).ok_or_else(|| malformed(start, "a text has no end, or an escape that is unknown"))?
        } else if first.is_ascii_alphabetic() {
            let (word, after) = split(rest, |c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
            (Token::Word(word.to_owned()), after)
        } else if first.is_ascii_digit() || "+-".contains(first) {
            let (bare, after) = split(rest, |c| c.is_ascii_alphanumeric() || "+-.:".contains(c));
            (Token::Bare(bare.to_owned()), after)
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
            let sign = sign.ok_or_else(|| {
                malformed(start, format!("line 1:{start} no viable alternative at character '{first}'"))
            })?;
            (Token::Sign(sign), rest.strip_prefix(sign).unwrap_or_default())
        };
        tokens.push(Lexed { token, column: start });
        rest = after;
    }
}

fn split(text: &str, fits: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !fits(c)).unwrap_or(text.len()))
}

fn text(quoted: &str) -> Option<(Token, &str)> {
    let mut text = String::new();
    let mut chars = quoted.chars();
    chars.next();
    loop {
        match chars.next()? {
            '\'' => return Some((Token::Text(text), chars.as_str())),
            '\\' => match chars.next()? {
                'n' | 'N' => text.push('\n'),
                'r' | 'R' => text.push('\r'),
                't' | 'T' => text.push('\t'),
                plain @ ('\'' | '"') => text.push(plain),
                '\\' => text.push_str("\\\\"),
                wildcard @ ('%' | '_') => text.extend(['\\', wildcard]),
                _ => return None,
            },
            other => text.push(other),
        }
    }
}

/// A text as it is compared where wildcards mean nothing.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        plain.push(if char == '\\' { chars.next().unwrap_or(char) } else { char });
    }
    plain
}
