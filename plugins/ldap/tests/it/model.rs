//! A small directory in memory that stands in for the host.

use crate::filter::Filter;
use reeve_sdk::LdapError;
use reeve_sdk::ldap::{Attribute, Change, ChangeKind, Entry, Refusal, Scope, SearchPage, SearchRequest};
use reeve_sdk::testing::Host;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

type Values = BTreeMap<String, Vec<Vec<u8>>>;

/// How this directory differs from a plain one.
#[derive(Default)]
pub struct Ways {
    /// The immutable id's attribute; each new entry gets the next number as its value.
    pub id_attribute: &'static str,
    /// A group without a member is refused with 65.
    pub needs_member: bool,
    /// Active Directory gives so many members at once.
    pub range: Option<usize>,
    /// A filter can't find entries by their own name.
    pub no_entry_dn: bool,
    /// Every search finds everything.
    pub ignores_filters: bool,
    /// Searches without paging are refused above this.
    pub size_limit: Option<usize>,
    /// The next operation of this kind ends so, after it was done or before.
    pub next_add: Option<(bool, LdapError)>,
    pub next_modify: Option<(bool, LdapError)>,
    pub next_search: Option<LdapError>,
    /// Paging connections are gone.
    pub forgets_cursors: bool,
}

#[derive(Default)]
pub struct Inner {
    pub settings: String,
    /// Names as they were given.
    pub entries: Vec<(String, Values)>,
    plain_names: BTreeMap<String, String>,
    pub ways: Ways,
    /// Every write, as text.
    pub writes: Vec<String>,
    pub operations: usize,
    cursors: BTreeMap<String, Vec<Entry>>,
    numbers: u64,
}

#[derive(Clone)]
pub struct Model(pub Rc<RefCell<Inner>>);

impl Model {
    pub fn new(settings: serde_json::Value, ways: Ways) -> Self {
        let inner = Inner { settings: settings.to_string(), ways, ..Inner::default() };
        let model = Self(Rc::new(RefCell::new(inner)));
        for dn in ["ou=people,dc=example,dc=com", "ou=groups,dc=example,dc=com"] {
            model.put(dn, &[("objectClass", &["organizationalUnit"])]);
        }
        model
    }

    pub fn put(&self, dn: &str, attributes: &[(&str, &[&str])]) {
        let values = |values: &[&str]| values.iter().map(|value| value.as_bytes().to_vec()).collect();
        let attributes = attributes.iter().map(|(name, list)| ((*name).to_owned(), values(list))).collect();
        self.0.borrow_mut().insert(dn, attributes);
    }

    pub fn set_bytes(&self, dn: &str, name: &str, value: &[u8]) {
        self.0.borrow_mut().entry(dn).unwrap().insert(name.to_owned(), vec![value.to_vec()]);
    }

    pub fn set(&self, dn: &str, name: &str, values: &[&str]) {
        let values = values.iter().map(|value| value.as_bytes().to_vec()).collect();
        self.0.borrow_mut().entry(dn).unwrap().insert(name.to_owned(), values);
    }

    pub fn texts(&self, dn: &str, name: &str) -> Vec<String> {
        let mut inner = self.0.borrow_mut();
        let values = inner.entry(dn).unwrap().get(name).cloned().unwrap_or_default();
        values.into_iter().map(|value| String::from_utf8(value).unwrap()).collect()
    }

    pub fn ways(&self, change: impl FnOnce(&mut Ways)) {
        change(&mut self.0.borrow_mut().ways);
    }

    /// Starts to count anew.
    pub fn operations(&self) -> usize {
        std::mem::take(&mut self.0.borrow_mut().operations)
    }

    pub fn writes(&self) -> Vec<String> {
        std::mem::take(&mut self.0.borrow_mut().writes)
    }
}

impl Inner {
    fn entry(&mut self, dn: &str) -> Option<&mut Values> {
        self.entries.iter_mut().find(|(name, _)| plain(name) == plain(dn)).map(|(_, values)| values)
    }

    fn insert(&mut self, dn: &str, mut values: Values) {
        self.numbers += 1;
        let id = match self.ways.id_attribute {
            "objectGUID" => [[0xab; 8], self.numbers.to_be_bytes()].concat(),
            _ => format!("{:08x}-0000-0000-0000-000000000000", self.numbers).into_bytes(),
        };
        values.entry(self.ways.id_attribute.to_owned()).or_insert_with(|| vec![id]);
        self.plain_names.insert(dn.to_owned(), plain(dn));
        self.entries.push((dn.to_owned(), values));
    }

    fn found(&self, request: &SearchRequest) -> Result<Vec<Entry>, LdapError> {
        let base = plain(&request.base);
        if !self.entries.iter().any(|(dn, _)| self.plain_names[dn] == base) {
            return Err(refused(32, "no such object"));
        }
        let filter = Filter::parse(&request.filter);
        let mut found = vec![];
        for (dn, values) in &self.entries {
            let name = &self.plain_names[dn];
            let inside = match request.scope {
                Scope::Base => *name == base,
                _ => *name == base || name.strip_suffix(&base).is_some_and(|rest| rest.ends_with(',')),
            };
            if inside
                && (self.ways.ignores_filters || filter.matches(&|name, value| self.holds(dn, values, name, value)))
            {
                found.push(self.answer(dn, values, &request.attributes));
            }
        }
        Ok(found)
    }

    fn holds(&self, dn: &str, values: &Values, name: &str, value: Option<&[u8]>) -> bool {
        if name.eq_ignore_ascii_case("entryDN") || name.eq_ignore_ascii_case("distinguishedName") {
            return !self.ways.no_entry_dn && value.is_none_or(|value| same(value, dn.as_bytes()));
        }
        let mut held = values.iter().filter(|(held, _)| held.eq_ignore_ascii_case(name)).flat_map(|(_, values)| values);
        match value {
            None => held.next().is_some(),
            Some(value) => held.any(|held| same(held, value)),
        }
    }

    fn answer(&self, dn: &str, values: &Values, wanted: &[String]) -> Entry {
        let mut attributes = vec![];
        for wish in wanted {
            let (name, start) = match wish.split_once(";range=") {
                Some((name, range)) => (name, range.trim_end_matches("-*").parse().unwrap()),
                None => (wish.as_str(), 0),
            };
            let Some((name, values)) = values.iter().find(|(held, _)| held.eq_ignore_ascii_case(name)) else {
                continue;
            };
            attributes.extend(match self.ways.range {
                Some(range) if values.len() > range && name == "member" => {
                    let end = (start + range).min(values.len());
                    let last = if end == values.len() { "*".to_owned() } else { (end - 1).to_string() };
                    let ranged = format!("{name};range={start}-{last}");
                    vec![
                        Attribute { name: name.clone(), values: vec![] },
                        Attribute { name: ranged, values: values[start..end].to_vec() },
                    ]
                }
                _ => vec![Attribute { name: name.clone(), values: values.clone() }],
            });
        }
        Entry { dn: dn.to_owned(), attributes }
    }

    fn change(&mut self, dn: &str, changes: &[Change]) -> Result<(), LdapError> {
        let needs_member = self.ways.needs_member;
        let values = self.entry(dn).ok_or_else(|| refused(32, "no such object"))?;
        let mut new = values.clone();
        for change in changes {
            let held = new.entry(change.attribute.name.clone()).or_default();
            let at = |held: &[Vec<u8>], value: &[u8]| held.iter().position(|held| same(held, value));
            match change.kind {
                ChangeKind::Replace => *held = change.attribute.values.clone(),
                ChangeKind::Add => {
                    for value in &change.attribute.values {
                        if at(held, value).is_some() {
                            return Err(refused(20, "value exists"));
                        }
                        held.push(value.clone());
                    }
                }
                ChangeKind::Delete => {
                    for value in &change.attribute.values {
                        let place = at(held, value).ok_or_else(|| refused(16, "no such value"))?;
                        held.remove(place);
                    }
                }
            }
        }
        if needs_member && ["member", "uniqueMember"].iter().any(|name| new.get(*name).is_some_and(Vec::is_empty)) {
            return Err(refused(65, "a group wants a member"));
        }
        new.retain(|_, values| !values.is_empty());
        *values = new;
        Ok(())
    }
}

impl Host for Model {
    fn settings(&mut self) -> String {
        self.0.borrow().settings.clone()
    }

    fn ldap_search(&mut self, request: &SearchRequest) -> Result<SearchPage, LdapError> {
        let mut inner = self.0.borrow_mut();
        inner.operations += 1;
        assert_eq!(request.connection, "directory");
        if let Some(error) = inner.ways.next_search.take() {
            return Err(error);
        }
        let mut rest = match &request.cursor {
            Some(cursor) if inner.ways.forgets_cursors => return Err(expired(cursor)),
            Some(cursor) => inner.cursors.remove(cursor).ok_or_else(|| expired(cursor))?,
            None => inner.found(request)?,
        };
        let size = request.page_size as usize;
        if size == 0 || rest.len() <= size {
            return match inner.ways.size_limit {
                Some(limit) if rest.len() > limit => Err(refused(4, "size limit exceeded")),
                _ => Ok(SearchPage { entries: rest, next: None }),
            };
        }
        let later = rest.split_off(size);
        inner.numbers += 1;
        let cursor = format!("cursor {}", inner.numbers);
        inner.cursors.insert(cursor.clone(), later);
        Ok(SearchPage { entries: rest, next: Some(cursor) })
    }

    fn ldap_add(&mut self, _: &str, dn: &str, attributes: &[Attribute]) -> Result<(), LdapError> {
        let mut inner = self.0.borrow_mut();
        inner.operations += 1;
        inner.writes.push(format!("add {dn}"));
        let next = inner.ways.next_add.take();
        if let Some((false, error)) = next {
            return Err(error);
        }
        if inner.entry(dn).is_some() {
            return Err(refused(68, "entry exists"));
        }
        let values = attributes.iter().map(|attribute| (attribute.name.clone(), attribute.values.clone())).collect();
        inner.insert(dn, values);
        next.map_or(Ok(()), |(_, error)| Err(error))
    }

    fn ldap_modify(&mut self, _: &str, dn: &str, changes: &[Change]) -> Result<(), LdapError> {
        let mut inner = self.0.borrow_mut();
        inner.operations += 1;
        let told = changes.iter().map(|change| {
            let values = change.attribute.values.iter().map(|value| String::from_utf8_lossy(value).into_owned());
            format!("{:?} {}={}", change.kind, change.attribute.name, values.collect::<Vec<_>>().join("|"))
        });
        let told = told.collect::<Vec<_>>().join(", ").replace("ChangeKind::", "");
        inner.writes.push(told);
        let next = inner.ways.next_modify.take();
        if let Some((false, error)) = next {
            return Err(error);
        }
        inner.change(dn, changes)?;
        next.map_or(Ok(()), |(_, error)| Err(error))
    }

    fn ldap_delete(&mut self, _: &str, dn: &str) -> Result<(), LdapError> {
        let mut inner = self.0.borrow_mut();
        inner.operations += 1;
        inner.writes.push(format!("delete {dn}"));
        inner.entry(dn).ok_or_else(|| refused(32, "no such object"))?;
        inner.entries.retain(|(name, _)| plain(name) != plain(dn));
        Ok(())
    }
}

pub fn refused(code: u32, message: &str) -> LdapError {
    LdapError::Refused(Refusal { code, message: message.to_owned() })
}

fn expired(_: &str) -> LdapError {
    LdapError::CursorExpired
}

/// Names in tests differ by case and by spaces after commas only.
fn plain(dn: &str) -> String {
    dn.to_lowercase().split(',').map(str::trim).collect::<Vec<_>>().join(",")
}

fn same(one: &[u8], other: &[u8]) -> bool {
    let spaced = |text: &[u8]| text.windows(2).any(|pair| pair == b", ");
    if one.eq_ignore_ascii_case(other) || !(spaced(one) || spaced(other)) {
        return one.eq_ignore_ascii_case(other);
    }
    match (std::str::from_utf8(one), std::str::from_utf8(other)) {
        (Ok(one), Ok(other)) => plain(one) == plain(other),
        _ => false,
    }
}
