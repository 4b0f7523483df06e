//! What must hold of every schedule, judged without the judge that is being tried.

use crate::target::Target;
use crate::world::{Ms, World};
use reeve_core::access::AccountState;
use reeve_core::id::NativeId;
use reeve_core::identity::Standing;
use reeve_core::plan::{AccountRef, Action};

/// Whether the target showed the wished end of an action to a read of that moment.
pub fn shows(action: &Action<AccountRef>, account: Option<&NativeId>, target: &Target, moment: Ms) -> bool {
    let shape = account.and_then(|id| target.held(id)?.at(moment));
    let Some(shape) = shape else {
        return matches!(
            action,
            Action::Disable { .. } | Action::Freeze { .. } | Action::Delete { .. } | Action::Revoke { .. }
        );
    };
    let powerless = matches!(shape.state, AccountState::Disabled | AccountState::Deleted);
    match action {
        Action::Create(new) => {
            let theirs = target.held(account.unwrap()).unwrap().key == new.correlation_key.as_deref().unwrap();
            theirs && !powerless
        }
        Action::Enable { .. } => shape.state == AccountState::Active,
        Action::Disable { .. } => powerless,
        Action::Freeze { .. } => powerless || shape.state == AccountState::Frozen,
        Action::Delete { .. } => shape.state == AccountState::Deleted,
        Action::Grant { entitlement, .. } => shape.grants.contains(entitlement),
        Action::Revoke { entitlement, .. } => !shape.grants.contains(entitlement),
        Action::Replace { take, give, .. } => {
            shape.grants.contains(give) && take.as_ref().is_none_or(|take| !shape.grants.contains(take))
        }
        Action::Update { .. } | Action::EndCredential { .. } => false,
    }
}

/// What a schedule that has come to its end breaks; none if it keeps the law.
pub fn broken(world: &World) -> Option<String> {
    for row in &world.store.rows {
        let one = &row.operation;
        if !one.phase.is_settled() {
            return Some(format!("{} is still {}: {:?}", one.id, one.phase.as_str(), one.trouble));
        }
        if one.phase.needs_person() && one.trouble.is_none() {
            return Some(format!("{} is {} and nobody says why", one.id, one.phase.as_str()));
        }
        if row.ends != row.reopened + 1 {
            return Some(format!(
                "{} came to {} ends, and was taken up again {} times",
                one.id, row.ends, row.reopened
            ));
        }
        let effects = world.target.ledger.get(&one.id).copied().unwrap_or(0);
        if effects > row.intents {
            return Some(format!("{} took effect {effects} times and was intended {} times", one.id, row.intents));
        }
        if !world.target.idempotent && effects > 1 + row.releases {
            return Some(format!("{} took effect {effects} times, and is not safe to repeat", one.id));
        }
    }
    let left = world.people.iter().filter(|person| person.standing == Standing::Left);
    for person in left {
        for held in world.target.accounts.iter().filter(|held| held.key == person.id.as_str()) {
            let open = !matches!(held.now().state, AccountState::Disabled | AccountState::Deleted);
            if open && !world.target.protected.contains(&held.id) {
                return Some(format!("{} left, and account {} is {:?}", person.id, held.id, held.now().state));
            }
        }
    }
    None
}
