//! A query, read. The subset: fields of the object and of its parents up to five levels up, `COUNT()`, comparisons,
//! `LIKE`, `IN` with a list or a subquery, `AND`, `OR`, `NOT`, `ORDER BY`, `LIMIT`, `OFFSET`.
//!
//! Lacking are subqueries in the `SELECT` list, aggregates other than `COUNT()`, `GROUP BY`, `FIELDS()`, `TYPEOF`,
//! `USING SCOPE`, `FOR VIEW` and date literals such as `TODAY`; they are refused as the real service refuses nothing.

use super::fault::Fault;
use super::lexer::{Lexed, Token, lex, malformed, unexpected};
use super::path::{Literal, Path};
use super::schema::Object;

/// The most rows that may be passed over.
const OFFSET_MAX: usize = 2_000;

#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) object: Object,
    pub(super) select: Select,
    pub(super) filter: Option<Filter>,
    pub(super) order: Vec<Sort>,
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Select {
    Count,
    Fields(Vec<Path>),
}

#[derive(Clone, Debug)]
pub(super) struct Sort {
    pub(super) path: Path,
    pub(super) descending: bool,
    pub(super) nulls_last: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Compare { path: Path, by: Comparison, with: Literal },
    In { path: Path, negated: bool, list: Vec<Literal> },
    InQuery { path: Path, negated: bool, query: Box<Query> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
}

pub(super) fn parse(text: &str) -> Result<Query, Fault> {
    let tokens = lex(text)?;
    let mut parser = Parser { tokens, next: 0, end: Lexed { token: Token::End, column: text.len() } };
    let query = parser.query()?;
    match &parser.peek().token {
        Token::End => Ok(query),
        _ => Err(unexpected(parser.peek())),
    }
}

struct Parser {
    tokens: Vec<Lexed>,
    next: usize,
    end: Lexed,
}

impl Parser {
    fn peek(&self) -> &Lexed {
        self.tokens.get(self.next).unwrap_or(&self.end)
    }

    fn advance(&mut self) -> &Lexed {
        let now = self.next;
        self.next += 1;
        self.tokens.get(now).unwrap_or(&self.end)
    }

    fn sign(&mut self, sign: &'static str) -> bool {
        let is = self.peek().token == Token::Sign(sign);
        self.next += usize::from(is);
        is
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), Fault> {
        if self.sign(sign) { Ok(()) } else { Err(unexpected(self.peek())) }
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(&self.peek().token, Token::Word(text) if text.eq_ignore_ascii_case(word))
    }

    fn word(&mut self, word: &str) -> bool {
        let is = self.is_word(word);
        self.next += usize::from(is);
        is
    }

    fn expect_word(&mut self, word: &str) -> Result<(), Fault> {
        if self.word(word) { Ok(()) } else { Err(unexpected(self.peek())) }
    }

    fn name(&mut self) -> Result<(String, usize), Fault> {
        let lexed = self.advance();
        match &lexed.token {
            Token::Word(text) => Ok((text.clone(), lexed.column)),
            _ => Err(unexpected(lexed)),
        }
    }

    fn query(&mut self) -> Result<Query, Fault> {
        self.expect_word("SELECT")?;
        // Fields can be understood only once the object is known.
        let mut names = Vec::new();
        let mut count = false;
        loop {
            if self.peek().token == Token::Sign("(") {
                return Err(Fault::lacking("subqueries in the SELECT list"));
            }
            let (name, column) = self.name()?;
            if self.sign("(") {
                if !name.eq_ignore_ascii_case("COUNT") || !self.sign(")") {
                    return Err(Fault::lacking("functions other than COUNT()"));
                }
                count = true;
            } else {
                names.push((name, column));
            }
            if !self.sign(",") {
                break;
            }
        }
        if count && !names.is_empty() {
            return Err(malformed(self.peek().column, "COUNT() must be the only element of the SELECT list"));
        }
        self.expect_word("FROM")?;
        let (name, _) = self.name()?;
        let object = Object::named(&name)
            .ok_or_else(|| Fault::bad("INVALID_TYPE", format!("sObject type '{name}' is not supported.")))?;
        let mut fields: Vec<Path> = Vec::new();
        for (name, column) in names {
            let path = Path::read(object, &name, column)?;
            if fields.contains(&path) {
                return Err(malformed(column, format!("duplicate field selected: {name}")));
            }
            fields.push(path);
        }
        let select = if count { Select::Count } else { Select::Fields(fields) };
        let filter = if self.word("WHERE") { Some(self.conditions(object)?) } else { None };
        for lacking in ["GROUP", "USING", "WITH", "FOR", "HAVING"] {
            if self.is_word(lacking) {
                return Err(Fault::lacking(lacking));
            }
        }
        let order = if self.word("ORDER") { self.order(object)? } else { Vec::new() };
        let limit = if self.word("LIMIT") { Some(self.number()?) } else { None };
        let offset = if self.word("OFFSET") { self.number()? } else { 0 };
        if offset > OFFSET_MAX {
            let what = format!("Maximum SOQL offset allowed is {OFFSET_MAX}");
            return Err(Fault::bad("NUMBER_OUTSIDE_VALID_RANGE", what));
        }
        Ok(Query { object, select, filter, order, limit, offset })
    }

    /// `AND` and `OR` can't be mixed without brackets: what follows the first of the two is not expected.
    fn conditions(&mut self, object: Object) -> Result<Filter, Fault> {
        let first = self.condition(object)?;
        let joint = ["AND", "OR"].into_iter().find(|joint| self.is_word(joint));
        let Some(joint) = joint else { return Ok(first) };
        let mut all = vec![first];
        while self.word(joint) {
            all.push(self.condition(object)?);
        }
        Ok(if joint == "AND" { Filter::All(all) } else { Filter::Any(all) })
    }

    fn condition(&mut self, object: Object) -> Result<Filter, Fault> {
        if self.word("NOT") {
            return Ok(Filter::Not(Box::new(self.condition(object)?)));
        }
        if self.sign("(") {
            let inner = self.conditions(object)?;
            self.expect(")")?;
            return Ok(inner);
        }
        let (name, column) = self.name()?;
        let path = Path::read(object, &name, column)?;
        let negated = self.word("NOT");
        if self.word("IN") {
            return self.list(path, negated);
        }
        if negated {
            return Err(unexpected(self.peek()));
        }
        let by = if self.word("LIKE") { Comparison::Like } else { self.comparison()? };
        let with = self.literal()?;
        path.check_comparison(by, &with)?;
        Ok(Filter::Compare { path, by, with })
    }

    fn comparison(&mut self) -> Result<Comparison, Fault> {
        let lexed = self.advance();
        Ok(match lexed.token {
            Token::Sign("=") => Comparison::Equal,
            Token::Sign("!=" | "<>") => Comparison::NotEqual,
            Token::Sign("<") => Comparison::Less,
            Token::Sign("<=") => Comparison::LessOrEqual,
            Token::Sign(">") => Comparison::Greater,
            Token::Sign(">=") => Comparison::GreaterOrEqual,
            _ => return Err(unexpected(lexed)),
        })
    }

    fn list(&mut self, path: Path, negated: bool) -> Result<Filter, Fault> {
        self.expect("(")?;
        if self.is_word("SELECT") {
            let query = self.query()?;
            if !matches!(&query.select, Select::Fields(fields) if fields.len() == 1) {
                return Err(malformed(self.peek().column, "a subquery of IN selects one field"));
            }
            self.expect(")")?;
            return Ok(Filter::InQuery { path, negated, query: Box::new(query) });
        }
        let mut list = Vec::new();
        loop {
            let literal = self.literal()?;
            path.check_comparison(Comparison::Equal, &literal)?;
            list.push(literal);
            if !self.sign(",") {
                break;
            }
        }
        self.expect(")")?;
        Ok(Filter::In { path, negated, list })
    }

    fn literal(&mut self) -> Result<Literal, Fault> {
        let lexed = self.advance();
        match &lexed.token {
            Token::Text(text) => Ok(Literal::Text(text.clone())),
            Token::Bare(bare) => Literal::bare(bare).ok_or_else(|| unexpected(lexed)),
            Token::Word(word) => match word.to_ascii_lowercase().as_str() {
                "true" => Ok(Literal::Flag(true)),
                "false" => Ok(Literal::Flag(false)),
                "null" => Ok(Literal::Null),
                "today" | "yesterday" | "tomorrow" => Err(Fault::lacking("date literals")),
                date if date.starts_with("last_") || date.starts_with("next_") || date.starts_with("this_") => {
                    Err(Fault::lacking("date literals"))
                }
                _ => Err(unexpected(lexed)),
            },
            Token::Sign(_) | Token::End => Err(unexpected(lexed)),
        }
    }

    fn order(&mut self, object: Object) -> Result<Vec<Sort>, Fault> {
        self.expect_word("BY")?;
        let mut order = Vec::new();
        loop {
            let (name, column) = self.name()?;
            let path = Path::read(object, &name, column)?;
            let descending = !self.word("ASC") && self.word("DESC");
            let mut nulls_last = false;
            if self.word("NULLS") {
                nulls_last = self.word("LAST");
                if !nulls_last {
                    self.expect_word("FIRST")?;
                }
            }
            order.push(Sort { path, descending, nulls_last });
            if !self.sign(",") {
                return Ok(order);
            }
        }
    }

    fn number(&mut self) -> Result<usize, Fault> {
        let lexed = self.advance();
        match &lexed.token {
            Token::Bare(bare) => bare.parse().map_err(|_| unexpected(lexed)),
            _ => Err(unexpected(lexed)),
        }
    }
}
