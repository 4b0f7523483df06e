//! A released contract never changes: plugins are built against it.

use crate::source::{children, file_name, root};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

#[test]
fn the_contract_is_frozen_folder_by_folder() {
    let folders = children(&root().join("wit")).into_iter().filter(|path| path.is_dir());
    let versioning = std::fs::read_to_string(root().join("wit/VERSIONING.md")).unwrap();
    let rows = versions(&versioning);
    let mut found = BTreeSet::new();
    for folder in folders {
        let version = file_name(&folder);
        let files: Vec<_> = children(&folder);
        let names: Vec<_> = files.iter().map(|path| file_name(path)).collect();
        assert_eq!(names, ["exports.wit", "imports.wit", "types.wit", "worlds.wit"], "files of wit/{version}");
        let texts: Vec<_> = files.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
        for (name, text) in names.iter().zip(&texts) {
            let package = format!("package reeve:connector@{version};");
            assert_eq!(text.lines().next(), Some(package.as_str()), "the first line of wit/{version}/{name}");
        }
        let row = rows.iter().find(|row| row.version == version);
        let row = row.unwrap_or_else(|| panic!("wit/VERSIONING.md has no row for {version}"));
        if let Some(fault) = freeze_fault(row, &digest(&names, &texts)) {
            panic!("{fault}");
        }
        found.insert(version);
    }
    let listed: BTreeSet<_> = rows.iter().map(|row| row.version.clone()).collect();
    assert_eq!(found, listed, "folders of wit/ and rows of wit/VERSIONING.md");
    let offered: BTreeSet<_> = reeve_runtime::package::CONTRACTS.iter().map(|version| (*version).to_owned()).collect();
    assert_eq!(found, offered, "folders of wit/ and the contracts that the host runs");
}

#[test]
fn a_frozen_contract_that_changed_is_noticed() {
    let before = digest(&["a.wit".to_owned()], &["interface a {}".to_owned()]);
    let after = digest(&["a.wit".to_owned()], &["interface a { b: func(); }".to_owned()]);
    let rows = versions(&format!(
        "| version | state | digest |\n|---|---|---|\n| 0.1.0 | frozen | `{before}` |\n| 0.2.0 | open | |\n"
    ));
    assert!(freeze_fault(&rows[0], &before).is_none());
    assert!(freeze_fault(&rows[0], &after).is_some());
    assert!(freeze_fault(&rows[1], &after).is_none());
}

/// A row of the table of versions in wit/VERSIONING.md.
struct Version {
    version: String,
    state: String,
    digest: String,
}

fn versions(markdown: &str) -> Vec<Version> {
    let rows =
        markdown.lines().filter(|line| line.starts_with("| ") && line.contains(|char: char| char.is_ascii_digit()));
    rows.filter_map(|row| {
        let cells: Vec<_> = row.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect();
        let [_, version, state, digest, ..] = cells.as_slice() else { return None };
        let known = ["open", "frozen"].contains(&state.as_str());
        known.then(|| Version { version: version.clone(), state: state.clone(), digest: digest.clone() })
    })
    .collect()
}

/// SHA-256 over each file's name and text, as lines of `sha256sum` would be: names in order.
fn digest(names: &[String], texts: &[String]) -> String {
    let line = |(name, text): (&String, &String)| format!("{}  {name}\n", hex::encode(Sha256::digest(text)));
    hex::encode(Sha256::digest(names.iter().zip(texts).map(line).collect::<String>()))
}

fn freeze_fault(row: &Version, digest: &str) -> Option<String> {
    let Version { version, state, digest: frozen } = row;
    (state == "frozen" && frozen != digest).then(|| {
        format!(
            "wit/{version} is frozen as {frozen} and is now {digest}; put the change into a folder of the next version"
        )
    })
}
