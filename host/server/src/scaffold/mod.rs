//! New plugins in Rust: a folder to start from, and compiling one into the component that is packed.
//!
//! What the folder holds stands in `sdk/rust/template`, which is built and checked in CI like any plugin. The SDK is not
//! on a registry, so a copy of it comes along.

mod sdk;

use crate::error::{Error, Result};
use crate::home;
use crate::output::Output;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub const CARGO: &str = "cargo";
const TARGET: &str = "wasm32-unknown-unknown";
/// The name of the template's plugin, which stands wherever the new one's name goes.
const PLACEHOLDER: &str = "my-plugin";
/// Where the SDK's copy lies in a new folder.
const SDK: &str = "sdk/rust";

const TEMPLATE: [(&str, &str); 7] = [
    ("Cargo.toml", include_str!("../../../../sdk/rust/template/Cargo.toml")),
    ("plugin.toml", include_str!("../../../../sdk/rust/template/plugin.toml")),
    ("src/lib.rs", include_str!("../../../../sdk/rust/template/src/lib.rs")),
    ("toy.py", include_str!("../../../../sdk/rust/template/toy.py")),
    ("toy.toml", include_str!("../../../../sdk/rust/template/toy.toml")),
    ("README.md", include_str!("../../../../sdk/rust/template/README.md")),
    ("Cargo.lock", include_str!("../../../../sdk/rust/template/Cargo.lock")),
];

/// Makes the folder of a new plugin. Answers where.
pub fn new(name: &str, sdk: Option<&Path>) -> Result<PathBuf> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase()) || !name.bytes().all(plain) {
        return Err(Error::Input(format!("{name:?} can't be a plugin's id: a-z, 0-9 and -, a letter first")));
    }
    let folder = PathBuf::from(name);
    if folder.exists() {
        return Err(Error::Refused(format!("{name} is there already; nothing was changed. Choose another name")));
    }
    let path = match sdk {
        Some(path) => {
            let found = std::fs::canonicalize(path).ok().filter(|path| path.join("src/export.rs").exists());
            found.ok_or_else(|| Error::NotFound(format!("{} is not Reeve's sdk/rust", path.display())))?
        }
        None => PathBuf::from(SDK),
    };
    for (file, text) in TEMPLATE {
        let text = text.replace(PLACEHOLDER, name).replace("path = \"..\"", &format!("path = {path:?}"));
        write(&folder.join(file), &text)?;
    }
    write(&folder.join(".gitignore"), "/target/\n*.reeve\n")?;
    if sdk.is_none() {
        for (file, text) in sdk::copy()? {
            write(&folder.join(file), &text)?;
        }
    }
    Ok(folder)
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    }
    home::write_new(path, text.as_bytes(), 0o644)
}

/// Compiles the crate in a folder. Answers where the core module is.
pub fn compile(folder: &Path, cargo: &Path, out: Output) -> Result<PathBuf> {
    let manifest = folder.join("Cargo.toml");
    if !manifest.exists() {
        return Err(Error::NotFound(format!(
            "{} has no Cargo.toml. Go to the plugin's folder, or name a component with --wasm",
            folder.display()
        )));
    }
    // Another cargo knows for itself what it needs.
    if cargo == Path::new(CARGO) && !target_is_there() {
        return Err(Error::NotFound(format!(
            "this Rust toolchain can't compile for {TARGET}. Run: rustup target add {TARGET}"
        )));
    }
    let mut command = Command::new(cargo);
    command.args(["build", "--release", "--target", TARGET, "--message-format=json-render-diagnostics"]);
    command.arg("--manifest-path").arg(&manifest).stderr(if out.json { Stdio::null() } else { Stdio::inherit() });
    let built = command.stdin(Stdio::null()).output().map_err(Error::io(cargo))?;
    if !built.status.success() {
        return Err(Error::Input(format!("{} does not compile; cargo's own words are above", folder.display())));
    }
    let lines = String::from_utf8_lossy(&built.stdout).into_owned();
    let mut modules = lines.lines().filter_map(|line| module(&serde_json::from_str(line).ok()?));
    modules.next_back().ok_or_else(|| {
        Error::Input(format!("{} makes no WebAssembly; its [lib] needs crate-type = [\"cdylib\"]", manifest.display()))
    })
}

/// The module that a message of cargo's tells of.
fn module(message: &Value) -> Option<PathBuf> {
    let mut files = message.get("filenames")?.as_array()?.iter().filter_map(Value::as_str);
    files.rfind(|file| file.ends_with(".wasm")).map(PathBuf::from)
}

fn target_is_there() -> bool {
    let asked = Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output();
    let folder = asked.map(|answer| String::from_utf8_lossy(&answer.stdout).trim().to_owned()).unwrap_or_default();
    std::fs::read_dir(folder).is_ok_and(|files| {
        let mut names = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
        names.any(|name| name.starts_with("libcore-"))
    })
}
