//! `reeve plugin new|build|pack|sign|key|inspect`: the workshop, up to the finished file.

use crate::error::{Error, Result};
use crate::home::Home;
use crate::output::Output;
use crate::{plugins, scaffold};
use reeve_runtime::package::{Origin, component_type};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Makes a folder with a small connector that works, a toy server to try it against, and a README.
#[derive(Debug, clap::Args)]
pub struct NewArgs {
    /// The plugin's id, and the folder to make: a-z, 0-9 and -.
    name: String,
    /// The language. Others pack a component of their own: see `reeve plugin build --help`.
    #[arg(long, value_enum, default_value_t = Lang::Rust)]
    lang: Lang,
    /// A checkout of Reeve's `sdk/rust` to build against, in place of the copy that comes with the new folder.
    #[arg(long, value_name = "FOLDER")]
    sdk: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Lang {
    Rust,
}

/// Compiles the connector in a folder for wasm32-unknown-unknown and packs it with its plugin.toml.
#[derive(Debug, clap::Args)]
pub struct BuildArgs {
    /// The folder with plugin.toml and Cargo.toml.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// The file to make; by default ID.reeve in the folder.
    #[arg(short, long)]
    out: Option<PathBuf>,
    /// Signs with the key in this file, as `reeve plugin key` makes it.
    #[arg(long)]
    key: Option<PathBuf>,
    /// A component that another language's tools have built; nothing is compiled then.
    #[arg(long)]
    wasm: Option<PathBuf>,
    /// The cargo to compile with.
    #[arg(long, value_name = "PROGRAM", env = "REEVE_CARGO", default_value = scaffold::CARGO)]
    cargo: PathBuf,
}

/// Makes a plugin file of a manifest and a component (or a core module built with the SDK).
#[derive(Debug, clap::Args)]
pub struct PackArgs {
    /// plugin.toml
    manifest: PathBuf,
    /// plugin.wasm
    wasm: PathBuf,
    /// NAME.reeve
    #[arg(short, long)]
    out: PathBuf,
    /// Signs with the key in this file: one line, NAME BASE64 (an Ed25519 seed).
    #[arg(long)]
    key: Option<PathBuf>,
}

/// Signs a plugin file, in the place of whatever signature it had. Its digest stays the same.
#[derive(Debug, clap::Args)]
pub struct SignArgs {
    file: PathBuf,
    /// The key's file, as `reeve plugin key` makes it.
    #[arg(long)]
    key: PathBuf,
    /// Where the signed file goes; by default in the place of FILE.
    #[arg(short, long)]
    out: Option<PathBuf>,
}

/// Makes a key to sign plugins with, and prints the line that trusts it.
#[derive(Debug, clap::Args)]
pub struct KeyArgs {
    /// The key's name: a-z, 0-9 and -.
    name: String,
    /// The file to make. Keep it apart from the plugins.
    file: PathBuf,
}

/// Shows what a plugin file is and asks for, without running it.
#[derive(Debug, clap::Args)]
pub struct InspectArgs {
    file: PathBuf,
}

pub fn new(args: &NewArgs, out: Output) -> Result<()> {
    let Lang::Rust = args.lang;
    let folder = scaffold::new(&args.name, args.sdk.as_deref())?;
    let folder = folder.display().to_string();
    out.print(&json!({ "folder": folder }), || {
        format!(
            "Made {folder}. Its README has the four commands: toy server, build, check, install.\nNext: cd {folder}"
        )
    });
    Ok(())
}

pub fn build(args: &BuildArgs, out: Output) -> Result<()> {
    let manifest = args.folder.join("plugin.toml");
    let wasm = match &args.wasm {
        Some(wasm) => wasm.clone(),
        None => scaffold::compile(&args.folder, &args.cargo, out)?,
    };
    let file = match &args.out {
        Some(file) => file.clone(),
        None => args.folder.join(format!("{}.reeve", plugins::manifest(&manifest)?.id)),
    };
    let package = plugins::pack(&manifest, &wasm, &file, args.key.as_deref())?;
    let size = package.wasm.len();
    out.print(&json!({ "file": file, "digest": package.digest, "wasm-bytes": size }), || {
        format!("{}  {}  {size} bytes of code", file.display(), package.digest)
    });
    Ok(())
}

pub fn pack(args: &PackArgs, out: Output) -> Result<()> {
    let package = plugins::pack(&args.manifest, &args.wasm, &args.out, args.key.as_deref())?;
    out.print(&json!({ "file": args.out, "digest": package.digest }), || {
        format!("{}  {}", args.out.display(), package.digest)
    });
    Ok(())
}

pub fn sign(args: &SignArgs, out: Output) -> Result<()> {
    let to = args.out.as_ref().unwrap_or(&args.file);
    let package = plugins::sign(&args.file, &args.key, to)?;
    let by = package.signer().unwrap_or_default();
    out.print(&json!({ "file": to, "digest": package.digest, "signed-by": by }), || {
        format!("Signed {} with {by}.\ndigest {}", to.display(), package.digest)
    });
    Ok(())
}

pub fn key(args: &KeyArgs, out: Output) -> Result<()> {
    let trusted = plugins::make_key(&args.name, &args.file)?;
    out.print(&json!({ "file": args.file, "trusted-key": trusted }), || {
        format!(
            "Made {}.\nWhoever adds this line to `trusted-keys` installs what it signs:\n{trusted}",
            args.file.display()
        )
    });
    Ok(())
}

pub fn inspect(args: &InspectArgs, folder: &Path, out: Output) -> Result<()> {
    let bytes = std::fs::metadata(&args.file).map_err(Error::io(&args.file))?.len();
    let package = plugins::open(&args.file)?;
    let interfaces = component_type(&package.wasm)?;
    // Beside a Reeve folder its trusted keys judge the signature; elsewhere it is only named.
    let signature = match (package.signer(), Home::open(folder)) {
        (None, _) => "unsigned".to_owned(),
        (Some(name), Err(_)) => format!("signed by {name}; not verified, because there are no trusted keys here"),
        (Some(_), Ok(home)) => match package.verify(&home.trusted_keys()?) {
            Ok(Origin::Signed { by }) => format!("signed by {by}, whose key is trusted here"),
            Ok(Origin::Unsigned) => "unsigned".to_owned(),
            Err(error) => error.to_string(),
        },
    };
    let manifest = &package.manifest;
    let asks = package.asks().to_string();
    let settings: Vec<_> = manifest.settings.iter().map(|s| format!("{} ({}): {}", s.name, s.kind, s.help)).collect();
    let json = json!({
        "id": manifest.id, "version": manifest.version.to_string(), "contract": manifest.contract.to_string(),
        "name": manifest.name, "summary": manifest.summary, "digest": package.digest,
        "wasm-sha256": package.wasm_sha256, "manifest-sha256": package.manifest_sha256, "signature": signature,
        "file-bytes": bytes, "wasm-bytes": package.wasm.len(), "imports": interfaces.imports,
        "exports": interfaces.exports, "asks": asks.lines().collect::<Vec<_>>(), "manifest": package.manifest_toml,
    });
    out.print(&json, || {
        let list = |lines: &[String]| if lines.is_empty() { "  none".to_owned() } else { super::indent(&lines.join("\n")) };
        format!(
            "{} {}: {}\ncontract reeve:connector {}\n{signature}\ndigest {}\n{bytes} bytes, {} of them code when unpacked\n\n\
             Imports:\n{}\n\nExports:\n{}\n\nAsks for:\n{}\n\nSettings:\n{}",
            manifest.name,
            manifest.version,
            manifest.summary,
            manifest.contract,
            package.digest,
            package.wasm.len(),
            list(&interfaces.imports),
            list(&interfaces.exports),
            super::indent(&asks),
            list(&settings)
        )
    });
    Ok(())
}
