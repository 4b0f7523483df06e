//! The library that is loaded before the program's own (`shim/shim.c`): compiled here, told by environment variables what
//! to do, and read back through the two small files that it shares.

#![expect(clippy::unwrap_used, reason = "tests")]

use reeve_e2e::target;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A kind of boundary. The order is the library's (`enum kind`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    WalWrite,
    DbWrite,
    Sync,
    FileWrite,
    Rename,
    Remove,
    Create,
    PgBegin,
    PgCommit,
    PgSend,
    HttpSend,
    HttpReceive,
}

impl Kind {
    pub const ALL: [Self; 12] = [
        Self::WalWrite,
        Self::DbWrite,
        Self::Sync,
        Self::FileWrite,
        Self::Rename,
        Self::Remove,
        Self::Create,
        Self::PgBegin,
        Self::PgCommit,
        Self::PgSend,
        Self::HttpSend,
        Self::HttpReceive,
    ];

    /// After these, something is so for good: a commit of either database.
    pub const COMMITS: [Self; 2] = [Self::Sync, Self::PgCommit];

    pub fn name(self) -> &'static str {
        match self {
            Self::WalWrite => "write to the SQLite WAL",
            Self::DbWrite => "write to the SQLite file",
            Self::Sync => "sync of a file",
            Self::FileWrite => "write to another file",
            Self::Rename => "rename",
            Self::Remove => "removal of a file",
            Self::Create => "new file or folder",
            Self::PgBegin => "BEGIN to PostgreSQL",
            Self::PgCommit => "COMMIT to PostgreSQL",
            Self::PgSend => "other statement to PostgreSQL",
            Self::HttpSend => "request to a target",
            Self::HttpReceive => "answer of a target",
        }
    }

    fn bit(self) -> u64 {
        1 << (self as u32)
    }
}

/// On which side of the boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Before,
    /// Half of what was to be written is.
    Torn,
    After,
}

impl Side {
    pub const ALL: [Self; 3] = [Self::Before, Self::Torn, Self::After];

    pub fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Torn => "torn",
            Self::After => "after",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// SIGKILL.
    Kill,
    /// SIGSTOP: it goes on when somebody says so.
    Stop,
    /// The connection at the boundary is cut, and the process goes on.
    Cut,
    /// The wall clock steps by so many seconds.
    Step(i64),
}

/// One harm of one life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Harm {
    pub act: Act,
    /// The boundaries that are counted; empty for all.
    pub kinds: Vec<Kind>,
    /// Which of them, from 1.
    pub at: u64,
    pub side: Side,
}

impl Harm {
    pub fn kill(at: u64, side: Side) -> Self {
        Self { act: Act::Kill, kinds: Vec::new(), at, side }
    }

    #[must_use]
    pub fn among(mut self, kinds: &[Kind]) -> Self {
        self.kinds = kinds.to_vec();
        self
    }

    pub fn of(act: Act, at: u64, side: Side) -> Self {
        Self { act, ..Self::kill(at, side) }
    }

    fn tell(&self, command: &mut Command) {
        let act = match self.act {
            Act::Kill => "kill",
            Act::Stop => "stop",
            Act::Cut => "cut",
            Act::Step(seconds) => {
                command.env("TORTURE_STEP_S", seconds.to_string());
                "step"
            }
        };
        command.env("TORTURE_ACT", act).env("TORTURE_AT", self.at.to_string()).env("TORTURE_WHERE", self.side.name());
        if !self.kinds.is_empty() {
            let mask = self.kinds.iter().fold(0, |mask, kind| mask | kind.bit());
            command.env("TORTURE_KINDS", mask.to_string());
        }
    }
}

/// Writes to the database's files fail from the n-th on.
#[derive(Clone, Copy, Debug)]
pub struct DiskFault {
    pub errno: i32,
    pub from: u64,
}

/// No space left on the device.
pub const ENOSPC: i32 = 28;
/// Input/output error.
pub const EIO: i32 = 5;

const SHARED_BYTES: u64 = 4096;
const NS_PER_S: i64 = 1_000_000_000;

/// The clock that all processes of a world share, and that jumps when they only wait.
pub struct Clock(std::fs::File, PathBuf);

impl Clock {
    pub fn new(path: PathBuf) -> Self {
        Self(shared_file(&path), path)
    }

    fn read(&self, place: u64) -> i64 {
        let mut bytes = [0; 8];
        self.0.read_exact_at(&mut bytes, place).unwrap();
        i64::from_ne_bytes(bytes)
    }

    pub fn now(&self) -> jiff::Timestamp {
        let moved = jiff::SignedDuration::from_nanos(self.read(0).saturating_add(self.read(8)));
        jiff::Timestamp::now().checked_add(moved).unwrap()
    }

    /// Lets so many seconds pass for everybody.
    pub fn pass(&self, seconds: i64) {
        let passed = self.read(0) + seconds * NS_PER_S;
        self.0.write_all_at(&passed.to_ne_bytes(), 0).unwrap();
    }

    /// Nobody is left who waits for an answer.
    pub fn forget_processes(&self) {
        self.0.write_all_at(&[0; 8 * 2 * 8], 16).unwrap();
    }

    /// As the machine's own again.
    pub fn reset(&self) {
        self.0.write_all_at(&[0; SHARED_BYTES as usize], 0).unwrap();
    }
}

/// What one life counted.
pub struct Count(std::fs::File, PathBuf);

impl Count {
    pub fn new(path: PathBuf) -> Self {
        Self(shared_file(&path), path)
    }

    fn read(&self, place: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.read_exact_at(&mut bytes, place).unwrap();
        u64::from_ne_bytes(bytes)
    }

    /// Boundaries that were counted for the harm.
    pub fn events(&self) -> u64 {
        self.read(0)
    }

    /// The boundary at which the harm was done; none if its time did not come.
    pub fn struck(&self) -> Option<Kind> {
        let kind = usize::try_from(self.read(16)).unwrap();
        (self.read(8) != 0).then(|| Kind::ALL.get(kind).copied()).flatten()
    }

    /// How many boundaries of a kind there were.
    pub fn of(&self, kind: Kind) -> u64 {
        self.read(32 + 8 * kind as u64)
    }

    pub fn all(&self) -> u64 {
        Kind::ALL.into_iter().map(|kind| self.of(kind)).sum()
    }

    fn reset(&self) {
        self.0.write_all_at(&[0; SHARED_BYTES as usize], 0).unwrap();
    }
}

fn shared_file(path: &Path) -> std::fs::File {
    let file = std::fs::OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path).unwrap();
    file.set_len(SHARED_BYTES).unwrap();
    file
}

/// How one life goes.
#[derive(Clone, Debug, Default)]
pub struct Orders {
    pub harm: Option<Harm>,
    pub disk: Option<DiskFault>,
    /// The clock does not jump by itself.
    pub real_time: bool,
}

/// Puts the library between a command and the machine. Files under `home` count, and the database at this port.
pub fn put(command: &mut Command, home: &Path, postgres: Option<u16>, clock: &Clock, count: &Count, orders: &Orders) {
    count.reset();
    command.env("LD_PRELOAD", library()).env("TORTURE_HOME", home);
    command.env("TORTURE_CLOCK", &clock.1).env("TORTURE_COUNT", &count.1);
    if let Some(port) = postgres {
        command.env("TORTURE_PG", port.to_string());
    }
    if !orders.real_time {
        command.env("TORTURE_JUMPS", "1");
    }
    if let Some(fault) = orders.disk {
        command.env("TORTURE_FAIL_ERRNO", fault.errno.to_string()).env("TORTURE_FAIL_FROM", fault.from.to_string());
    }
    if let Some(harm) = &orders.harm {
        harm.tell(command);
    }
}

/// The library, compiled beside what cargo builds; another program may do the same at this moment.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/shim/shim.c");
        let folder = target().join("torture");
        std::fs::create_dir_all(&folder).unwrap();
        let (part, done) = (folder.join(format!("shim.{}", std::process::id())), folder.join("shim.so"));
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&part).arg(source).arg("-ldl");
        assert!(cc.status().unwrap().success(), "the C compiler `cc` could not compile {source}");
        std::fs::rename(part, &done).unwrap();
        std::path::absolute(done).unwrap()
    })
}
