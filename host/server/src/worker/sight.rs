//! The fresh read by which an operation is judged.

use reeve_core::access::{AccountView, MatchBy};
use reeve_core::id::NativeId;
use reeve_core::plan::{Action, NewAccount};
use reeve_core::run::{Failure, Operation, Sight};
use reeve_runtime::Connector;

pub(super) struct Seen {
    pub sight: Result<Sight, Failure>,
    /// The account as it was read, to be stored if the operation is settled by it.
    pub view: Option<(NativeId, Option<AccountView>)>,
}

/// Reads what the operation was to change.
pub(super) async fn look(connector: &Connector, operation: &Operation, finds_by: &[MatchBy]) -> Seen {
    let failed = |failure| Seen { sight: Err(failure), view: None };
    match (&operation.planned.action, &operation.account) {
        (Action::EndCredential { .. }, Some(account)) => {
            let sight = connector.list_credentials(account).await.map(Sight::Credentials);
            Seen { sight, view: None }
        }
        (_, Some(account)) => match connector.get_account(account).await {
            Ok(view) => {
                Seen { sight: Ok(Sight::Account(view.clone().map(Box::new))), view: Some((account.clone(), view)) }
            }
            Err(failure) => failed(failure),
        },
        (Action::Create(new), None) => {
            let Some((by, key)) = unique_key(new, finds_by) else {
                return Seen { sight: Ok(Sight::Blind), view: None };
            };
            let found = match connector.find_account(by, &key).await {
                Ok(found) => found,
                Err(failure) => return failed(failure),
            };
            let view = match found.as_slice() {
                // With its grants, so that what is stored of it is whole.
                [one] => connector.get_account(&one.id).await.ok().map(|view| (one.id.clone(), view)),
                _ => None,
            };
            Seen { sight: Ok(Sight::Found(found)), view }
        }
        (_, None) => failed(Failure::Internal("the account of this operation is not known".to_owned())),
    }
}

/// The best key that the connector can search a new account by.
fn unique_key(new: &NewAccount, finds_by: &[MatchBy]) -> Option<(MatchBy, String)> {
    let keys = [
        (MatchBy::CorrelationKey, new.correlation_key.clone()),
        (MatchBy::Login, Some(new.login.clone())),
        (MatchBy::Email, new.email.clone()),
    ];
    keys.into_iter().filter(|(by, _)| finds_by.contains(by)).find_map(|(by, key)| Some((by, key?)))
}
