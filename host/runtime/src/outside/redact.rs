//! Takes a connection's own secrets out of whatever leaves the runtime: log lines, failures, journals, and the answers
//! of a target that echoes what it was sent.
//!
//! A secret is looked for as it is and in the encodings that requests and errors carry it in. Whoever transforms it in
//! another way has seen it before, and a plugin never does.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};
use zeroize::Zeroizing;

pub(super) const PLACEHOLDER: &str = "[secret]";
/// A shorter text is no secret, and looking for it would tear every text apart, in bytes.
const SECRET_BYTES_MIN: usize = 4;
/// In a target's answers only secrets that no honest answer contains by chance are looked for, in bytes: an account
/// that happens to be called like a weak password has to stay what it is.
const ANSWER_SECRET_BYTES_MIN: usize = 12;

/// Tokens and assertions that are still looked for after newer ones came: a process that runs for months fetches thousands,
/// and none is good for longer than a few of its followers.
const PASSING_MAX: usize = 16;

struct Form {
    bytes: Zeroizing<Vec<u8>>,
    /// Which of the passing secrets it belongs to; none for one that stays.
    passing: Option<u64>,
    /// Whether it is also taken out of what the plugin gets to see.
    in_answers: bool,
}

/// The secrets that are in use, in all their forms.
#[derive(Default)]
pub(crate) struct Redactor {
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    /// The longest first.
    forms: Vec<Form>,
    begins: Begins,
    /// How many passing secrets were learned.
    passed: u64,
}

impl Redactor {
    /// Learns a secret before it is used for the first time.
    pub(crate) fn learn(&self, secret: &str) {
        self.add(secret, false);
    }

    /// Learns one that others will follow: a token, or what asks for one.
    pub(crate) fn learn_passing(&self, secret: &str) {
        self.add(secret, true);
    }

    fn add(&self, secret: &str, passes: bool) {
        if secret.len() < SECRET_BYTES_MIN {
            return;
        }
        let in_answers = secret.len() >= ANSWER_SECRET_BYTES_MIN;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.forms.iter().any(|form| form.bytes.as_slice() == secret.as_bytes()) {
            return;
        }
        let passing = passes.then_some(known.passed);
        known.passed += u64::from(passes);
        let oldest = known.passed.saturating_sub(PASSING_MAX as u64);
        known.forms.retain(|form| form.passing.is_none_or(|number| number >= oldest));
        for bytes in forms_of(secret) {
            known.forms.push(Form { bytes: Zeroizing::new(bytes), passing, in_answers });
        }
        known.forms.sort_by_key(|form| std::cmp::Reverse(form.bytes.len()));
        known.begins = Begins::of(&known.forms);
    }

    pub(crate) fn text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.bytes(text.as_bytes())).into_owned()
    }

    pub(crate) fn bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        self.replace(bytes, |_| true)
    }

    /// For what the plugin gets to see.
    pub(super) fn answer<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        self.replace(bytes, |form| form.in_answers)
    }

    fn replace<'a>(&self, bytes: &'a [u8], wanted: impl Fn(&Form) -> bool) -> Cow<'a, [u8]> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut out: Option<Vec<u8>> = None;
        let (mut rest, mut copied) = (bytes, 0);
        while let [first, second, ..] = rest {
            let fits = |form: &&Form| wanted(form) && rest.starts_with(&form.bytes);
            let found = if known.begins.has(*first, *second) { known.forms.iter().find(fits) } else { None };
            match found {
                Some(form) => {
                    let at = bytes.len() - rest.len();
                    let out = out.get_or_insert_default();
                    out.extend_from_slice(bytes.get(copied..at).unwrap_or_default());
                    out.extend_from_slice(PLACEHOLDER.as_bytes());
                    rest = rest.get(form.bytes.len()..).unwrap_or_default();
                    copied = at + form.bytes.len();
                }
                None => rest = rest.get(1..).unwrap_or_default(),
            }
        }
        match out {
            Some(mut out) => {
                out.extend_from_slice(bytes.get(copied..).unwrap_or_default());
                Cow::Owned(out)
            }
            None => Cow::Borrowed(bytes),
        }
    }
}

const PAIRS: usize = 1 << u16::BITS;

/// Which two bytes some form begins with: hardly any place of a long answer has to be looked at twice.
#[derive(Default)]
struct Begins(Zeroizing<Vec<u64>>);

impl Begins {
    fn of(forms: &[Form]) -> Self {
        let mut bits = Zeroizing::new(vec![0; PAIRS / u64::BITS as usize]);
        for form in forms {
            if let [first, second, ..] = form.bytes.as_slice() {
                let (word, bit) = Self::place(*first, *second);
                if let Some(word) = bits.get_mut(word) {
                    *word |= bit;
                }
            }
        }
        Self(bits)
    }

    fn has(&self, first: u8, second: u8) -> bool {
        let (word, bit) = Self::place(first, second);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    /// The word of a pair, and its bit there.
    fn place(first: u8, second: u8) -> (usize, u64) {
        let pair = u32::from(u16::from_be_bytes([first, second]));
        ((pair / u64::BITS) as usize, 1 << (pair % u64::BITS))
    }
}

fn forms_of(secret: &str) -> BTreeSet<Vec<u8>> {
    let bytes = secret.as_bytes();
    let mut forms = BTreeSet::from([bytes.to_vec()]);
    for engine in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD] {
        forms.insert(engine.encode(bytes).into_bytes());
        forms.extend(inside_base64(engine, bytes));
    }
    forms.insert(hex::encode(bytes).into_bytes());
    forms.insert(hex::encode_upper(bytes).into_bytes());
    for (all, upper) in [(false, false), (false, true), (true, false), (true, true)] {
        let percent = percent_encode(bytes, all, upper);
        forms.insert(percent.replace("%20", "+").into_bytes());
        forms.insert(percent.into_bytes());
    }
    let json = serde_json::Value::from(secret).to_string();
    let json = json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or_default();
    forms.insert(json.replace('/', "\\/").into_bytes());
    forms.insert(json.as_bytes().to_vec());
    // JSON lets any character be written so, and a parser undoes it.
    let units: Vec<u16> = secret.encode_utf16().collect();
    forms.insert(units.iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>().into_bytes());
    forms.insert(units.iter().map(|unit| format!("\\u{unit:04X}")).collect::<String>().into_bytes());
    forms.retain(|form| form.len() >= SECRET_BYTES_MIN);
    forms
}

/// What stays the same of a secret in base64, wherever in the encoded text it stands: after `user:`, for instance.
fn inside_base64(engine: &impl Engine, secret: &[u8]) -> Vec<Vec<u8>> {
    // Only whole groups of three bytes are sure; what is shorter occurs by chance.
    (0..3_usize)
        .filter_map(|shift| {
            let whole = secret.get(shift..)?;
            let whole = whole.get(..whole.len() / 3 * 3)?;
            (whole.len() >= 9).then(|| engine.encode(whole).into_bytes())
        })
        .collect()
}

fn percent_encode(bytes: &[u8], all: bool, upper: bool) -> String {
    let mut out = String::new();
    for byte in bytes {
        match byte {
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(*byte)),
            b'-' | b'.' | b'_' | b'~' | b'*' if !all => out.push(char::from(*byte)),
            byte if upper => out.push_str(&format!("%{byte:02X}")),
            byte => out.push_str(&format!("%{byte:02x}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(secrets: &[&str]) -> Redactor {
        let redactor = Redactor::default();
        secrets.iter().for_each(|secret| redactor.learn(secret));
        redactor
    }

    #[test]
    fn a_secret_goes_in_every_encoding_that_a_request_carries_it_in() {
        let secret = "p@ss wörd/1\"?x";
        let redactor = redactor(&[secret]);
        for text in [
            secret.to_owned(),
            STANDARD.encode(secret),
            URL_SAFE_NO_PAD.encode(secret),
            STANDARD.encode(format!("admin:{secret}")),
            STANDARD.encode(format!("ab:{secret}")),
            STANDARD.encode(format!("a:{secret}:z")),
            hex::encode(secret),
            "p%40ss%20w%C3%B6rd%2F1%22%3Fx".to_owned(),
            "p%40ss+w%c3%b6rd%2f1%22%3fx".to_owned(),
            serde_json::to_string(secret).unwrap(),
            "p@ss wörd\\/1\\\"?x".to_owned(),
            secret.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect(),
        ] {
            let out = redactor.text(&format!("before {text} after"));
            assert!(out.contains(PLACEHOLDER), "{text}: {out}");
            for part in ["w%C3", "wör", "cEBzcyB3", "77c3b6"] {
                assert!(!out.contains(part), "{text}: {out}");
            }
            assert!(out.starts_with("before ") && out.ends_with(" after"), "{out}");
        }
    }

    #[test]
    fn the_longest_secret_goes_first_and_what_is_too_short_stays() {
        let redactor = redactor(&["token", "token-and-more", "abc"]);
        assert_eq!(redactor.text("token-and-more token abc"), "[secret] [secret] abc");
        assert!(matches!(redactor.bytes(b"nothing here"), Cow::Borrowed(_)));
    }

    #[test]
    fn of_secrets_that_pass_the_latest_are_kept_and_one_that_stays_stays() {
        let redactor = redactor(&["the-client-secret"]);
        let token = |number: usize| format!("token-number-{number:04}");
        (0..PASSING_MAX + 1).for_each(|number| redactor.learn_passing(&token(number)));
        assert_eq!(redactor.text(&token(0)), token(0), "it was over long ago");
        for number in 1..=PASSING_MAX {
            assert_eq!(redactor.text(&token(number)), PLACEHOLDER);
        }
        assert_eq!(redactor.text("the-client-secret"), PLACEHOLDER);
    }

    #[test]
    fn an_answer_loses_strong_secrets_only() {
        let redactor = redactor(&["admin", "a-long-and-random-token"]);
        assert_eq!(redactor.answer(b"admin a-long-and-random-token").as_ref(), b"admin [secret]");
        assert_eq!(redactor.bytes(b"admin a-long-and-random-token").as_ref(), b"[secret] [secret]");
    }

    #[test]
    fn bytes_that_are_no_text_are_searched_too() {
        let redactor = redactor(&["s3cr3t-value"]);
        assert_eq!(redactor.bytes(b"\xff\xfes3cr3t-value\x00").as_ref(), b"\xff\xfe[secret]\x00");
    }
}
