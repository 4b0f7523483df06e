//! What a command can end with besides success. The text is for the person at the keyboard, the exit code for scripts.

use reeve_core::policy::PolicyFault;
use reeve_runtime::RuntimeError;
use reeve_runtime::package::PackageError;
use reeve_runtime::vault::VaultError;
use reeve_store::StoreError;
use std::path::{Path, PathBuf};

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request can't be carried out as it stands; the sentence says what to change.
    #[error("{0}")]
    Input(String),
    #[error("{0}")]
    NotFound(String),
    /// A rule, a guardrail or a missing consent stands against it.
    #[error("{0}")]
    Refused(String),
    /// The audit log was changed behind Reeve's back.
    #[error("{0}")]
    Damaged(String),
    /// It was done, and something is left that needs a person or time.
    #[error("{0}")]
    Left(String),
    #[error("the policy has {} fault(s), so it is not used:\n{}", .0.len(), lines(.0))]
    Policy(Vec<PolicyFault>),
    #[error("{path}: {source}", path = .path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    #[error(transparent)]
    Package(#[from] PackageError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Checkpoint(#[from] reeve_core::audit::CheckpointError),
    #[error(transparent)]
    Note(#[from] reeve_core::audit::NoteError),
    #[error(transparent)]
    Tile(#[from] reeve_core::audit::TileError),
    #[error("the log in {dir} does not verify: {source}")]
    Verify { dir: String, source: reeve_core::audit::VerifyError },
    #[error("this can't be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

fn lines(faults: &[PolicyFault]) -> String {
    faults.iter().map(|fault| format!("  {fault}")).collect::<Vec<_>>().join("\n")
}

impl Error {
    pub fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    /// 1 a fault, 3 refused by a rule, 4 done but something is left, 5 not found. (2 is a wrong command line.)
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(_) | Self::Damaged(_) | Self::Policy(_) => 3,
            Self::Left(_) => 4,
            Self::NotFound(_) => 5,
            _ => 1,
        }
    }
}
