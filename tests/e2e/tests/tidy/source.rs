//! The repository as the rules see it: its texts, and of Rust what the compiler sees.

use std::path::{Path, PathBuf};

/// A file of the repository.
#[derive(Clone)]
pub struct Source {
    /// From the root, with `/`.
    pub path: String,
    pub text: String,
}

impl Source {
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    pub fn is(&self, extension: &str) -> bool {
        self.name().rsplit_once('.').is_some_and(|(_, end)| end == extension)
    }

    /// Whether it becomes part of what users run.
    pub fn ships(&self) -> bool {
        !self.path.starts_with("tests/") && !self.path.contains("/tests/")
    }

    pub fn is_program(&self) -> bool {
        ["rs", "sh", "py", "js"].iter().any(|extension| self.is(extension)) || self.text.starts_with("#!")
    }

    /// What the compiler reads, if it is Rust.
    pub fn code(&self) -> Code {
        if self.is("rs") { Code::of(&self.text) } else { Code::default() }
    }
}

/// Rust without its comments, and the texts that were in it.
#[derive(Default)]
pub struct Code {
    pub code: String,
    pub literals: Vec<String>,
}

impl Code {
    fn of(text: &str) -> Self {
        let mut this = Self::default();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let taken = if rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                rest.find("*/").map_or(rest.len(), |end| end + 2)
            } else if let Some(hashes) = raw_string(rest).filter(|_| this.may_start_literal()) {
                let open = hashes + 2;
                let close = format!("\"{}", "#".repeat(hashes));
                let end = rest[open..].find(&close).map_or(rest.len(), |end| open + end + close.len());
                this.literals.push(rest[open..end].to_owned());
                end
            } else if first == '"' {
                let end = closing_quote(rest);
                this.literals.push(rest[1..end].to_owned());
                end
            } else if first == '\'' {
                character(rest).unwrap_or(1)
            } else {
                this.code.push(first);
                first.len_utf8()
            };
            rest = &rest[taken..];
        }
        this
    }

    /// Whether an `r` here can open a raw string, and is not the end of a word; `br` and `cr` open one too.
    fn may_start_literal(&self) -> bool {
        ["", "b", "c"].contains(&self.code.rsplit(|char| !is_word(char)).next().unwrap_or_default())
    }
}

#[test]
fn rust_is_read_as_its_compiler_reads_it() {
    let code = Code::of(
        r##"let a = "text // \" fs"; // a 'comment'
        /* net */ let b: &'static str = r#"raw " tokio"#; let c = ['"', '\'', 'd']; let e = br"\"; bar"f";"##,
    );
    let names: Vec<_> = words(&code.code).collect();
    assert_eq!(names, ["let", "a", "let", "b", "static", "str", "let", "c", "let", "e", "b", "bar"]);
    assert_eq!(code.literals, [r#"text // \" fs""#, r##"raw " tokio"#"##, r#"\""#, r#"f""#]);
}

/// The number of hashes of the raw string that starts here.
fn raw_string(text: &str) -> Option<usize> {
    let after = text.strip_prefix('r')?;
    let quote = after.find('"')?;
    after[..quote].chars().all(|char| char == '#').then_some(quote)
}

fn closing_quote(text: &str) -> usize {
    let mut escaped = false;
    for (at, char) in text.char_indices().skip(1) {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of the character that starts here; none if it is a lifetime.
fn character(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().skip(1);
    let (_, first) = chars.next()?;
    if first == '\\' {
        chars.next()?;
        return chars.find(|(_, char)| *char == '\'').map(|(at, _)| at + 1);
    }
    chars.next().filter(|(_, char)| *char == '\'').map(|(at, _)| at + 1)
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char| !is_word(char)).filter(|word| !word.is_empty())
}

/// What a Cargo.toml depends on, under the name that the package really has.
pub struct Dependency<'a> {
    pub name: &'a str,
    pub for_tests: bool,
}

pub fn dependencies(toml: &str) -> Vec<Dependency<'_>> {
    let mut found = Vec::new();
    let (mut inside, mut for_tests) = (false, false);
    for line in toml.lines() {
        let mut add = |name| found.push(Dependency { name, for_tests });
        if let Some(table) = line.strip_prefix('[') {
            let table = table.trim_end_matches(']');
            for_tests = table.contains("dev-dependencies");
            inside = table.ends_with("dependencies");
            if let Some((_, name)) = table.split_once("dependencies.") {
                found.push(Dependency { name, for_tests });
            }
        } else if let Some((_, package)) = line.split_once("package = \"") {
            add(package.split('"').next().unwrap_or_default());
        } else if inside && line.starts_with(is_word) {
            add(line.split(['.', ' ', '=']).next().unwrap_or_default());
        }
    }
    found
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every text of the repository, but for what is built or fetched.
pub fn repo() -> Vec<Source> {
    let root = root();
    let mut sources = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for path in children(&folder) {
            let name = file_name(&path);
            let hidden = name.starts_with('.') && ![".ci", ".cargo", ".config"].contains(&name.as_str());
            if hidden || path.is_symlink() || ["target", "node_modules", "__pycache__"].contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                let path = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
                sources.push(Source { path, text });
            }
        }
    }
    sources
}

pub fn children(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

pub fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}
