//! Reads JSON that a target sent. Every error names the field by its path, because "expected a string" alone sends
//! people to the debugger.

use crate::Failure;
use serde_json::Value;

/// A parsed answer, and what it is an answer to.
#[derive(Clone, Debug, PartialEq)]
pub struct Doc {
    what: String,
    value: Value,
}

impl Doc {
    pub fn parse(what: impl Into<String>, bytes: &[u8]) -> Result<Self, Failure> {
        let what = what.into();
        match serde_json::from_slice(bytes) {
            Ok(value) => Ok(Self { what, value }),
            Err(error) => Err(Failure::protocol(format!("{what} is not JSON: {error}"))),
        }
    }

    pub fn root(&self) -> Node<'_> {
        Node { doc: self, value: &self.value }
    }
}

/// One value of a document.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    doc: &'a Doc,
    value: &'a Value,
}

impl<'a> Node<'a> {
    /// A field that must be there.
    pub fn get(&self, field: &str) -> Result<Node<'a>, Failure> {
        self.find(field)?.ok_or_else(|| Failure::protocol(format!("{} has no field \"{field}\"", self.path())))
    }

    /// A field that may be missing or null.
    pub fn find(&self, field: &str) -> Result<Option<Node<'a>>, Failure> {
        let object = self.value.as_object().ok_or_else(|| self.expected("an object"))?;
        Ok(object.get(field).filter(|value| !value.is_null()).map(|value| Node { value, ..*self }))
    }

    /// The text of a field, if it is there. An empty text is none: targets send `""` for "not set".
    pub fn text_of(&self, field: &str) -> Result<Option<String>, Failure> {
        let text = self.find(field)?.map(|node| node.string()).transpose()?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    pub fn text(&self) -> Result<&'a str, Failure> {
        self.value.as_str().ok_or_else(|| self.expected("text"))
    }

    pub fn string(&self) -> Result<String, Failure> {
        self.text().map(str::to_owned)
    }

    pub fn integer(&self) -> Result<i64, Failure> {
        self.value.as_i64().ok_or_else(|| self.expected("an integer"))
    }

    /// A number of things.
    pub fn count(&self) -> Result<u64, Failure> {
        self.value.as_u64().ok_or_else(|| self.expected("a number of at least 0"))
    }

    pub fn flag(&self) -> Result<bool, Failure> {
        self.value.as_bool().ok_or_else(|| self.expected("true or false"))
    }

    pub fn items(&self) -> Result<Vec<Node<'a>>, Failure> {
        let items = self.value.as_array().ok_or_else(|| self.expected("a list"))?;
        Ok(items.iter().map(|value| Node { value, ..*self }).collect())
    }

    /// The items of a list field; none if the field is missing or null.
    pub fn items_of(&self, field: &str) -> Result<Vec<Node<'a>>, Failure> {
        self.find(field)?.map_or_else(|| Ok(Vec::new()), |node| node.items())
    }

    pub fn value(&self) -> &'a Value {
        self.value
    }

    /// What the document is and the way to this value in it. It is looked for when it is asked for, because a page has
    /// thousands of values and hardly ever a fault.
    pub fn path(&self) -> String {
        format!("{}{}", self.doc.what, way(&self.doc.value, self.value).unwrap_or_default())
    }

    fn expected(&self, wanted: &str) -> Failure {
        let found = match self.value {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        Failure::protocol(format!("{}: expected {wanted}, found {found}", self.path()))
    }
}

/// The way from a value to another inside it, which is the very same one and not just equal.
fn way(from: &Value, to: &Value) -> Option<String> {
    if std::ptr::eq(from, to) {
        return Some(String::new());
    }
    match from {
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| Some(format!("[{index}]{}", way(item, to)?)))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, field)| Some(format!(".{name}{}", way(field, to)?))),
        _ => None,
    }
}
