//! The database as far as operations go: claims with leases and fences, as `host/store` keeps them. It counts what the laws
//! ask for.

use jiff::Timestamp;
use reeve_core::plan::Lane;
use reeve_core::run::{Operation, Phase};
use std::rc::Rc;

pub struct Row {
    pub operation: Rc<Operation>,
    plan: usize,
    lease_until: Option<Timestamp>,
    fence: i64,
    pub intents: u32,
    pub requests: u32,
    /// How often it came to its end.
    pub ends: u32,
    /// How often it was taken up again after that: by a person, or because a later plan did it.
    pub reopened: u32,
    pub releases: u32,
}

#[derive(Default)]
pub struct Store {
    pub rows: Vec<Row>,
    plans: usize,
}

/// The claim was lost.
#[derive(Debug)]
pub struct Fenced;

impl Store {
    pub fn add(&mut self, operations: Vec<Operation>) {
        self.plans += 1;
        self.rows.extend(operations.into_iter().map(|operation| Row {
            operation: Rc::new(operation),
            plan: self.plans,
            lease_until: None,
            fence: 0,
            intents: 0,
            requests: 0,
            ends: 0,
            reopened: 0,
            releases: 0,
        }));
    }

    /// The operation with this place in the same plan.
    pub fn earlier(&self, row: usize, index: usize) -> &Row {
        let plan = self.rows[row].plan;
        self.rows.iter().find(|row| row.plan == plan && row.operation.index == index).unwrap()
    }

    fn may_begin(&self, row: usize) -> bool {
        let one = &self.rows[row].operation;
        let before = one.planned.after.map(|index| self.earlier(row, index));
        !one.phase.is_settled() && before.is_none_or(|before| before.operation.phase.is_settled())
    }

    pub fn claim(&mut self, now: Timestamp, until: Timestamp) -> Option<(usize, Rc<Operation>, i64)> {
        let due = |row: &usize| {
            let one = &self.rows[*row];
            one.operation.not_before <= now && one.lease_until.is_none_or(|until| until <= now) && self.may_begin(*row)
        };
        let order = |row: &usize| {
            let one = &self.rows[*row];
            (one.operation.planned.lane != Lane::Leaver, one.plan, one.operation.index)
        };
        let row = (0..self.rows.len()).filter(due).min_by_key(order)?;
        let claimed = &mut self.rows[row];
        claimed.lease_until = Some(until);
        claimed.fence += 1;
        Some((row, claimed.operation.clone(), claimed.fence))
    }

    /// When something is due by time alone.
    pub fn next_due(&self) -> Option<Timestamp> {
        let waiting = (0..self.rows.len()).filter(|row| self.may_begin(*row)).map(|row| &self.rows[row]);
        waiting
            .map(|row| row.lease_until.map_or(row.operation.not_before, |until| until.max(row.operation.not_before)))
            .min()
    }

    pub fn save(
        &mut self,
        row: usize,
        operation: &Rc<Operation>,
        fence: i64,
        keep: Option<Timestamp>,
    ) -> Result<(), Fenced> {
        if self.rows[row].fence != fence {
            return Err(Fenced);
        }
        self.rows[row].lease_until = keep;
        self.put(row, operation);
        Ok(())
    }

    /// For a person; none where a worker holds it.
    pub fn free(&mut self, row: usize, now: Timestamp) -> Option<Rc<Operation>> {
        let one = &mut self.rows[row];
        let free = one.lease_until.is_none_or(|until| until <= now);
        free.then(|| {
            one.fence += 1;
            one.lease_until = None;
            one.operation.clone()
        })
    }

    pub fn put(&mut self, row: usize, operation: &Rc<Operation>) {
        let one = &mut self.rows[row];
        let (before, after) = (one.operation.phase, operation.phase);
        one.intents += u32::from(after == Phase::Intended && before == Phase::Waiting);
        one.reopened += u32::from(before.is_settled() && after != before);
        one.ends += u32::from(after.is_settled() && after != before);
        one.operation = operation.clone();
    }
}
