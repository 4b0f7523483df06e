//! One operation's life, as a pure state machine: what the worker does next, and what each thing that happened makes of it.
//!
//! `waiting -> intended -> done -> verified` is the good way. A lost answer or a crash leads to `unknown`, where a fresh
//! read decides before anything is sent again. Nothing here waits or asks: time and chance are arguments.

use super::{Breach, Failure, Judgement, Outcome, Retry, Sight, Status, judge, pace};
use crate::access::{Capability, OperationKind};
use crate::audit::Event;
use crate::finding::{Finding, FindingKind};
use crate::id::{NativeId, OperationId, PlanHash};
use crate::identity::Standing;
use crate::plan::{AccountRef, Action, Lane, PlannedOperation};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Where an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Approved and not sent, or sent without effect and to be sent again.
    Waiting,
    /// The intent is on record; the request may have left.
    Intended,
    /// It may have happened. A read decides.
    Unknown,
    /// The target says it is done. A fresh read has to confirm it.
    Done,
    /// A fresh read shows the wished end.
    Verified,
    /// A fresh read shows that the wished end did not come about.
    Residual,
    /// The target or the host refused.
    Refused,
    /// It can't go on without a person.
    Held,
    /// It is no longer wished: HR changed its mind, or what it depends on did not come about.
    Cancelled,
}

impl Phase {
    pub const ALL: [Self; 9] = [
        Self::Waiting,
        Self::Intended,
        Self::Unknown,
        Self::Done,
        Self::Verified,
        Self::Residual,
        Self::Refused,
        Self::Held,
        Self::Cancelled,
    ];

    /// Whether the worker has nothing left to do.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Verified | Self::Residual | Self::Refused | Self::Held | Self::Cancelled)
    }

    /// Whether a person must look at it.
    pub fn needs_person(self) -> bool {
        matches!(self, Self::Residual | Self::Refused | Self::Held)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Intended => "intended",
            Self::Unknown => "unknown",
            Self::Done => "done",
            Self::Verified => "verified",
            Self::Residual => "residual",
            Self::Refused => "refused",
            Self::Held => "held",
            Self::Cancelled => "cancelled",
        }
    }
}

/// An operation of an approved plan, on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    pub id: OperationId,
    pub plan: PlanHash,
    pub index: usize,
    pub planned: PlannedOperation,
    pub phase: Phase,
    /// The account it is for, once that is known.
    pub account: Option<NativeId>,
    /// How often it was sent.
    pub sends: u32,
    /// Fresh reads since it was sent last that did not show the wished end.
    pub reads: u32,
    /// The worker leaves it alone until then.
    pub not_before: Timestamp,
    pub sent_at: Option<Timestamp>,
    /// Since when it is not known whether it happened.
    #[serde(default)]
    pub unknown_since: Option<Timestamp>,
    /// What the target claimed last.
    pub outcome: Option<Outcome>,
    /// What stands in its way, in words.
    pub trouble: Option<String>,
    pub settled_at: Option<Timestamp>,
}

/// What the worker does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Record the intent, then send.
    Send,
    /// Read, and decide whether it happened.
    Observe,
    /// Read, and confirm that it happened.
    Verify,
    Nothing,
}

/// What happened to an operation.
#[derive(Clone, Debug)]
pub enum Happened {
    /// The intent is about to be recorded. The account is the one it goes to.
    Intended {
        account: Option<NativeId>,
    },
    /// The host stopped between intent and answer.
    Interrupted,
    Answered {
        result: Result<Outcome, Failure>,
        reached: bool,
    },
    /// What a read shows is as old as its beginning, however long the answer took.
    Read {
        began: Timestamp,
        sight: Result<Sight, Failure>,
    },
    /// The reason for it is gone.
    Withdrawn {
        why: String,
    },
    /// It waits for a person, and a later plan did the same.
    Outdated {
        why: String,
    },
    /// A person says: try again.
    Released {
        by: String,
    },
}

/// What a step is told to the log and to people.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// None for a step that only moves a date.
    pub event: Option<Event>,
    pub note: String,
    pub finding: Option<Finding>,
}

impl Operation {
    pub fn new(plan: &PlanHash, index: usize, planned: PlannedOperation, now: Timestamp) -> Self {
        let account = match planned.action.account() {
            Some(AccountRef::Existing(id)) => Some(id.clone()),
            _ => None,
        };
        Self {
            id: OperationId::of(plan, index),
            plan: plan.clone(),
            index,
            planned,
            phase: Phase::Waiting,
            account,
            sends: 0,
            reads: 0,
            not_before: now,
            sent_at: None,
            unknown_since: None,
            outcome: None,
            trouble: None,
            settled_at: None,
        }
    }

    pub fn task(&self) -> Task {
        match self.phase {
            Phase::Waiting => Task::Send,
            Phase::Intended | Phase::Unknown => Task::Observe,
            Phase::Done => Task::Verify,
            _ => Task::Nothing,
        }
    }

    /// The action with its account named; none where that is not known yet.
    pub fn action(&self) -> Option<Action<NativeId>> {
        let account = self.account.clone();
        self.planned.action.clone().for_account(|_| account)
    }

    /// Why it may no longer be sent to a person who stands so now; none where it may.
    pub fn withdrawn(&self, standing: Option<Standing>) -> Option<String> {
        match standing {
            Some(standing) if self.planned.cause.still_holds(standing) => None,
            Some(standing) => {
                Some(format!("{} is {standing:?} now, so its cause is gone", self.planned.person).to_lowercase())
            }
            None => Some("the person is not known any more".to_owned()),
        }
    }

    /// Takes one thing that happened. `capability` is what the connector says of this kind of operation; `jitter` is a
    /// random number from 0 to 1.
    pub fn step(&mut self, happened: Happened, capability: &Capability, now: Timestamp, jitter: f64) -> Step {
        let taken = match happened {
            Happened::Released { .. } => true,
            Happened::Outdated { .. } => self.phase.needs_person(),
            _ => !self.phase.is_settled(),
        };
        if !taken {
            return Step { event: None, note: format!("it is {} already", self.phase.as_str()), finding: None };
        }
        match happened {
            Happened::Intended { account } => {
                self.account = account.or(self.account.take());
                self.phase = Phase::Intended;
                self.sends = self.sends.saturating_add(1);
                self.reads = 0;
                (self.sent_at, self.unknown_since) = (Some(now), None);
                self.told(Event::OperationIntended, format!("attempt {}", self.sends))
            }
            Happened::Interrupted => self.unknown(now, "the host stopped before the answer was on record".to_owned()),
            Happened::Answered { result: Ok(outcome), .. } => self.answered(outcome, now),
            Happened::Answered { result: Err(failure), reached } => self.failed(&failure, reached, now, jitter),
            Happened::Read { began, sight: Ok(sight) } => self.read(&sight, began.min(now), capability, now, jitter),
            Happened::Read { sight: Err(failure), .. } => self.unreadable(&failure, now, jitter),
            Happened::Withdrawn { why } | Happened::Outdated { why } => {
                self.settle(Phase::Cancelled, Event::OperationCancelled, why, now)
            }
            Happened::Released { by } => {
                // What may have happened is read first, whoever says to try again. The attempts are counted anew.
                self.phase = if self.sent_at.is_none() { Phase::Waiting } else { Phase::Unknown };
                (self.reads, self.sends, self.not_before, self.settled_at) = (0, 0, now, None);
                self.trouble = None;
                self.told(Event::OperationRetried, format!("released by {by}"))
            }
        }
    }

    fn answered(&mut self, outcome: Outcome, now: Timestamp) -> Step {
        let note = match &outcome.status {
            Status::Done => "done, says the target".to_owned(),
            Status::AlreadySo => "it was so already, says the target".to_owned(),
            Status::Accepted(handle) => format!("accepted as {handle}"),
            Status::PendingApproval(whom) => format!("waits for approval at the target: {whom}"),
            Status::Partial(items) => {
                let failed: Vec<_> =
                    items.iter().filter_map(|i| Some(format!("{}: {}", i.item, i.fault.as_ref()?))).collect();
                if failed.is_empty() {
                    "done, says the target".to_owned()
                } else {
                    format!("in part: {}", failed.join("; "))
                }
            }
        };
        if self.planned.action.kind() == OperationKind::Create {
            match &outcome.account {
                Some(id) => self.account = Some(id.clone()),
                // It is looked for by its key, like one whose answer was lost.
                None => {
                    self.outcome = Some(outcome);
                    return self.unknown(now, "the target did not name the account that it made".to_owned());
                }
            }
        }
        self.trouble = (!matches!(outcome.status, Status::Done | Status::AlreadySo)).then(|| note.clone());
        self.outcome = Some(outcome);
        self.phase = Phase::Done;
        self.reads = 0;
        self.not_before = now;
        self.told(Event::OperationDone, note)
    }

    fn failed(&mut self, failure: &Failure, reached: bool, now: Timestamp, jitter: f64) -> Step {
        let gone = self.planned.action.removes() && matches!(failure, Failure::NotFound(_));
        match failure.retry(reached) {
            _ if gone => self.unknown(now, failure.to_string()),
            Retry::Later => self.again(failure, now, jitter),
            Retry::ReadFirst => self.unknown(now, failure.to_string()),
            Retry::Never => self.settle(Phase::Refused, Event::OperationRefused, failure.to_string(), now),
        }
    }

    /// Nothing happened at the target: the same request may be sent again, later.
    fn again(&mut self, failure: &Failure, now: Timestamp, jitter: f64) -> Step {
        // A leaver's operation is never given up: the case stays open, and a finding says so.
        if self.sends >= pace::SENDS_MAX && self.planned.lane != Lane::Leaver {
            let why = format!("given up after {} attempts: {failure}", self.sends);
            return self.settle(Phase::Held, Event::OperationHeld, why, now);
        }
        self.phase = Phase::Waiting;
        self.not_before = pace::retry_at(self.sends, failure.retry_after_ms(), now, jitter);
        let note = failure.to_string();
        self.trouble = Some(note.clone());
        let stuck = self.sends >= pace::SENDS_MAX || matches!(failure, Failure::AuthFailed(_));
        let finding = stuck.then(|| self.finding(FindingKind::OperationStuck, &note));
        Step { event: Some(Event::OperationRetried), note, finding }
    }

    fn unknown(&mut self, now: Timestamp, why: String) -> Step {
        self.phase = Phase::Unknown;
        self.unknown_since = Some(now);
        self.reads = 0;
        self.not_before = now;
        self.trouble = Some(why.clone());
        self.told(Event::OperationUnknown, why)
    }

    fn read(&mut self, sight: &Sight, began: Timestamp, capability: &Capability, now: Timestamp, jitter: f64) -> Step {
        match judge(&self.planned.action, self.account.as_ref(), sight) {
            Judgement::Holds { account } => {
                let observed = self.phase != Phase::Done;
                self.account = account.or(self.account.take());
                self.trouble = None;
                self.phase = Phase::Verified;
                self.settled_at = Some(now);
                let how = if observed { "found done by a fresh read" } else { "a fresh read shows it" };
                self.told(Event::OperationVerified, how.to_owned())
            }
            Judgement::Breach(Breach::Unobservable) if self.phase == Phase::Done => {
                self.trouble = None;
                self.phase = Phase::Verified;
                self.settled_at = Some(now);
                let how = "the target says so, and lists it either way: no read can show it";
                self.told(Event::OperationVerified, how.to_owned())
            }
            Judgement::Breach(Breach::Unobservable) => {
                self.did_not_happen("no read can tell whether it happened".to_owned(), capability, now, jitter)
            }
            Judgement::Breach(Breach::Ambiguous(why)) => self.settle(Phase::Held, Event::OperationHeld, why, now),
            Judgement::Breach(Breach::NotShown(why)) => {
                self.reads = self.reads.saturating_add(1);
                if !self.may_still_show(capability, began) {
                    return self.did_not_happen(why, capability, now, jitter);
                }
                self.not_before = pace::read_again_at(self.reads, now, jitter);
                self.trouble = Some(why.clone());
                Step { event: None, note: why, finding: None }
            }
        }
    }

    /// Whether the target was still within the time that it needs to show a change when the read began.
    fn may_still_show(&self, capability: &Capability, began: Timestamp) -> bool {
        let patience = match (self.phase, self.outcome.as_ref().map(|outcome| &outcome.status)) {
            (Phase::Done, Some(Status::PendingApproval(_))) => pace::APPROVAL_PATIENCE,
            (Phase::Done, Some(Status::Accepted(_))) => pace::ACCEPTED_PATIENCE,
            // A request whose answer was lost may still be at work: where a second one would be a second effect, absence
            // must be sure before it is sent again.
            (Phase::Unknown, _) if !capability.idempotent && !self.was_released() => pace::UNKNOWN_PATIENCE,
            _ => pace::READ_PATIENCE,
        };
        let visible = SignedDuration::from_secs(i64::from(capability.visible_after_s));
        let lost = self.unknown_since.filter(|_| self.phase == Phase::Unknown && !capability.idempotent);
        let since = lost.or(self.sent_at).unwrap_or(began);
        let waited = began.duration_since(since);
        let enough_reads = self.phase != Phase::Done || self.reads >= pace::READS_MIN;
        waited < visible.saturating_add(patience) || !enough_reads
    }

    /// The wished end does not show and will not by waiting.
    fn did_not_happen(&mut self, why: String, capability: &Capability, now: Timestamp, jitter: f64) -> Step {
        if self.phase == Phase::Done {
            return self.settle(Phase::Residual, Event::OperationResidual, why, now);
        }
        let create = self.planned.action.kind() == OperationKind::Create;
        if !create && !capability.idempotent && !self.was_released() {
            let why = format!("{why}; it may have been sent, and this target does not say that sending twice is safe");
            return self.settle(Phase::Held, Event::OperationHeld, why, now);
        }
        if self.sends >= pace::SENDS_MAX && self.planned.lane != Lane::Leaver {
            let why = format!("given up after {} attempts: {why}", self.sends);
            return self.settle(Phase::Held, Event::OperationHeld, why, now);
        }
        self.phase = Phase::Waiting;
        // A target that fails every time is asked ever more rarely.
        self.not_before = pace::retry_at(self.sends, None, now, jitter);
        let note = format!("a read shows that it did not happen: {why}");
        self.trouble = Some(why);
        let finding = (self.sends >= pace::SENDS_MAX).then(|| self.finding(FindingKind::OperationStuck, &note));
        Step { event: Some(Event::OperationRetried), note, finding }
    }

    /// A person who released it has answered for sending it again.
    fn was_released(&self) -> bool {
        self.sends == 0
    }

    fn unreadable(&mut self, failure: &Failure, now: Timestamp, jitter: f64) -> Step {
        let note = format!("the result can't be read: {failure}");
        self.reads = self.reads.saturating_add(1);
        let hopeless = failure.retry(false) == Retry::Never || self.reads >= pace::SENDS_MAX;
        if hopeless && self.planned.lane != Lane::Leaver {
            return self.settle(Phase::Held, Event::OperationHeld, note, now);
        }
        if self.phase != Phase::Done {
            self.unknown_since.get_or_insert(now);
            self.phase = Phase::Unknown;
        }
        self.not_before = pace::retry_at(self.reads, failure.retry_after_ms(), now, jitter);
        self.trouble = Some(note.clone());
        let finding = hopeless.then(|| self.finding(FindingKind::OperationStuck, &note));
        Step { event: None, note, finding }
    }

    fn settle(&mut self, phase: Phase, event: Event, why: String, now: Timestamp) -> Step {
        self.phase = phase;
        self.settled_at = Some(now);
        self.trouble = Some(why.clone());
        let kind = if phase == Phase::Residual { FindingKind::Residual } else { FindingKind::OperationStuck };
        let finding = phase.needs_person().then(|| self.finding(kind, &why));
        Step { event: Some(event), note: why, finding }
    }

    fn told(&self, event: Event, note: String) -> Step {
        Step { event: Some(event), note, finding: None }
    }

    /// The finding that stands for this operation for as long as it needs a person.
    fn finding(&self, kind: FindingKind, why: &str) -> Finding {
        let PlannedOperation { system, person, what, action, .. } = &self.planned;
        let verb = format!("{:?}", action.kind()).to_lowercase();
        Finding {
            kind,
            subject: self.id.to_string(),
            system: Some(system.clone()),
            identity: Some(self.planned.identity.clone()),
            text: format!(
                "{verb} {what} for {person} at {system}: {why}. Mend the cause, then `reeve run retry {}`.",
                self.id
            ),
        }
    }
}
