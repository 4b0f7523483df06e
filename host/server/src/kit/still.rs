//! The checks that need no target: whether file, manifest, component and description agree.

use super::report::{Check, Report, Seen};
use reeve_core::access::{Description, OperationKind};
use reeve_runtime::Bench;
use reeve_runtime::package::{Export, Manifest};
use std::collections::BTreeSet;

pub const PACKAGE: Check = Check {
    name: "package",
    remedy: "Make the file with `reeve plugin build` or `reeve plugin pack`; both say what they refuse.",
};
pub const LOADS: Check = Check {
    name: "loads",
    remedy: "Build it against wit/ of the contract that its manifest names; `reeve plugin inspect` lists what it imports.",
};
pub const DESCRIBE_SAME: Check =
    Check { name: "describe-same", remedy: "Make `describe` depend on the settings alone: plans rest on it." };
pub const DESCRIBE_STATIC: Check = Check {
    name: "describe-static",
    remedy: "Ask the target in `check`, not in `describe`, which must work while the target is down.",
};
pub const CAPABILITIES: Check = Check {
    name: "capabilities",
    remedy: "Declare what the exports can do and nothing else; take an export that does nothing off the manifest.",
};

/// Asks the plugin what it is, twice. None where it can't say.
pub async fn describe(bench: &Bench, report: &mut Report) -> Option<Description> {
    bench.calm();
    let first = bench.connector().describe().await;
    let (requests, _) = bench.requests();
    let again = bench.connector().describe().await;
    let same = match (&first, &again) {
        (Ok(first), Ok(again)) if first == again => Seen::Fine("twice the same".to_owned()),
        (Ok(_), Ok(_)) => Seen::Wrong("two calls gave two descriptions".to_owned()),
        (Err(failure), _) | (_, Err(failure)) => Seen::Wrong(failure.to_string()),
    };
    report.add(DESCRIBE_SAME, "describe", same);
    let asked = (requests > 0).then(|| format!("it made {requests} requests"));
    report.add(DESCRIBE_STATIC, "describe", Seen::unless(asked, "made no request"));
    first.ok()
}

/// Whether the description says what the exports can do.
pub fn capabilities(manifest: &Manifest, description: &Description, report: &mut Report) {
    let fault = faults(manifest, description);
    let fine = format!("{} capabilities", description.capabilities.len());
    report.add(CAPABILITIES, "describe", Seen::unless(fault, fine));
}

fn faults(manifest: &Manifest, description: &Description) -> Option<String> {
    let exports = |export| manifest.exports.contains(&export);
    let operations = || description.capabilities.iter().map(|capability| capability.operation);
    let writes = operations().any(|operation| operation != OperationKind::EndCredential);
    let ends = operations().any(|operation| operation == OperationKind::EndCredential);
    let listed = !description.credential_kinds.is_empty();
    let mut faults = Vec::new();
    let mut say = |wrong: bool, text: &str| {
        if wrong {
            faults.push(text.to_owned());
        }
    };
    say(writes && !exports(Export::Writer), "it declares operations and does not export `writer`");
    say(!writes && exports(Export::Writer), "it exports `writer` and declares no operation");
    say((ends || listed) && !exports(Export::Credentials), "it declares credentials and does not export `credentials`");
    say(!listed && exports(Export::Credentials), "it exports `credentials` and declares no kind of them");
    say(
        !description.finds_by.is_empty() && !exports(Export::Reader),
        "it says what it finds accounts by and does not export `reader`",
    );
    let kinds = &description.entitlement_kinds;
    say(!kinds.is_empty() && !exports(Export::Reader), "it declares entitlements and does not export `reader`");
    let mut seen = BTreeSet::new();
    for capability in &description.capabilities {
        let name = format!("{:?}", capability.operation).to_lowercase();
        say(
            !seen.insert((capability.operation, capability.entitlement_kind.clone())),
            &format!("it declares {name} twice for the same entitlements"),
        );
        say(capability.mechanism.trim().is_empty(), &format!("the mechanism of {name} is empty, and auditors read it"));
        if let Some(kind) = &capability.entitlement_kind {
            say(!kinds.contains(kind), &format!("{name} is for the entitlements {kind:?}, which it does not list"));
        }
    }
    (!faults.is_empty()).then(|| faults.join("; "))
}
