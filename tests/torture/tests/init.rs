//! Case 63: a new Reeve, killed at each boundary of its making: its keys, its configuration, each step of its schema, the
//! first entry of its log. The same command then finishes the work, and the log begins with its first entry.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use reeve_e2e::database::{Database, query};
use reeve_e2e::reeve::Reeve;
use reeve_torture::harm::{Clock, Count, Harm, Kind, Orders, Side, put};
use sqlx::Row;

/// One boundary in so many has its turn: the one between is the end of the same step as its neighbours.
const STRIDE: usize = 6;

/// A Reeve that is there only as a place; `init` makes another beside it, on a database of its own.
struct Making {
    reeve: Reeve,
    clock: Clock,
    count: Count,
}

impl Making {
    fn new() -> Self {
        let reeve = Reeve::bare(Database::Sqlite);
        let (clock, count) = (Clock::new(reeve.path("clock")), Count::new(reeve.path("count")));
        Self { reeve, clock, count }
    }

    /// Kills `reeve init` there; false if it ended before.
    fn init(&self, name: &str, database: Option<&str>, harm: Option<Harm>) -> reeve_e2e::reeve::Output {
        let home = self.reeve.path(name);
        let mut args = vec!["init", home.to_str().unwrap(), "--origin", "reeve.example.com/torture"];
        args.extend(database.iter().flat_map(|url| ["--database", url]));
        let port = database.and_then(|url| url.rsplit_once('/')?.0.rsplit_once(':')?.1.parse().ok());
        let mut command = self.reeve.command(args.iter().copied());
        put(&mut command, &home, port, &self.clock, &self.count, &Orders { harm, ..Orders::default() });
        let output = self.reeve.output("init", self.reeve.spawn(command));
        self.clock.forget_processes();
        output
    }

    /// The events of the log of the Reeve of that name.
    fn log(&self, name: &str) -> Vec<String> {
        let home = self.reeve.path(name);
        let mut command = self.reeve.command(["log", "show"]);
        command.env("REEVE_HOME", home);
        let log = self.reeve.output("log show", self.reeve.spawn(command)).ok();
        log.as_array().unwrap().iter().map(|row| row["entry"]["event"].as_str().unwrap().to_owned()).collect()
    }

    /// The same command finishes what was killed; after that it is refused, and changes nothing.
    fn finishes(&self, name: &str, database: Option<&str>, at: u64) {
        let again = self.init(name, database, None);
        let url =
            database.map_or_else(|| format!("sqlite:{}/reeve.db", self.reeve.path(name).display()), str::to_owned);
        let made: i64 = query(&url, "SELECT count(*) AS made FROM schema_version")[0].get("made");
        assert!(made > 0, "killed at {at}: no schema, {} {}", again.code, again.error);
        assert!(again.code == 0 || again.code == 3, "killed at {at}: {} {}", again.code, again.error);
        assert_eq!(self.log(name).first().map(String::as_str), Some("log.started"), "killed at {at}");
        let done = self.init(name, database, None);
        assert!(done.code == 3 && done.error.contains("already"), "killed at {at}: {} {}", done.code, done.error);
        assert_eq!(self.log(name).len(), 1, "killed at {at}: the log begins once");
    }
}

#[test]
fn a_making_killed_at_any_boundary_is_finished_by_the_same_command_on_sqlite() {
    let making = Making::new();
    let mut kills = 0;
    for at in (1..).step_by(STRIDE) {
        let name = format!("made-{at}");
        if making.init(&name, None, Some(Harm::kill(at, Side::Before))).code == 0 {
            break;
        }
        kills += 1;
        making.finishes(&name, None, at);
        std::fs::remove_dir_all(making.reeve.path(&name)).unwrap();
    }
    assert!(kills > 20, "only {kills} kills were done");
}

#[test]
fn a_making_killed_at_any_statement_is_finished_by_the_same_command_on_postgres() {
    let making = Making::new();
    let mut kills = 0;
    for at in (1..).step_by(STRIDE) {
        let Some(Database::Postgres(url)) = Database::postgres() else { return };
        let name = format!("made-{at}");
        let harm = Harm::kill(at, Side::After).among(&[Kind::PgBegin, Kind::PgCommit, Kind::PgSend]);
        if making.init(&name, Some(&url), Some(harm)).code == 0 {
            break;
        }
        kills += 1;
        making.finishes(&name, Some(&url), at);
    }
    assert!(kills > 5, "only {kills} kills were done");
}
