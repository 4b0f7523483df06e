//! A worker of the model, step by step as the server's is: claim, intent, request, answer, read. Between any two steps it
//! may die, or stand still.

use crate::faults::Fault;
use crate::store::Fenced;
use crate::world::{Event, Ms, World};
use jiff::Timestamp;
use reeve_core::access::OperationKind;
use reeve_core::id::{NativeId, OperationId};
use reeve_core::identity::Standing;
use reeve_core::plan::{AccountRef, Action, Lane, OperationKey};
use reeve_core::run::{Breaker, Failure, Happened, Operation, Outcome, Pass, Phase, RateHint, Sight, Status, Task};
use std::rc::Rc;

/// As in the server's worker.
const LEASE_MS: Ms = 10_000;
const RENEWAL_MS: Ms = 3_000;
/// How long a request is waited for.
const TIMEOUT_MS: Ms = 5_000;

#[derive(Default)]
pub struct Worker {
    held: Option<Held>,
    stage: Stage,
    breaker: Breaker,
    /// Its next turn; one that was put off, or belongs to a life before, is stale.
    pub turn: u64,
    /// It died, and its process is not back yet.
    down: bool,
}

struct Held {
    row: usize,
    operation: Rc<Operation>,
    fence: i64,
    pass: Option<Pass>,
}

#[derive(Default)]
enum Stage {
    #[default]
    Idle,
    Decide,
    /// The intent is on record since then.
    Send(Ms),
    /// A request is on its way. The answer comes at that time; none if it is the connection that ends.
    Wait {
        request: usize,
        until: Ms,
    },
    /// A read is on its way. It shows what was so at `moment`.
    Look {
        began: Timestamp,
        moment: Ms,
        until: Ms,
        failure: Option<Failure>,
    },
}

impl Worker {
    pub fn is_idle(&self) -> bool {
        matches!(self.stage, Stage::Idle) && !self.down
    }
}

impl World {
    pub fn work(&mut self, me: usize) {
        self.workers[me].down = false;
        let idle = self.workers[me].is_idle();
        if !idle && self.strikes(Fault::Crash, 2) {
            // Its memory is gone. What it sent goes on its way.
            let back = self.now + self.chance.between(200, 20_000);
            self.say(|| format!("w{me} dies"));
            self.workers[me] = Worker { turn: self.workers[me].turn, down: true, ..Worker::default() };
            return self.again(me, back);
        }
        if !idle && self.strikes(Fault::Pause, 2) {
            let on = self.now + self.chance.between(5_000, 60_000);
            self.say(|| format!("w{me} stands still until {on}"));
            return self.again(me, on);
        }
        match std::mem::take(&mut self.workers[me].stage) {
            Stage::Idle => self.claim(me),
            Stage::Decide => self.decide(me),
            Stage::Send(since) => self.send(me, since),
            Stage::Wait { until, .. } | Stage::Look { until, .. } if until > self.now => {
                unreachable!("w{me} was woken before its time {until}")
            }
            Stage::Wait { request, .. } => self.answered(me, request),
            Stage::Look { began, moment, failure, .. } => self.looked(me, began, moment, failure),
        }
    }

    /// Puts a worker's next turn there, and forgets any other.
    pub fn again(&mut self, me: usize, at: Ms) {
        self.workers[me].turn += 1;
        let turn = self.workers[me].turn;
        self.at(at, Event::Turn { worker: me, turn });
    }

    fn go_on(&mut self, me: usize, stage: Stage) {
        self.workers[me].stage = stage;
        let at = self.now + self.chance.between(0, 3);
        self.again(me, at);
    }

    fn let_go(&mut self, me: usize) {
        let worker = &mut self.workers[me];
        if let Some(pass) = worker.held.take().and_then(|held| held.pass) {
            worker.breaker.end(pass);
        }
        worker.stage = Stage::Idle;
        self.again(me, self.now);
        self.wake();
    }

    fn claim(&mut self, me: usize) {
        let (now, until) = (self.wall(), self.wall_at(self.now + LEASE_MS));
        if let Some(shut) = self.workers[me].breaker.shut_until(now) {
            let at = self.now + shut.duration_since(now).as_millis() as Ms;
            return self.again(me, at);
        }
        match self.store.claim(now, until) {
            Some((row, operation, fence)) => {
                self.say(|| format!("w{me} claims {} ({})", operation.id, operation.phase.as_str()));
                let pass = self.workers[me].breaker.begin(now);
                self.workers[me].held = Some(Held { row, operation, fence, pass });
                self.go_on(me, Stage::Decide);
            }
            None => {
                if let Some(due) = self.store.next_due() {
                    let wait = due.duration_since(now).as_millis().max(20) as Ms;
                    self.again(me, self.now + wait);
                }
            }
        }
    }

    fn held(&mut self, me: usize) -> &mut Held {
        self.workers[me].held.as_mut().unwrap()
    }

    fn decide(&mut self, me: usize) {
        let held = self.held(me);
        match held.operation.task() {
            Task::Send => self.prepare(me),
            Task::Observe | Task::Verify => {
                if held.operation.phase == Phase::Intended && self.take(me, Happened::Interrupted, true).is_err() {
                    return;
                }
                let began = self.wall();
                let moment = self.now + self.chance.between(1, 300);
                let until = moment + self.chance.between(1, 300);
                let failure = self.strikes(Fault::ReadFails, 10).then(|| match self.chance.below(3) {
                    0 => Failure::Protocol("a page".to_owned()),
                    1 => Failure::AuthFailed("expired".to_owned()),
                    _ => Failure::Unavailable(RateHint { retry_after_ms: Some(1500), ..RateHint::default() }),
                });
                let down = || Failure::Unavailable(RateHint::default());
                let failure = failure.or(self.is_down(moment).then(down));
                let lag = i64::from(self.target.visible_after_s) * 1000;
                let lag = if self.strikes(Fault::Stale, 60) { self.chance.between(0, lag) } else { 0 };
                self.wait(me, Stage::Look { began, moment: moment - lag, until, failure }, until);
            }
            Task::Nothing => self.let_go(me),
        }
    }

    /// Waits for the target, and renews the claim meanwhile.
    fn wait(&mut self, me: usize, stage: Stage, until: Ms) {
        self.workers[me].stage = stage;
        self.again(me, until);
        let turn = self.workers[me].turn;
        let mut at = self.now + RENEWAL_MS;
        while at < until {
            self.at(at, Event::Renew { worker: me, turn });
            at += RENEWAL_MS;
        }
    }

    pub fn renew(&mut self, me: usize) {
        let until = self.wall_at(self.now + LEASE_MS);
        let Some(held) = &self.workers[me].held else { return };
        if self.store.save(held.row, &held.operation, held.fence, Some(until)).is_err() {
            self.say(|| format!("w{me} lost its claim"));
            self.let_go(me);
        }
    }

    /// The intent goes on record, unless the reason for it is gone.
    fn prepare(&mut self, me: usize) {
        let (row, operation) = (self.held(me).row, self.held(me).operation.clone());
        let before = operation.planned.after.map(|index| &self.store.earlier(row, index).operation);
        let account = match (before, operation.planned.action.account()) {
            (Some(before), _) if before.phase != Phase::Verified => {
                let why = "what it depends on did not come about".to_owned();
                return drop(self.take(me, Happened::Withdrawn { why }, false));
            }
            (Some(before), Some(AccountRef::CreatedBy(_))) => before.account.clone(),
            _ => operation.account.clone(),
        };
        if let Some(why) = operation.withdrawn(Some(self.person(&operation.planned.identity).standing)) {
            return drop(self.take(me, Happened::Withdrawn { why }, false));
        }
        let now = self.wall();
        let leaver = operation.planned.lane == Lane::Leaver;
        if operation.sends > 0 && !leaver && !self.workers[me].breaker.take_retry(now) {
            let rest = self.wall_at(self.now + LEASE_MS);
            let held = self.held(me);
            Rc::make_mut(&mut held.operation).not_before = rest;
            let (operation, fence) = (held.operation.clone(), held.fence);
            self.store.save(row, &operation, fence, None).unwrap_or(());
            return self.let_go(me);
        }
        let left = self.person(&operation.planned.identity).standing == Standing::Left;
        if leaver != left {
            self.broken(format!("{} is intended, and its reason is gone", operation.id));
        }
        let since = self.now;
        if self.take(me, Happened::Intended { account }, true).is_ok() {
            self.go_on(me, Stage::Send(since));
        }
    }

    fn send(&mut self, me: usize, since: Ms) {
        // Whoever stood still for so long may not be the only one any more: the intent is on record, and a read decides.
        if self.now - since >= LEASE_MS {
            self.say(|| format!("w{me} comes too late to send"));
            return self.let_go(me);
        }
        let (row, operation) = (self.held(me).row, self.held(me).operation.clone());
        let Some(action) = operation.action() else { return self.broken("a request for no account".to_owned()) };
        self.store.rows[row].requests += 1;
        if self.store.rows[row].requests > self.store.rows[row].intents {
            self.broken(format!("{} is sent without an intent on record", operation.id));
        }
        let arrives = self.now + self.chance.between(1, 400);
        let request = self.requests.len();
        let (answer, works) = self.fate(&action, arrives);
        self.say(|| format!("w{me} sends {} ({:?}): {answer:?}, works at {works:?}", operation.id, action.kind()));
        if let Some(works) = works {
            self.at(works, Event::Work { request });
        }
        let until = match &answer {
            Answer::None => self.now + TIMEOUT_MS,
            _ => arrives + self.chance.between(1, 400),
        };
        self.requests.push(Request { operation: operation.id.clone(), action, answer, done: None });
        self.wait(me, Stage::Wait { request, until }, until);
    }

    /// What becomes of a request: its answer, and when the work is done, if it is.
    fn fate(&mut self, action: &Action<NativeId>, arrives: Ms) -> (Answer, Option<Ms>) {
        if self.is_down(arrives) {
            return (Answer::Failure(Failure::Unavailable(RateHint::default()), false), None);
        }
        let fault = match self.chance.below(28) {
            0 | 1 => Fault::LostBefore,
            2 | 3 => Fault::LostAfter,
            4 => Fault::FailedAfterWork,
            5 => Fault::Lie,
            6 | 7 => Fault::Busy,
            8 | 9 => Fault::NotReached,
            10 | 11 => Fault::Late,
            12 => Fault::Accepted,
            13 => Fault::Unnamed,
            _ => return (Answer::Plain, Some(arrives)),
        };
        let hint = RateHint { retry_after_ms: Some(self.chance.below(20_000)), ..RateHint::default() };
        // How long after it was sent a request may still take effect: what `pace::UNKNOWN_PATIENCE` relies on.
        let late = arrives + self.chance.between(1_000, 13_500);
        if !self.may(fault) {
            return (Answer::Plain, Some(arrives));
        }
        self.met.faults.insert(fault);
        match fault {
            Fault::LostBefore => (Answer::None, None),
            Fault::LostAfter => (Answer::None, Some(arrives)),
            Fault::FailedAfterWork => (Answer::Failure(Failure::Unavailable(hint), true), Some(arrives)),
            Fault::Lie if action.kind() == OperationKind::Create => {
                (Answer::Claim(Status::Done, Some(NativeId::new("a-lie"))), None)
            }
            Fault::Lie => (Answer::Claim(Status::Done, None), None),
            Fault::Busy => (Answer::Failure(Failure::RateLimited(hint), true), None),
            Fault::NotReached if self.chance.percent(50) => {
                (Answer::Failure(Failure::AuthFailed("expired".to_owned()), false), None)
            }
            Fault::NotReached => (Answer::Failure(Failure::Unavailable(hint), false), None),
            Fault::Late => (Answer::None, Some(late)),
            Fault::Accepted if action.account().is_some() => {
                (Answer::Claim(Status::Accepted("7".to_owned()), None), self.chance.percent(60).then_some(late))
            }
            Fault::Unnamed => (Answer::Unnamed, Some(arrives)),
            _ => (Answer::Plain, Some(arrives)),
        }
    }

    fn answered(&mut self, me: usize, request: usize) {
        let sent = &self.requests[request];
        let (result, reached) = match (&sent.answer, sent.done.clone()) {
            (Answer::Plain, Some(done)) => (done, true),
            (Answer::Unnamed, Some(done)) => (done.map(|done| Outcome { account: None, ..done }), true),
            (Answer::Claim(status, account), _) => (Ok(crate::target::outcome(status.clone(), account.clone())), true),
            (Answer::Failure(failure, reached), _) => (Err(failure.clone()), *reached),
            (Answer::None | Answer::Plain | Answer::Unnamed, _) => {
                (Err(Failure::OutcomeUnknown("the connection broke".to_owned())), true)
            }
        };
        let now = self.wall();
        self.workers[me].breaker.record(result.as_ref().err(), now);
        if self.take(me, Happened::Answered { result, reached }, true).is_ok() {
            self.go_on_or_rest(me);
        }
    }

    fn looked(&mut self, me: usize, began: Timestamp, moment: Ms, failure: Option<Failure>) {
        let operation = &self.held(me).operation;
        let (action, account) = (operation.planned.action.clone(), operation.account.clone());
        let sight = match (failure, &action, &account) {
            (Some(failure), _, _) => Err(failure),
            (None, _, Some(id)) => Ok(Sight::Account(self.target.view(id, moment).map(Box::new))),
            (None, Action::Create(new), None) if self.target.searches => {
                Ok(Sight::Found(self.target.search(new.correlation_key.as_deref().unwrap(), moment)))
            }
            (None, Action::Create(_), None) => Ok(Sight::Blind),
            (None, _, None) => Err(Failure::Internal("the account of this operation is not known".to_owned())),
        };
        let now = self.wall();
        self.workers[me].breaker.record(sight.as_ref().err(), now);
        if self.take(me, Happened::Read { began, sight }, true).is_err() {
            return;
        }
        if self.held(me).operation.phase == Phase::Verified {
            self.verified(me, &action, moment);
        }
        self.go_on_or_rest(me);
    }

    fn verified(&mut self, me: usize, action: &Action<AccountRef>, moment: Ms) {
        let done = self.held(me).operation.clone();
        if !crate::laws::shows(action, done.account.as_ref(), &self.target, moment) {
            self.broken(format!("{} is verified, and what was read did not show it", done.id));
        }
        self.met.verified.insert(action.kind());
        let key = |one: &Operation| OperationKey::of(&one.planned.system, &one.planned.identity, &one.planned.action);
        for row in 0..self.store.rows.len() {
            let earlier = &self.store.rows[row].operation;
            if earlier.id != done.id && earlier.phase.needs_person() && key(earlier) == key(&done) {
                let mut earlier = earlier.clone();
                let why = format!("operation {} did it", done.id);
                let capability = self.capability(&earlier);
                Rc::make_mut(&mut earlier).step(Happened::Outdated { why }, &capability, self.wall(), 0.0);
                self.store.put(row, &earlier);
            }
        }
    }

    fn go_on_or_rest(&mut self, me: usize) {
        let now = self.wall();
        let operation = &self.held(me).operation;
        if operation.phase.is_settled() || operation.not_before > now {
            self.let_go(me)
        } else {
            self.go_on(me, Stage::Decide)
        }
    }

    /// Takes one thing that happened, and stores it. A claim that was lost is let go.
    fn take(&mut self, me: usize, happened: Happened, goes_on: bool) -> Result<(), Fenced> {
        let (now, jitter) = (self.wall(), self.chance.unit());
        let keep = self.wall_at(self.now + LEASE_MS);
        let capability = self.capability(&self.workers[me].held.as_ref().unwrap().operation);
        let held = self.workers[me].held.as_mut().unwrap();
        let read = matches!(happened, Happened::Read { .. });
        let failed =
            matches!(happened, Happened::Answered { result: Err(_), .. } | Happened::Read { sight: Err(_), .. });
        let step = Rc::make_mut(&mut held.operation).step(happened, &capability, now, jitter);
        let goes_on = goes_on && !held.operation.phase.is_settled() && held.operation.not_before <= now;
        let saved = self.store.save(held.row, &held.operation, held.fence, goes_on.then_some(keep));
        let (id, phase) = (held.operation.id.clone(), held.operation.phase);
        let given_up = failed && phase == Phase::Held && held.operation.planned.lane == Lane::Leaver;
        self.say(|| {
            format!(
                "w{me} {id} is {}: {} {}",
                phase.as_str(),
                step.note,
                if saved.is_err() { "(fenced off)" } else { "" }
            )
        });
        if given_up {
            self.broken(format!("{id} is a leaver's, and is given up because the target is not to be had"));
        }
        if phase == Phase::Verified && !read {
            self.broken(format!("{id} is verified, and nobody read it"));
        }
        if saved.is_err() || (!goes_on && phase != Phase::Verified) {
            self.let_go(me);
        }
        saved.and(if goes_on || phase == Phase::Verified { Ok(()) } else { Err(Fenced) })
    }
}

/// A request on its way, and what the target made of it.
pub struct Request {
    pub operation: OperationId,
    pub action: Action<NativeId>,
    answer: Answer,
    pub done: Option<Result<Outcome, Failure>>,
}

#[derive(Debug)]
enum Answer {
    /// What the target says when it has worked.
    Plain,
    Unnamed,
    None,
    Claim(Status, Option<NativeId>),
    Failure(Failure, bool),
}
