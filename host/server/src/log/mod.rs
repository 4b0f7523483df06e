//! The log as files that an outsider checks: exported in the C2SP tile layout, verified from those files alone.

pub mod proofs;

use crate::app::App;
use crate::error::{Error, Result};
use reeve_core::audit::{CHECKPOINT_PATH, Event, FILE_BYTES_MAX, Report, TileFile, TileWriter, VerifierKey, verify};
use serde_json::json;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Beside the tiles: the public key as one C2SP vkey line.
pub const VERIFIER_KEY: &str = "verifier.key";
/// Entries read at once.
const ENTRIES_PER_READ: u32 = 2_000;

/// Writes the log as of its signed head. It is written beside `dir` and put in its place when it is whole.
pub async fn export(app: &App, dir: &Path) -> Result<u64> {
    let mut tx = app.write().await?;
    let entry = app.entry(Event::EvidenceExported).with_data(json!({ "what": "the audit log" }));
    tx.audit(&entry).await?;
    tx.commit().await?;
    app.seal().await?;
    let mut tx = app.store.read().await?;
    let head = tx.checkpoint().await?.ok_or_else(|| Error::NotFound("the log has no signed head yet".to_owned()))?;

    let part = part_of(dir)?;
    std::fs::create_dir_all(&part).map_err(Error::io(&part))?;
    let bar = app.out.bar("exporting the log", Some(head.size));
    let mut writer = TileWriter::new();
    let mut next = 0;
    while next < head.size {
        let entries = tx.log_entries(next, ENTRIES_PER_READ).await?;
        if entries.is_empty() {
            return Err(Error::Refused(format!("the audit log lacks entry {next}; nothing was exported")));
        }
        for (seq, bytes) in entries.into_iter().take_while(|(seq, _)| *seq < head.size) {
            for file in writer.push(&bytes)? {
                write(&part, &file)?;
            }
            next = seq + 1;
        }
        bar.set_position(next);
    }
    let finished = writer.finish();
    if finished.tree.root() != app.open_checkpoint(&head.note)?.root {
        return Err(Error::Refused("the entries do not lead to the signed head; nothing was exported".to_owned()));
    }
    for file in &finished.files {
        write(&part, file)?;
    }
    write(&part, &TileFile { path: VERIFIER_KEY.to_owned(), bytes: format!("{}\n", app.verifier_key()).into_bytes() })?;
    write(&part, &TileFile { path: CHECKPOINT_PATH.to_owned(), bytes: head.note.into_bytes() })?;
    bar.finish_and_clear();
    replace(dir, &part)?;
    Ok(head.size)
}

fn part_of(dir: &Path) -> Result<PathBuf> {
    let name = dir
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| Error::Input(format!("{} can't be a folder to export to; name a new one", dir.display())))?;
    // A folder that holds something else is not replaced by a log.
    let foreign = dir.exists() && !dir.join(CHECKPOINT_PATH).exists();
    if foreign && std::fs::read_dir(dir).map_err(Error::io(dir))?.next().is_some() {
        return Err(Error::Refused(format!(
            "{} is not empty and holds no exported log; name another folder",
            dir.display()
        )));
    }
    let part = dir.with_file_name(format!(".{name}.{}.part", std::process::id()));
    if part.exists() {
        std::fs::remove_dir_all(&part).map_err(Error::io(&part))?;
    }
    Ok(part)
}

fn replace(dir: &Path, part: &Path) -> Result<()> {
    let old = part.with_extension("old");
    if dir.exists() {
        std::fs::rename(dir, &old).map_err(Error::io(dir))?;
    }
    std::fs::rename(part, dir).map_err(Error::io(dir))?;
    if old.exists() {
        std::fs::remove_dir_all(&old).map_err(Error::io(&old))?;
    }
    Ok(())
}

fn write(root: &Path, file: &TileFile) -> Result<()> {
    let path = root.join(&file.path);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    }
    std::fs::write(&path, &file.bytes).map_err(Error::io(&path))
}

/// Checks an exported log. Needs no database, no key of ours and no network.
pub fn check(dir: &Path, key: Option<&Path>, pinned: Option<&Path>) -> Result<Report> {
    let key_file = key.map_or_else(|| dir.join(VERIFIER_KEY), Path::to_owned);
    let lines = read(&key_file, FILE_BYTES_MAX)?;
    let lines = String::from_utf8_lossy(&lines).into_owned();
    let trusted = lines.lines().filter(|line| !line.is_empty()).map(str::parse::<VerifierKey>);
    let trusted = trusted.collect::<std::result::Result<Vec<_>, _>>()?;
    let pinned = pinned.map(|path| read(path, FILE_BYTES_MAX)).transpose()?;
    verify(&trusted, pinned.as_deref(), |path| read(&dir.join(path), FILE_BYTES_MAX).map_err(|error| error.to_string()))
        .map_err(|source| Error::Verify { dir: dir.display().to_string(), source })
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let file = std::fs::File::open(path).map_err(Error::io(path))?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(Error::io(path))?;
    if bytes.len() as u64 > limit {
        return Err(Error::Input(format!("{} is larger than any file of a log", path.display())));
    }
    Ok(bytes)
}
