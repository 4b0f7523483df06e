//! One schedule: people, one target, a database and some workers in virtual time. Everything that happens is an event, and
//! chance alone decides what comes when.

use crate::chance::Chance;
use crate::faults::{Fault, Faults};
use crate::given::{capability, now as start};
use crate::laws;
use crate::store::Store;
use crate::target::Target;
use crate::worker::{Request, Worker};
use jiff::{SignedDuration, Timestamp};
use reeve_core::access::{AccountState, Capability, OperationKind};
use reeve_core::id::{IdentityId, NativeId, PlanHash};
use reeve_core::identity::{ExitCause, Standing};
use reeve_core::plan::{AccountRef, Action, Cause, Lane, NewAccount, OperationKey, PlannedOperation};
use reeve_core::policy::Origin;
use reeve_core::run::{Happened, Operation, Phase};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::rc::Rc;

/// Milliseconds of virtual time.
pub type Ms = i64;

const MINUTE: Ms = 60_000;
/// From then on nothing goes wrong any more but what the target refuses, so that what is stuck can be told from what is slow.
const HEALED_AT: Ms = 5 * MINUTE;
/// By then everything must have come to its end: beyond the hour that a target may take over what it accepted.
const ENDS_AT: Ms = 12 * 60 * MINUTE;
/// More events than any schedule needs; beyond it the world turns in circles.
const EVENTS_MAX: u32 = 50_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    Turn {
        worker: usize,
        turn: u64,
    },
    Renew {
        worker: usize,
        turn: u64,
    },
    /// A request takes effect.
    Work {
        request: usize,
    },
    Leaves {
        person: usize,
    },
    /// HR takes the exit back.
    Stays {
        person: usize,
    },
    /// A plan is made and approved for all that is to be seen.
    Plan,
    /// A person looks at what is stuck.
    Operator,
    ClockBack {
        seconds: i64,
    },
}

/// An action, its lane, and the wish of the same plan that must come true first.
type Wish = (Action<AccountRef>, Lane, Option<usize>);

pub struct Person {
    pub id: IdentityId,
    pub standing: Standing,
}

pub struct World {
    began: Timestamp,
    pub now: Ms,
    pub chance: Chance,
    pub store: Store,
    pub target: Target,
    pub people: Vec<Person>,
    pub workers: Vec<Worker>,
    pub requests: Vec<Request>,
    faults: Faults,
    /// When the target is down.
    outage: std::ops::Range<Ms>,
    /// How far the machine's clock is behind.
    behind: Ms,
    events: BinaryHeap<Reverse<(Ms, u32, Event)>>,
    count: u32,
    plans: usize,
    /// How a leaver's account ends here.
    deletes: bool,
    trace: Option<Vec<String>>,
    broken: Option<String>,
    pub met: Met,
}

/// What schedules have met: one that meets nothing proves nothing.
#[derive(Default)]
pub struct Met {
    pub faults: BTreeSet<Fault>,
    pub ends: BTreeSet<Phase>,
    pub verified: BTreeSet<OperationKind>,
}

/// One schedule, played to its end.
pub struct Played {
    /// The law that it breaks.
    pub broken: Option<String>,
    /// What happened, if that was asked for.
    pub trace: Vec<String>,
    pub met: Met,
}

/// Plays the schedule of a seed.
pub fn play(seed: u64, faults: Faults, traced: bool) -> Played {
    let mut world = World::of(seed, faults, traced);
    while world.broken.is_none() && world.count < EVENTS_MAX {
        let Some(Reverse((at, _, event))) = world.events.pop().filter(|Reverse((at, ..))| *at <= ENDS_AT) else {
            break;
        };
        world.now = world.now.max(at);
        world.happens(event);
    }
    let circles = (world.count >= EVENTS_MAX).then(|| "it turns in circles".to_owned());
    let broken = world.broken.take().or(circles).or_else(|| laws::broken(&world));
    world.met.ends.extend(world.store.rows.iter().map(|row| row.operation.phase));
    Played { broken, trace: world.trace.unwrap_or_default(), met: world.met }
}

impl World {
    fn of(seed: u64, faults: Faults, traced: bool) -> Self {
        let mut chance = Chance::of(seed);
        let idempotent = chance.percent(50);
        let target = Target {
            idempotent,
            unique: chance.percent(50),
            visible_after_s: [0, 0, 2, 20][chance.below(4) as usize],
            searches: chance.percent(80),
            accounts: Vec::new(),
            protected: BTreeSet::new(),
            ledger: std::collections::BTreeMap::new(),
        };
        let mut world = Self {
            began: start(),
            now: 0,
            store: Store::default(),
            target,
            people: Vec::new(),
            workers: (0..=chance.below(3)).map(|_| Worker::default()).collect(),
            requests: Vec::new(),
            faults,
            outage: 0..0,
            behind: 0,
            events: BinaryHeap::new(),
            count: 0,
            plans: 0,
            deletes: chance.percent(30),
            trace: traced.then(Vec::new),
            broken: None,
            met: Met::default(),
            chance,
        };
        world.begin();
        world
    }

    fn begin(&mut self) {
        let people = 1 + self.chance.below(3) as usize;
        for person in 0..people {
            let id = IdentityId::new(format!("p-{person}"));
            self.people.push(Person { id, standing: Standing::Active });
            let wishes = self.first_wishes(person);
            self.approve(person, wishes);
            if self.chance.percent(60) {
                let leaves = self.chance.between(0, 2 * MINUTE);
                self.at(leaves, Event::Leaves { person });
                let stays = leaves + self.chance.between(100, MINUTE);
                if self.strikes(Fault::Rescind, 30) {
                    self.at(stays, Event::Stays { person });
                }
            }
        }
        if self.strikes(Fault::ClockBack, 30) {
            let (at, seconds) = (self.chance.between(0, HEALED_AT), self.chance.between(1, 120));
            self.at(at, Event::ClockBack { seconds });
        }
        if self.strikes(Fault::Outage, 25) {
            let from = self.chance.between(0, MINUTE);
            self.outage = from..from + self.chance.between(MINUTE / 6, 4 * MINUTE);
        }
        let plans = (1..=6).map(|n| n * MINUTE / 2).chain((1..=6).map(|n| HEALED_AT + n * 110 * MINUTE));
        plans.for_each(|at| self.at(at, Event::Plan));
        let looks = (1..=6).map(|n| HEALED_AT + n * 100 * MINUTE);
        looks.for_each(|at| self.at(at, Event::Operator));
        for worker in 0..self.workers.len() {
            self.again(worker, 0);
        }
    }

    /// An account that is there or is made, and what the person gets or loses on it.
    fn first_wishes(&mut self, person: usize) -> Vec<Wish> {
        let key = format!("p-{person}");
        let entitlement = |n: u64| NativeId::new(format!("g{n}"));
        if self.chance.percent(50) {
            let entitlements = if self.chance.percent(50) { vec![entitlement(0)] } else { Vec::new() };
            let new = NewAccount {
                login: key.clone(),
                email: None,
                display_name: None,
                given_name: None,
                family_name: None,
                correlation_key: Some(key),
                attributes: Default::default(),
                entitlements,
            };
            let mut wishes = vec![(Action::Create(new), Lane::Standard, None)];
            for n in 0..self.chance.below(3) {
                let (account, entitlement) = (AccountRef::CreatedBy(0), entitlement(n + 1));
                wishes.push((Action::Grant { account, entitlement, expires_at: None }, Lane::Standard, Some(0)));
            }
            return wishes;
        }
        let disabled = self.chance.percent(20);
        let state = if disabled { AccountState::Disabled } else { AccountState::Active };
        let id = self.target.seed(&key, state, &["g1", "g2"]);
        if self.strikes(Fault::Refusal, 10) {
            self.target.protected.insert(id.clone());
        }
        let account = || AccountRef::Existing(id.clone());
        let mut wishes = Vec::new();
        if disabled {
            wishes.push((Action::Enable { account: account() }, Lane::Standard, None));
        }
        for _ in 0..self.chance.below(3) {
            let n = self.chance.below(5);
            let action = match self.chance.below(3) {
                0 => Action::Grant { account: account(), entitlement: entitlement(n), expires_at: None },
                1 => Action::Revoke { account: account(), entitlement: entitlement(n) },
                _ => Action::Replace { account: account(), take: Some(entitlement(1)), give: entitlement(3 + n) },
            };
            wishes.push((action, Lane::Standard, None));
        }
        wishes
    }

    fn approve(&mut self, person: usize, wishes: Vec<Wish>) {
        self.plans += 1;
        let plan = PlanHash::new(format!("plan{}", self.plans));
        let identity = self.people[person].id.clone();
        let origin = || Origin { rule: "staff".into(), place: "x:1".into(), because: "work".into() };
        let planned = |(action, lane, after): Wish| PlannedOperation {
            system: "crm".into(),
            lane,
            identity: identity.clone(),
            person: identity.to_string(),
            what: identity.to_string(),
            action,
            cause: match lane {
                Lane::Leaver => Cause::Leaver { cause: ExitCause::Terminated, effective_at: start() },
                Lane::Standard => Cause::Birthright { origin: origin() },
            },
            after,
            mechanism: String::new(),
        };
        let now = self.wall();
        let operations: Vec<_> = wishes
            .into_iter()
            .enumerate()
            .map(|(index, wish)| Operation::new(&plan, index, planned(wish), now))
            .collect();
        for one in &operations {
            self.say(|| format!("approved: {} = {:?} for {}", one.id, one.planned.action, one.planned.person));
        }
        self.store.add(operations);
        self.wake();
    }

    pub fn at(&mut self, at: Ms, event: Event) {
        self.count += 1;
        self.events.push(Reverse((at, self.count, event)));
    }

    /// The machine's clock.
    pub fn wall(&self) -> Timestamp {
        self.wall_at(self.now)
    }

    pub fn wall_at(&self, at: Ms) -> Timestamp {
        self.began.checked_add(SignedDuration::from_millis(at - self.behind)).unwrap()
    }

    pub fn is_down(&self, at: Ms) -> bool {
        self.outage.contains(&at)
    }

    /// Whether a fault may happen at all.
    pub fn may(&self, fault: Fault) -> bool {
        let lasting = matches!(fault, Fault::Refusal | Fault::Stale);
        self.faults.allow(fault) && (lasting || self.now < HEALED_AT)
    }

    /// Whether it happens, in so many of a hundred times. Chance is asked either way, so that one fault less leaves the
    /// rest of a schedule alone for as long as it can.
    pub fn strikes(&mut self, fault: Fault, percent: u64) -> bool {
        let strikes = self.chance.percent(percent) && self.may(fault);
        if strikes {
            self.met.faults.insert(fault);
        }
        strikes
    }

    pub fn say(&mut self, what: impl FnOnce() -> String) {
        let at = self.now;
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>10.3} s  {}", at as f64 / 1000.0, what()));
        }
    }

    pub fn broken(&mut self, law: String) {
        self.say(|| law.clone());
        self.broken.get_or_insert(law);
    }

    pub fn person(&self, id: &IdentityId) -> &Person {
        self.people.iter().find(|person| person.id == *id).unwrap()
    }

    pub fn capability(&self, operation: &Operation) -> Capability {
        Capability {
            idempotent: self.target.idempotent,
            visible_after_s: self.target.visible_after_s,
            ..capability(operation.planned.action.kind())
        }
    }

    /// Idle workers look for work.
    pub fn wake(&mut self) {
        for worker in 0..self.workers.len() {
            if self.workers[worker].is_idle() {
                let at = self.now + self.chance.between(1, 1_000);
                self.again(worker, at);
            }
        }
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Turn { worker, turn } if self.workers[worker].turn == turn => self.work(worker),
            Event::Renew { worker, turn } if self.workers[worker].turn == turn => self.renew(worker),
            Event::Turn { .. } | Event::Renew { .. } => {}
            Event::Work { request } => {
                let sent = &self.requests[request];
                let done = self.target.work(&sent.operation, &sent.action, self.now);
                let id = sent.operation.clone();
                self.say(|| format!("the target works on {id}: {done:?}"));
                self.requests[request].done = Some(done);
            }
            Event::Leaves { person } => self.stand(person, Standing::Left),
            Event::Stays { person } => self.stand(person, Standing::Active),
            Event::Plan => (0..self.people.len()).for_each(|person| self.plan(person)),
            Event::Operator => self.look_after(),
            Event::ClockBack { seconds } => {
                self.say(|| format!("the clock is set back by {seconds} s"));
                self.behind += seconds * 1000;
            }
        }
    }

    fn stand(&mut self, person: usize, standing: Standing) {
        self.say(|| format!("p-{person} is {standing:?}"));
        self.people[person].standing = standing;
        self.plan(person);
    }

    /// What the planner would wish for, of the account as it is.
    fn plan(&mut self, person: usize) {
        let (id, left) = (self.people[person].id.clone(), self.people[person].standing == Standing::Left);
        let mut wishes = Vec::new();
        for held in self.target.accounts.iter().filter(|held| held.key == id.as_str()) {
            let account = || AccountRef::Existing(held.id.clone());
            let open = !matches!(held.now().state, AccountState::Disabled | AccountState::Deleted);
            if left && open {
                if person == 0 {
                    wishes.push((Action::Freeze { account: account() }, Lane::Leaver, None));
                }
                let end = if self.deletes {
                    Action::Delete { account: account() }
                } else {
                    Action::Disable { account: account() }
                };
                wishes.push((end, Lane::Leaver, None));
                for entitlement in held.now().grants.iter().cloned() {
                    wishes.push((Action::Revoke { account: account(), entitlement }, Lane::Leaver, None));
                }
            }
            if !left && held.now().state == AccountState::Disabled {
                wishes.push((Action::Enable { account: account() }, Lane::Standard, None));
            }
        }
        let underway: BTreeSet<OperationKey> = self
            .store
            .rows
            .iter()
            .filter(|row| !row.operation.phase.is_settled())
            .map(|row| &row.operation.planned)
            .map(|planned| OperationKey::of(&planned.system, &planned.identity, &planned.action))
            .collect();
        wishes.retain(|(action, ..)| !underway.contains(&OperationKey::of(&"crm".into(), &id, action)));
        if !wishes.is_empty() {
            self.approve(person, wishes);
        }
    }

    /// A person lets what is stuck be tried again, unless the target will never do it.
    fn look_after(&mut self) {
        for row in 0..self.store.rows.len() {
            let one = &self.store.rows[row].operation;
            let hopeless = one.account.as_ref().is_some_and(|id| self.target.protected.contains(id));
            if !one.phase.needs_person() || hopeless || self.store.rows[row].releases >= 3 {
                continue;
            }
            let now = self.wall();
            let Some(mut operation) = self.store.free(row, now) else { continue };
            let capability = self.capability(&operation);
            Rc::make_mut(&mut operation).step(Happened::Released { by: "ada".to_owned() }, &capability, now, 0.0);
            self.say(|| format!("ada releases {}", operation.id));
            self.store.put(row, &operation);
            self.store.rows[row].releases += 1;
        }
        self.wake();
    }
}
