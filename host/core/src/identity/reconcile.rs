//! From a complete feed of workers to people: who is new, who changed, who is in dispute, and whether the feed can be
//! believed at all.

use super::{Exit, ExitCause, Identity, LifecycleEvent, Standing, Term, Worker, admit, advance, apply};
use crate::finding::{Finding, FindingKind};
use crate::id::{IdentityId, SystemName};
use crate::policy::{FeedRules, MissingWorker};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a feed changes. Identities that stay as they were are not in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reconciled {
    pub identities: Vec<Identity>,
    pub events: Vec<LifecycleEvent>,
    pub findings: Vec<Finding>,
    pub counts: FeedCounts,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedCounts {
    pub workers: u64,
    pub new: u64,
    pub changed: u64,
    pub left: u64,
    pub missing: u64,
    pub held_back: u64,
}

/// Why no row of a feed was applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum FeedRefused {
    #[error(
        "the feed of {source_name} is empty, while {known} people are known from it; nothing was changed. \
         Check the export, then sync again"
    )]
    Empty { source_name: SystemName, known: u64 },
    #[error(
        "the feed of {source_name} would end the access of {lost} of {known} people ({percent} %); policy stops at \
         {limit_percent} %. Nothing was changed. If it is right, sync again with --accept-loss and a reason; one urgent \
         exit goes through with `reeve leaver start`"
    )]
    Shrunk { source_name: SystemName, lost: u64, known: u64, percent: u64, limit_percent: u64, names: Vec<String> },
}

/// A feed that loses fewer people than this is never stopped: in a small company one exit is a large share.
pub const FEED_LOSS_FLOOR: u64 = 3;

/// How many names of lost people a refusal carries.
const NAMES_MAX: usize = 20;

/// Takes a complete feed. `new_id` is asked once per new person. `loss_accepted` is an operator's word for this one feed.
pub fn reconcile(
    source: &SystemName,
    known: &[Identity],
    feed: Vec<Worker>,
    rules: &FeedRules,
    loss_accepted: bool,
    now: Timestamp,
    mut new_id: impl FnMut() -> IdentityId,
) -> Result<Reconciled, FeedRefused> {
    let mut ours: Vec<&Identity> = known.iter().filter(|identity| identity.source == *source).collect();
    // Who is here comes last and wins over who left, where both could be meant.
    ours.sort_by_key(|identity| (identity.standing != Standing::Left, &identity.id));
    let present = ours.iter().filter(|identity| identity.standing != Standing::Left).count() as u64;
    if feed.is_empty() && present > 0 {
        return Err(FeedRefused::Empty { source_name: source.clone(), known: present });
    }
    let index = Index::new(&ours);
    let mut result = Reconciled::default();
    result.counts.workers = feed.len() as u64;
    let held_back = hold_back(source, &feed, &index, &mut result);
    let mut heard_of: BTreeSet<&IdentityId> = BTreeSet::new();
    let mut lost: Vec<String> = Vec::new();

    for worker in feed {
        let before = index.find(&worker);
        // Of an ended employment another row of the same person tells.
        if let Some(before) = before.filter(|_| !held_back.history.contains(worker.id.as_str())) {
            heard_of.insert(&before.id);
        }
        if held_back.contains(&worker) {
            result.counts.held_back += 1;
            continue;
        }
        let term = match Term::of(&worker) {
            Ok(term) => term,
            Err(unreadable) => {
                result.counts.held_back += 1;
                result.findings.push(unreadable_date(source, before, &worker, &unreadable.to_string()));
                continue;
            }
        };
        let Some(before) = before else {
            result.findings.extend(reused_number(source, &worker, &ours));
            result.findings.extend(possible_rehire(source, &worker, &ours));
            let (identity, events) = admit(newcomer(source, worker, term, new_id(), now), now);
            result.counts.new += 1;
            result.identities.push(identity);
            result.events.extend(events);
            continue;
        };
        let (after, events) = apply(before, worker, term, now);
        if before.standing != Standing::Left && after.standing == Standing::Left {
            result.counts.left += 1;
            lost.push(after.display_name());
        }
        if after != *before {
            result.counts.changed += 1;
            result.identities.push(after);
        }
        result.events.extend(events);
    }
    for before in ours.iter().filter(|identity| !heard_of.contains(&identity.id)) {
        missing(source, before, rules, now, &mut result, &mut lost);
    }
    guard(source, present, lost, rules, loss_accepted)?;
    Ok(result)
}

/// Whom a row of the feed is about: by worker number, else by the key that HR keeps over employments.
struct Index<'a> {
    by_worker: BTreeMap<&'a str, &'a Identity>,
    by_person: BTreeMap<&'a str, &'a Identity>,
}

impl<'a> Index<'a> {
    fn new(known: &[&'a Identity]) -> Self {
        // What is inserted last wins: a present number over somebody's former one.
        let by_person =
            known.iter().filter_map(|identity| Some((identity.worker.person_key.as_deref()?, *identity))).collect();
        let former = known.iter().flat_map(|i| i.former_ids.iter().map(move |id| (id.as_str(), *i)));
        let present = known.iter().map(|i| (i.worker.id.as_str(), *i));
        Self { by_worker: former.chain(present).collect(), by_person }
    }

    fn find(&self, worker: &Worker) -> Option<&'a Identity> {
        let by_worker = self.by_worker.get(worker.id.as_str()).filter(|known| !is_reused(known, worker));
        by_worker.or_else(|| self.by_person.get(worker.person_key.as_deref()?)).copied()
    }
}

/// Whether HR has given the number of somebody who left to somebody else: another person key says so.
fn is_reused(known: &Identity, worker: &Worker) -> bool {
    let keys = (&known.worker.person_key, &worker.person_key);
    known.standing == Standing::Left && matches!(keys, (Some(theirs), Some(new)) if theirs != new)
}

/// Worker numbers that are not applied.
#[derive(Default)]
struct HeldBack {
    /// Two rows claim the number, or one person.
    disputed: BTreeSet<String>,
    /// An employment before the one that counts.
    history: BTreeSet<String>,
}

impl HeldBack {
    fn contains(&self, worker: &Worker) -> bool {
        self.disputed.contains(worker.id.as_str()) || self.history.contains(worker.id.as_str())
    }
}

fn hold_back(source: &SystemName, feed: &[Worker], index: &Index<'_>, result: &mut Reconciled) -> HeldBack {
    let mut rows: BTreeMap<(Claim, &str), Vec<&Worker>> = BTreeMap::new();
    for worker in feed {
        rows.entry((Claim::Number, worker.id.as_str())).or_default().push(worker);
        if let Some(key) = worker.person_key.as_deref() {
            rows.entry((Claim::PersonKey, key)).or_default().push(worker);
        }
        if let Some(known) = index.find(worker) {
            rows.entry((Claim::Person, known.id.as_str())).or_default().push(worker);
        }
    }
    let mut held_back = HeldBack::default();
    for ((claim, key), workers) in rows.into_iter().filter(|(_, workers)| workers.len() > 1) {
        if workers.iter().all(|worker| held_back.contains(worker)) {
            continue;
        }
        if let Some(counts) = employment_that_counts(claim, &workers) {
            let history = workers.iter().filter(|worker| worker.id != counts.id);
            held_back.history.extend(history.map(|worker| worker.id.to_string()));
            continue;
        }
        held_back.disputed.extend(workers.iter().map(|worker| worker.id.to_string()));
        let what = claim.words();
        result.findings.push(Finding {
            kind: FindingKind::DuplicateWorker,
            subject: format!("{source}/{what}/{key}"),
            system: Some(source.clone()),
            identity: None,
            text: format!(
                "{} rows of {source} share the {what} {key:?}; none of them was applied. Mend the feed, then sync again.",
                workers.len()
            ),
        });
    }
    held_back
}

/// What two rows may both claim.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    Number,
    PersonKey,
    /// Somebody known, by a present number, a former one or the key.
    Person,
}

impl Claim {
    fn words(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::PersonKey => "person key",
            Self::Person => "person",
        }
    }
}

/// A person may hold two employments one after the other. The one that has not ended counts, or the one that ended last;
/// the others are history. None where that can't be told.
fn employment_that_counts<'a>(claim: Claim, workers: &[&'a Worker]) -> Option<&'a Worker> {
    let mut live = workers.iter().filter(|worker| worker.status != super::WorkerStatus::Terminated);
    match (claim, live.next(), live.next()) {
        (Claim::Number, ..) | (_, Some(_), Some(_)) => None,
        (_, Some(only), None) => Some(only),
        (_, None, _) => {
            let ends: Option<Vec<_>> =
                workers.iter().map(|worker| Some((Term::of(worker).ok()?.ends_at?, &worker.id, *worker))).collect();
            ends?.into_iter().max_by_key(|(end, id, _)| (*end, *id)).map(|(_, _, worker)| worker)
        }
    }
}

fn newcomer(source: &SystemName, worker: Worker, term: Term, id: IdentityId, now: Timestamp) -> Identity {
    let fresh = Identity {
        id,
        source: source.clone(),
        worker: worker.clone(),
        former_ids: Vec::new(),
        standing: Standing::Pending,
        starts_at: term.starts_at,
        exit: None,
        named_exit: None,
    };
    // The same rules as for a known person decide whether and when this one leaves.
    let (applied, _) = apply(&fresh, worker, term, now);
    applied
}

/// A number that HR has given to somebody new. The two are kept apart, because access hangs on who a person is.
fn reused_number(source: &SystemName, worker: &Worker, known: &[&Identity]) -> Option<Finding> {
    let before = known.iter().find(|identity| identity.worker.id == worker.id && is_reused(identity, worker))?;
    Some(Finding {
        kind: FindingKind::DuplicateWorker,
        subject: format!("{source}/number/{}", worker.id),
        system: Some(source.clone()),
        identity: Some(before.id.clone()),
        text: format!(
            "HR has given the number {} of {}, who left, to a new worker with another person key. They are kept apart and \
             share no access; if they are one person, give the row its old person key in HR.",
            worker.id,
            before.display_name()
        ),
    })
}

/// A leaver and a new worker with one e-mail address or name may be one person. Reeve says so and links nothing.
fn possible_rehire(source: &SystemName, worker: &Worker, known: &[&Identity]) -> Option<Finding> {
    let same_text = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
    let left = known.iter().filter(|identity| identity.standing == Standing::Left);
    let twin = left.into_iter().find(|identity| {
        let same_email = match (&identity.worker.email, &worker.email) {
            (Some(a), Some(b)) => same_text(a, b),
            _ => false,
        };
        let same_name = same_text(&identity.worker.given_name, &worker.given_name)
            && same_text(&identity.worker.family_name, &worker.family_name);
        same_email || same_name
    })?;
    Some(Finding {
        kind: FindingKind::PossibleRehire,
        subject: format!("{source}/{}", worker.id),
        system: Some(source.clone()),
        identity: Some(twin.id.clone()),
        text: format!(
            "New worker {} resembles {}, who left as worker {}. They are kept apart and share no access; if they are one \
             person, give both rows one person key in HR.",
            worker.id,
            twin.display_name(),
            twin.worker.id
        ),
    })
}

fn unreadable_date(source: &SystemName, before: Option<&Identity>, worker: &Worker, text: &str) -> Finding {
    Finding {
        kind: FindingKind::UnreadableDate,
        subject: format!("{source}/{}", worker.id),
        system: Some(source.clone()),
        identity: before.map(|identity| identity.id.clone()),
        text: format!("{text}. The worker was left as before; mend the date in HR, then sync again."),
    }
}

fn missing(
    source: &SystemName,
    before: &Identity,
    rules: &FeedRules,
    now: Timestamp,
    result: &mut Reconciled,
    lost: &mut Vec<String>,
) {
    if before.standing == Standing::Left {
        return;
    }
    // A known end may come while the person is already out of the feed.
    if let Some((after, event)) = advance(before, now).filter(|(after, _)| after.standing == Standing::Left) {
        result.counts.left += 1;
        result.identities.push(after);
        result.events.push(event);
        return;
    }
    result.counts.missing += 1;
    lost.push(before.display_name());
    match rules.missing {
        MissingWorker::Finding => result.findings.push(Finding {
            kind: FindingKind::MissingWorker,
            subject: format!("{source}/{}", before.worker.id),
            system: Some(source.clone()),
            identity: Some(before.id.clone()),
            text: format!(
                "{} (worker {}) is no longer in the feed of {source}, and HR gave no end date. Access stays until HR says, or \
                 until `reeve leaver start {}`.",
                before.display_name(),
                before.worker.id,
                before.worker.id
            ),
        }),
        MissingWorker::Leaver => {
            let mut gone = before.clone();
            gone.exit = Some(Exit { cause: ExitCause::Missing, effective_at: now, told_at: now });
            if let Some((after, event)) = advance(&gone, now) {
                result.counts.left += 1;
                result.identities.push(after);
                result.events.push(event);
            }
        }
    }
}

fn guard(
    source: &SystemName,
    known: u64,
    mut lost: Vec<String>,
    rules: &FeedRules,
    loss_accepted: bool,
) -> Result<(), FeedRefused> {
    let count = lost.len() as u64;
    let limit_percent = u64::from(rules.lost_percent_max);
    if loss_accepted || count < FEED_LOSS_FLOOR || count * 100 < known * limit_percent {
        return Ok(());
    }
    lost.truncate(NAMES_MAX);
    let percent = (count * 100).checked_div(known).unwrap_or(100);
    Err(FeedRefused::Shrunk { source_name: source.clone(), lost: count, known, percent, limit_percent, names: lost })
}
