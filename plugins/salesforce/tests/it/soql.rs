//! No text becomes a part of a query.

use proptest::prelude::*;
use reeve_plugin_salesforce::Salesforce;
use reeve_sdk::prelude::*;
use reeve_sdk::testing::{self, Host, answer};
use std::cell::RefCell;
use std::rc::Rc;

/// The query that a search for a login sends.
fn search(login: &str) -> String {
    let sent = Rc::new(RefCell::new(String::new()));
    let seen = sent.clone();
    let host = testing::http("{}", move |request| {
        *seen.borrow_mut() = crate::model::decode(request.path.split_once("?q=").unwrap().1);
        answer(200, r#"{"totalSize": 0, "done": true, "records": []}"#)
    });
    let found = host.run(|| Salesforce::open()?.find_account(MatchBy::Login, login));
    assert_eq!(found, Ok(vec![]));
    sent.take()
}

/// Reads a literal as the SOQL reference describes it, and gives what follows it.
fn read(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.strip_prefix('\'')?.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' => return Some((out, chars.as_str())),
            '\\' => out.push(match chars.next()? {
                'n' | 'N' => '\n',
                'r' | 'R' => '\r',
                't' | 'T' => '\t',
                'b' | 'B' => '\u{8}',
                'f' | 'F' => '\u{c}',
                c @ ('\'' | '"' | '\\') => c,
                _ => return None,
            }),
            '\n' | '\r' => return None,
            c => out.push(c),
        }
    }
    None
}

proptest! {
    #[test]
    fn a_text_reads_back_from_the_query_as_it_was(text in r#"[a-z'"\\\n\r\t\x08\x0c éß%_;-]{0,40}"#) {
        let query = search(&text);
        prop_assert_eq!(read(query.split_once(" WHERE Username = ").unwrap().1), Some((text, "")));
    }

    #[test]
    fn so_does_any_text_at_all(text in any::<String>()) {
        let query = search(&text);
        prop_assert_eq!(read(query.split_once(" WHERE Username = ").unwrap().1), Some((text, "")));
    }
}
