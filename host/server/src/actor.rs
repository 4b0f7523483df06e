//! Who is at the keyboard. The operating system vouches for it, so the user id counts and the environment does not.

use reeve_core::audit::Actor;
use std::os::unix::fs::MetadataExt;

pub fn operator() -> Actor {
    let uid = std::fs::metadata("/proc/self").map(|about| about.uid());
    let name = match uid {
        Ok(uid) => account_name(uid).unwrap_or_else(|| format!("uid {uid}")),
        Err(_) => "unknown".to_owned(),
    };
    Actor::Operator { name }
}

fn account_name(uid: u32) -> Option<String> {
    let accounts = std::fs::read_to_string("/etc/passwd").ok()?;
    let mut lines = accounts.lines().map(|line| line.split(':'));
    lines.find_map(|mut fields| {
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

pub fn name(actor: &Actor) -> String {
    match actor {
        Actor::Person { name } | Actor::Operator { name } => name.clone(),
        Actor::System => "reeve".to_owned(),
    }
}
