//! Filters (RFC 7644 section 3.4.2.2).

use super::fault::Fault;
use super::place::{Place, Scope};
use serde_json::Value;
use std::cmp::Ordering;

/// The longest filter that is read, in bytes; it bounds the nesting too.
const FILTER_BYTES_MAX: usize = 2048;
const DEPTH_MAX: usize = 32;

#[derive(Clone, Debug)]
pub(super) enum Filter {
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Not(Box<Self>),
    Present(Place),
    Compare(Place, Comparison, Value),
    /// A list has an item for which the inner filter holds: `emails[type eq "work"]`.
    Item(Place, Box<Self>),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Filter {
    pub(super) fn parse(scope: Scope, text: &str) -> Result<Self, Fault> {
        if text.len() > FILTER_BYTES_MAX {
            return Err(Fault::filter(format!("a filter has at most {FILTER_BYTES_MAX} bytes")));
        }
        let mut parser = Parser { rest: text, depth: 0 };
        let filter = parser.either(scope)?;
        parser.skip_spaces();
        if parser.rest.is_empty() { Ok(filter) } else { Err(parser.lost()) }
    }

    pub(super) fn holds(&self, value: &Value) -> bool {
        match self {
            Self::And(left, right) => left.holds(value) && right.holds(value),
            Self::Or(left, right) => left.holds(value) || right.holds(value),
            Self::Not(inner) => !inner.holds(value),
            Self::Present(place) => !place.values(value).is_empty(),
            Self::Item(place, inner) => place.values(value).into_iter().any(|item| inner.holds(item)),
            // "Not equal" is true of what is absent, as "not (… eq …)" is.
            Self::Compare(place, Comparison::NotEqual, wanted) => !compare(place, Comparison::Equal, wanted, value),
            Self::Compare(place, how, wanted) => compare(place, *how, wanted, value),
        }
    }
}

fn compare(place: &Place, how: Comparison, wanted: &Value, within: &Value) -> bool {
    let exact = place.last().is_some_and(|attribute| attribute.case_exact);
    let fold = |text: &str| if exact { text.to_owned() } else { text.to_lowercase() };
    place.values(within).into_iter().any(|found| match (found, wanted) {
        (Value::String(found), Value::String(wanted)) => {
            let (found, wanted) = (fold(found), fold(wanted));
            match how {
                Comparison::Contains => found.contains(&wanted),
                Comparison::StartsWith => found.starts_with(&wanted),
                Comparison::EndsWith => found.ends_with(&wanted),
                _ => how.accepts(found.cmp(&wanted)),
            }
        }
        (found, wanted) => found == wanted && how.accepts(Ordering::Equal),
    })
}

impl Comparison {
    fn accepts(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::NotEqual | Self::Contains | Self::StartsWith | Self::EndsWith => false,
        }
    }

    fn named(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "eq" => Self::Equal,
            "ne" => Self::NotEqual,
            "co" => Self::Contains,
            "sw" => Self::StartsWith,
            "ew" => Self::EndsWith,
            "gt" => Self::Greater,
            "ge" => Self::GreaterOrEqual,
            "lt" => Self::Less,
            "le" => Self::LessOrEqual,
            _ => return None,
        })
    }
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn either(&mut self, scope: Scope) -> Result<Filter, Fault> {
        let mut left = self.both(scope)?;
        while self.take_word("or") {
            left = Filter::Or(left.into(), self.both(scope)?.into());
        }
        Ok(left)
    }

    fn both(&mut self, scope: Scope) -> Result<Filter, Fault> {
        let mut left = self.one(scope)?;
        while self.take_word("and") {
            left = Filter::And(left.into(), self.one(scope)?.into());
        }
        Ok(left)
    }

    fn one(&mut self, scope: Scope) -> Result<Filter, Fault> {
        if self.take_word("not") {
            return match self.group(scope, '(', ')')? {
                Some(inner) => Ok(Filter::Not(inner.into())),
                None => Err(self.lost()),
            };
        }
        if let Some(inner) = self.group(scope, '(', ')')? {
            return Ok(inner);
        }
        let name = self.word();
        let unknown = || Fault::filter(format!("the attribute {name:?} is not known"));
        let mut place = Place::find(scope, name).ok_or_else(unknown)?;
        if let Some(list) = place.last()
            && let Some(inner) = self.group(Scope::Item(list), '[', ']')?
        {
            return Ok(Filter::Item(place, inner.into()));
        }
        if self.take_word("pr") {
            return Ok(Filter::Present(place));
        }
        let word = self.word();
        let how = Comparison::named(word).ok_or_else(|| Fault::filter(format!("{word:?} is not an operator")))?;
        // A list of objects is compared by their "value".
        place.0.extend(place.last().and_then(|list| list.parts().iter().find(|part| part.name == "value")));
        Ok(Filter::Compare(place, how, self.literal()?))
    }

    fn group(&mut self, scope: Scope, open: char, close: char) -> Result<Option<Filter>, Fault> {
        self.skip_spaces();
        let Some(rest) = self.rest.strip_prefix(open) else { return Ok(None) };
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEPTH_MAX {
            return Err(Fault::filter("the filter is nested too deeply"));
        }
        self.rest = rest;
        let inner = self.either(scope)?;
        self.skip_spaces();
        self.rest = self.rest.strip_prefix(close).ok_or_else(|| self.lost())?;
        self.depth = self.depth.saturating_sub(1);
        Ok(Some(inner))
    }

    fn literal(&mut self) -> Result<Value, Fault> {
        self.skip_spaces();
        let text = if self.rest.starts_with('"') { self.quoted() } else { self.word() };
        let value = serde_json::from_str::<Value>(text).ok();
        value.filter(|value| !value.is_object() && !value.is_array()).ok_or_else(|| self.lost())
    }

    /// A string with its quotes; all that is left, if it does not end.
    fn quoted(&mut self) -> &'a str {
        let mut escaped = false;
        let ends = |(_, c): &(usize, char)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        };
        let end = self.rest.char_indices().skip(1).find(ends).map_or(self.rest.len(), |(at, _)| at.saturating_add(1));
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        text
    }

    fn word(&mut self) -> &'a str {
        self.skip_spaces();
        let end = self.rest.find(|c: char| c.is_whitespace() || "()[]\"".contains(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let before = self.rest;
        let taken = self.word().eq_ignore_ascii_case(wanted);
        if !taken {
            self.rest = before;
        }
        taken
    }

    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn lost(&self) -> Fault {
        Fault::filter(format!("the filter can't be read from {:?} on", self.rest))
    }
}
