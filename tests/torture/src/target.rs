//! A SCIM stand-in at an address that outlives its worlds, with the world's clock, and what it says of itself.

#![expect(clippy::unwrap_used, reason = "tests")]

use crate::harm::Clock;
use reeve_e2e::http;
use reeve_sim::misbehaviour::{Quirks, Rule};
use reeve_sim::scim::{BASE, Dialect, Options, Scim};
use reeve_sim::{Answer, Entry, Ledger, Request, Setup, StandIn};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use tokio::runtime::Runtime;

pub const TOKEN: &str = "the-token-of-a-target-under-torture";
pub const GROUPS: [&str; 3] = ["staff", "finance", "sales"];

/// How a target takes changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// One member at a time, by PATCH.
    Patch,
    /// Resources and lists of members as a whole, by PUT.
    Put,
}

pub struct Target {
    pub name: &'static str,
    pub manner: Manner,
    /// In which it is served.
    _runtime: Arc<Runtime>,
    clock: reeve_sim::Clock,
    stand_in: StandIn,
    world: Arc<InWorld>,
}

/// What of it belongs to one world.
struct InWorld {
    scim: RwLock<(Scim, Ledger)>,
    /// Requests that are being worked on.
    working: AtomicUsize,
}

/// What a user has, as the target shows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holds {
    pub active: bool,
    pub groups: BTreeSet<String>,
}

struct Service(Arc<InWorld>);

impl InWorld {
    fn scim(&self) -> RwLockReadGuard<'_, (Scim, Ledger)> {
        self.scim.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl reeve_sim::Target for Service {
    fn base(&self) -> &str {
        BASE
    }

    fn handle(&self, request: &Request, quirks: &Quirks, _: &Ledger) -> Answer {
        self.0.working.fetch_add(1, Ordering::SeqCst);
        let (scim, ledger) = &*self.0.scim();
        let answer = scim.handle(request, quirks, ledger);
        self.0.working.fetch_sub(1, Ordering::SeqCst);
        answer
    }

    fn error(&self, status: u16, code: Option<&str>, detail: &str) -> Answer {
        self.0.scim().0.error(status, code, detail)
    }
}

fn fresh(manner: Manner, clock: &reeve_sim::Clock) -> (Scim, Ledger) {
    let dialect = Dialect { patch: manner == Manner::Patch, ..Dialect::default() };
    let seed_groups = GROUPS.map(str::to_owned).to_vec();
    let token = Some(TOKEN.to_owned());
    let options = Options { token, seed_groups, dialect, clock: clock.clone(), ..Options::default() };
    (Scim::new(options).unwrap(), Ledger::open(None, clock.clone()).unwrap())
}

impl Target {
    pub fn start(name: &'static str, manner: Manner, runtime: Arc<Runtime>, clock: Arc<Clock>) -> Self {
        let clock: reeve_sim::Clock = Arc::new(move || clock.now());
        let scim = RwLock::new(fresh(manner, &clock));
        let world = Arc::new(InWorld { scim, working: AtomicUsize::new(0) });
        let setup = Setup { clock: clock.clone(), ..Setup::default() };
        let stand_in = runtime.block_on(StandIn::start(Service(world.clone()), setup)).unwrap();
        Self { name, manner, _runtime: runtime, clock, stand_in, world }
    }

    /// Without anything that it knew, at the same address.
    pub fn begin_anew(&self) {
        *self.world.scim.write().unwrap_or_else(PoisonError::into_inner) = fresh(self.manner, &self.clock);
        self.stand_in.rules().clear();
    }

    /// Misbehaves by these rules alone.
    pub fn misbehave(&self, rules: impl IntoIterator<Item = Rule>) {
        self.stand_in.rules().clear();
        self.stand_in.rules().add(rules);
    }

    pub fn ledger(&self) -> Vec<Entry> {
        self.world.scim().1.entries()
    }

    /// Waits until nothing that was sent is still on its way or being worked on.
    pub fn settle(&self) {
        reeve_e2e::wait::until("the target has nothing left to do", || {
            (!self.is_connected() && self.world.working.load(Ordering::SeqCst) == 0).then_some(())
        });
    }

    /// Whether the machine knows a connection to it whose other end is there or was just lost (proc(5), `/proc/net/tcp`).
    fn is_connected(&self) -> bool {
        const ESTABLISHED: &str = "01";
        const CLOSE_WAIT: &str = "08";
        let here = format!("0100007F:{:04X}", self.stand_in.address().port());
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        table.lines().any(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            fields.get(1) == Some(&here.as_str())
                && fields.get(3).is_some_and(|s| [ESTABLISHED, CLOSE_WAIT].contains(s))
        })
    }

    fn list(&self, what: &str) -> Vec<Value> {
        let headers = format!("authorization: Bearer {TOKEN}\r\n");
        let path = format!("/scim/v2/{what}");
        let answer = http::exchange(&self.stand_in.address().to_string(), "GET", &path, &headers, "").unwrap().json();
        answer.get("Resources").and_then(Value::as_array).cloned().unwrap_or_default()
    }

    /// What every user has, by login. The lists must be short enough for one page.
    pub fn holdings(&self) -> BTreeMap<String, Holds> {
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let users = self.list("Users").into_iter().map(|user| {
            let groups = user.get("groups").and_then(Value::as_array).cloned().unwrap_or_default();
            let groups = groups.iter().map(|group| text(group, "display")).collect();
            let active = user.get("active").and_then(Value::as_bool).unwrap_or(true);
            (text(&user, "userName"), Holds { active, groups })
        });
        users.collect()
    }

    /// The file by which it comes under governance.
    pub fn system_file(&self) -> String {
        let (name, address) = (self.name, self.stand_in.address());
        format!(
            "name = \"{name}\"\nplugin = \"scim\"\nrole = \"target\"\nlogin = \"{{email}}\"\n\
             attributes = {{ department = \"department\", title = \"title\" }}\n[settings]\nvisible-after-s = 0\n\
             [connections.api]\nkind = \"http\"\nbase-url = \"http://{address}/scim/v2\"\nprivate-addresses = true\n\
             auth = {{ scheme = \"bearer\" }}\n"
        )
    }

    /// Who gets what there.
    pub fn policy(&self) -> String {
        let name = self.name;
        let rule = |group: &str, when: &str| {
            format!(
                "\n[[birthright]]\nname = \"{name}-{group}\"\nbecause = \"The people of {group} use the {name}.\"\n\
                 when = {{ {when} }}\ngive = {{ {name} = [\"group:{group}\"] }}\n"
            )
        };
        let staff = rule("staff", "kind = [\"employee\", \"contractor\"]");
        staff + &rule("finance", "department = [\"Finance\"]") + &rule("sales", "department = [\"Sales\"]")
    }
}
