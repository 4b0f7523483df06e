//! RFC 4515 filters, as far as a directory for tests needs them: and, or, not, presence, equality.

#[derive(Debug)]
pub enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Present(String),
    Equal(String, Vec<u8>),
}

impl Filter {
    pub fn parse(text: &str) -> Self {
        let (filter, rest) = item(text);
        assert!(rest.is_empty(), "{rest:?} follows a filter");
        filter
    }

    /// `holds` says whether an attribute has a value, or any value at all.
    pub fn matches(&self, holds: &dyn Fn(&str, Option<&[u8]>) -> bool) -> bool {
        match self {
            Self::And(filters) => filters.iter().all(|filter| filter.matches(holds)),
            Self::Or(filters) => filters.iter().any(|filter| filter.matches(holds)),
            Self::Not(filter) => !filter.matches(holds),
            Self::Present(name) => holds(name, None),
            Self::Equal(name, value) => holds(name, Some(value)),
        }
    }
}

fn item(text: &str) -> (Filter, &str) {
    let text = text.strip_prefix('(').unwrap_or_else(|| panic!("{text:?} is no filter"));
    let (filter, rest) = match text.split_at(1) {
        ("&", rest) => list(rest, Filter::And),
        ("|", rest) => list(rest, Filter::Or),
        ("!", rest) => {
            let (filter, rest) = item(rest);
            (Filter::Not(Box::new(filter)), rest)
        }
        _ => {
            let end = text.find(')').expect("a filter ends with )");
            let (name, value) = text[..end].split_once('=').expect("a comparison");
            let filter = match value {
                "*" => Filter::Present(name.to_owned()),
                value => Filter::Equal(name.to_owned(), unescape(value)),
            };
            (filter, &text[end..])
        }
    };
    (filter, rest.strip_prefix(')').expect("a filter ends with )"))
}

fn list(mut text: &str, make: fn(Vec<Filter>) -> Filter) -> (Filter, &str) {
    let mut filters = vec![];
    while text.starts_with('(') {
        let (filter, rest) = item(text);
        filters.push(filter);
        text = rest;
    }
    (make(filters), text)
}

fn unescape(value: &str) -> Vec<u8> {
    assert!(!value.contains(['*', '(', '\0']), "{value:?} is not escaped");
    let mut bytes = value.bytes();
    let mut out = vec![];
    while let Some(byte) = bytes.next() {
        out.push(if byte == b'\\' {
            let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
            u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
        } else {
            byte
        });
    }
    out
}
