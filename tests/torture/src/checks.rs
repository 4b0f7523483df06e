//! What must hold after any world, whatever was killed in it: each a name, a sentence, and a check of the record that
//! answers with what breaks it.

use crate::record::{Effect, Happened, Logged, Record, root};
use crate::target::Holds;
use base64::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

pub struct Check {
    pub name: &'static str,
    pub sentence: &'static str,
    check: fn(&Record, &Wished) -> Vec<String>,
}

/// How the world must end.
#[derive(Clone, Debug)]
pub struct Wished {
    /// By login, at every target.
    pub end: BTreeMap<String, Holds>,
    pub leavers: BTreeSet<String>,
}

pub const CHECKS: [Check; 9] = [
    Check {
        name: "intent-before-effect",
        sentence: "Nothing happened at a target that the log did not announce before.",
        check: intent_before_effect,
    },
    Check {
        name: "one-end",
        sentence: "Every operation that was begun came to exactly one end, and every attempt to one answer.",
        check: one_end,
    },
    Check {
        name: "nothing-twice",
        sentence: "No operation had more than one effect, and no account was made twice.",
        check: nothing_twice,
    },
    Check {
        name: "leavers-out",
        sentence: "Every leaver's account is disabled and in no group, as the targets themselves say.",
        check: leavers_out,
    },
    Check {
        name: "wished-end",
        sentence: "Everybody has exactly the access that follows from who they are, as the targets themselves say.",
        check: wished_end,
    },
    Check {
        name: "log-verifies",
        sentence: "The exported log verifies, and its numbers have no gap.",
        check: log_verifies,
    },
    Check {
        name: "heads-are-prefixes",
        sentence: "Every signed head that was ever seen is the root of a prefix of the final log.",
        check: heads_are_prefixes,
    },
    Check {
        name: "nothing-stuck",
        sentence: "No operation is left, every leaver's case is closed, and a new plan would change nothing.",
        check: nothing_stuck,
    },
    Check {
        name: "closed-on-proof",
        sentence: "No leaver's case was closed while a target still showed access.",
        check: closed_on_proof,
    },
];

/// The name of what is judged while a world goes on: how its commands end.
pub const ENDS_WELL: &str = "ends-well";

/// What is broken, each as `name: what`.
pub fn broken(record: &Record, wished: &Wished) -> Vec<String> {
    let mut broken = Vec::new();
    for Check { name, check, .. } in &CHECKS {
        broken.extend(check(record, wished).into_iter().map(|what| format!("{name}: {what}")));
    }
    broken
}

/// Whether this operation's intent announces this effect.
fn announces(intent: &Logged, happened: &Happened, record: &Record) -> bool {
    let Some(action) = intent.data("action") else { return false };
    let text = |name: &str| action.get(name).and_then(|value| value.as_str());
    let account = intent.subject("account", "id");
    let (Some(does), true) = (text("do"), intent.subject("system", "name") == Some(&happened.system)) else {
        return false;
    };
    match &happened.effect {
        Effect::Created { login } => does == "create" && text("login") == Some(login),
        Effect::Joined { group, user } => {
            account == Some(user)
                && (does == "grant" && text("entitlement") == Some(group)
                    || does == "replace" && text("give") == Some(group))
        }
        Effect::Left { group, user } => {
            account == Some(user)
                && (does == "revoke" && text("entitlement") == Some(group)
                    || does == "replace" && text("take") == Some(group))
        }
        Effect::Enabled { user } => does == "enable" && account == Some(user),
        Effect::Disabled { user } => (does == "disable" || does == "freeze") && account == Some(user),
        Effect::Changed { user, .. } => {
            let login = record.logins.get(&(happened.system.clone(), user.clone()));
            does == "update" && account == Some(user) || does == "create" && text("login") == login.map(String::as_str)
        }
        Effect::Other(_) => false,
    }
}

fn intents(record: &Record) -> impl Iterator<Item = &Logged> {
    record.log.iter().filter(|logged| logged.event == "operation.intended")
}

fn intent_before_effect(record: &Record, _: &Wished) -> Vec<String> {
    let announced =
        |happened: &&Happened| intents(record).any(|one| one.at <= happened.at && announces(one, happened, record));
    record.happened.iter().filter(|one| !announced(one)).map(|one| format!("{one:?} was not announced")).collect()
}

fn nothing_twice(record: &Record, _: &Wished) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen: BTreeMap<(&str, &Effect), u64> = BTreeMap::new();
    for happened in &record.happened {
        *seen.entry((happened.system.as_str(), &happened.effect)).or_default() += 1;
    }
    for ((system, effect), times) in seen {
        let happened = record.happened.iter().find(|one| one.system == system && one.effect == *effect);
        let Some(happened) = happened else { continue };
        let operations: BTreeSet<_> = intents(record)
            .filter(|intent| announces(intent, happened, record))
            .filter_map(|intent| intent.subject("operation", "id"))
            .collect();
        let is_create = matches!(effect, Effect::Created { .. });
        if times > operations.len() as u64 || is_create && times > 1 {
            faults.push(format!("{effect:?} at {system} happened {times} times, by the operations {operations:?}"));
        }
    }
    faults
}

fn one_end(record: &Record, _: &Wished) -> Vec<String> {
    const ENDS: [&str; 5] = ["verified", "residual", "refused", "held", "cancelled"];
    let mut told: BTreeMap<&str, Vec<(&str, &Logged)>> = BTreeMap::new();
    for logged in &record.log {
        if let (Some(what), Some(id)) = (logged.event.strip_prefix("operation."), logged.subject("operation", "id")) {
            told.entry(id).or_default().push((what, logged));
        }
    }
    let mut faults = Vec::new();
    for (id, told) in told {
        let events: Vec<_> = told.iter().map(|(what, _)| *what).collect();
        let ends = events.iter().filter(|what| ENDS.contains(what)).count();
        if ends != 1 || !events.last().is_some_and(|last| ENDS.contains(last)) {
            faults.push(format!("operation {id} has {ends} ends: {events:?}"));
        }
        // Between two attempts it must stand in the log that the one before did not happen.
        if told.windows(2).any(|pair| matches!(pair, [("intended", _), ("intended", _)])) {
            faults.push(format!("operation {id} was sent again without a word about the attempt before: {events:?}"));
        }
    }
    faults
}

fn leavers_out(record: &Record, wished: &Wished) -> Vec<String> {
    let mut faults = Vec::new();
    for (system, holdings) in &record.holdings {
        for login in &wished.leavers {
            if let Some(holds) = holdings.get(login).filter(|holds| holds.active || !holds.groups.is_empty()) {
                faults.push(format!("{login} has {holds:?} at {system}"));
            }
        }
    }
    faults
}

fn wished_end(record: &Record, wished: &Wished) -> Vec<String> {
    let mut faults = Vec::new();
    for (system, holdings) in &record.holdings {
        for login in wished.end.keys().chain(holdings.keys()).collect::<BTreeSet<_>>() {
            let (is, must) = (holdings.get(login), wished.end.get(login));
            if is != must {
                faults.push(format!("{login} has {is:?} at {system}, and must have {must:?}"));
            }
        }
    }
    faults
}

fn log_verifies(record: &Record, _: &Wished) -> Vec<String> {
    record.refused.iter().cloned().collect()
}

fn heads_are_prefixes(record: &Record, _: &Wished) -> Vec<String> {
    let mut faults = Vec::new();
    if record.heads.is_empty() {
        faults.push("no signed head was seen".to_owned());
    }
    for (size, signed) in &record.heads {
        let found = root(&record.log, *size).map(|root| BASE64_STANDARD.encode(root));
        if found.as_ref() != Some(signed) {
            faults.push(format!("the head of {size} entries signs {signed}, and the log leads to {found:?}"));
        }
    }
    faults
}

fn nothing_stuck(record: &Record, wished: &Wished) -> Vec<String> {
    let left = record.left.iter().map(|one| format!("this operation is left: {one}"));
    let planned = record.planned.iter().map(|one| format!("this would still be done: {one}"));
    let open =
        record.cases.iter().filter(|case| case["state"] == "open").map(|case| format!("this case is open: {case}"));
    let mut faults: Vec<_> = left.chain(planned).chain(open).collect();
    let closed = record.cases.iter().filter(|case| case["state"] == "closed").count();
    let had_accounts = wished.leavers.iter().filter(|login| wished.end.contains_key(*login)).count();
    if closed < had_accounts {
        faults.push(format!("{had_accounts} people left, and {closed} cases are closed"));
    }
    faults
}

fn closed_on_proof(record: &Record, _: &Wished) -> Vec<String> {
    let mut faults = Vec::new();
    for closed in record.log.iter().filter(|logged| logged.event == "case.closed") {
        let identity = closed.subject("identity", "id");
        // Whose accounts they are is told by the intents that made or ended them.
        let about = |logged: &&Logged| logged.subject("identity", "id") == identity;
        let accounts: BTreeSet<_> = record
            .log
            .iter()
            .filter(about)
            .filter_map(|logged| Some((logged.subject("system", "name")?, logged.subject("account", "id")?)))
            .collect();
        for (system, account) in accounts {
            let here = record.happened.iter().filter(|one| one.system == system && one.at <= closed.at);
            let (mut active, mut groups) = (false, BTreeSet::new());
            for happened in here {
                match &happened.effect {
                    Effect::Created { login } if record.logins.get(&key(system, account)) == Some(login) => {
                        active = true
                    }
                    Effect::Enabled { user } if user == account => active = true,
                    Effect::Disabled { user } if user == account => active = false,
                    Effect::Joined { group, user } if user == account => drop(groups.insert(group)),
                    Effect::Left { group, user } if user == account => drop(groups.remove(group)),
                    _ => {}
                }
            }
            if active {
                faults.push(format!("at {} a case was closed with {account} active at {system}", closed.at));
            }
        }
        if closed.data("since-detected-s").and_then(|value| value.as_i64()).is_none_or(|seconds| seconds < 0) {
            faults.push(format!("a case took a negative time: {}", closed.entry));
        }
    }
    faults
}

fn key(system: &str, account: &str) -> (String, String) {
    (system.to_owned(), account.to_owned())
}
