//! One world by its seed: people come, move and go, an operator does the day's work, and is killed again and again.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use crate::checks::{ENDS_WELL, Wished, broken};
use crate::dice::Dice;
use crate::harm::{Harm, Kind, Orders, Side};
use crate::record::Record;
use crate::site::Site;
use crate::story::Story;
use reeve_e2e::people::Person;
use reeve_e2e::reeve::Output;
use reeve_sim::misbehaviour::{Act, RetryAfter, Rule, When, Work};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::Range;

/// How long a lease holds, and a little more, in seconds.
const LEASE_OVER_S: i64 = 11;
/// Exit codes: done, refused by a rule, done with something left.
const DONE: i32 = 0;
const REFUSED: i32 = 3;
const LEFT: i32 = 4;

/// A day's commands: read, plan, approve, run.
pub const STEPS_OF_A_DAY: usize = 4;

/// Kills by kind of boundary and side.
pub type Kills = BTreeMap<(Kind, Side), u64>;

/// What a world came to.
#[derive(Debug, Default)]
pub struct Outcome {
    pub kills: Kills,
    pub broken: Vec<String>,
    pub misbehaves: bool,
}

/// When the processes of a world are killed.
pub enum Plan {
    /// By chance.
    Chance(Dice),
    /// The first life of each of these steps of the world, counted from 0.
    Once(Range<usize>, Harm),
    Never,
}

pub struct World<'a> {
    pub site: &'a mut Site,
    plan: Plan,
    step: usize,
    pub outcome: Outcome,
}

impl<'a> World<'a> {
    pub fn begin(site: &'a mut Site, plan: Plan) -> Self {
        site.begin_anew();
        Self { site, plan, step: 0, outcome: Outcome::default() }
    }

    /// The world of a story in which each of these steps is harmed once.
    pub fn once(site: &'a mut Site, story: &Story, steps: Range<usize>, harm: Harm) -> Outcome {
        let mut world = Self::begin(site, Plan::Once(steps, harm));
        for people in &story.days {
            world.day(people);
        }
        world.end(story)
    }

    /// The world of a seed, from its first day to its judgement.
    pub fn of_seed(site: &'a mut Site, seed: u64) -> Outcome {
        let mut dice = Dice::new(seed);
        let story = Story::by_chance(&mut dice);
        let misbehaves = dice.percent(33);
        let rules: Vec<_> = site.targets.iter().map(|_| misbehaviour(&mut dice)).collect();
        let mut world = Self::begin(site, Plan::Chance(dice));
        world.outcome.misbehaves = misbehaves;
        for (day, people) in story.days.iter().enumerate() {
            if misbehaves {
                for (target, rules) in world.site.targets.iter().zip(rules.clone()) {
                    target.misbehave(rules);
                }
            }
            world.day(people);
            // An operator who sees the run killed may make a new plan at once.
            if day == 0 && world.chance(30) {
                world.day(people);
            }
        }
        world.end(&story)
    }

    fn chance(&mut self, share: u64) -> bool {
        match &mut self.plan {
            Plan::Chance(dice) => dice.percent(share),
            _ => false,
        }
    }

    /// A day's work of an operator: read, plan, approve, run.
    pub fn day(&mut self, people: &[Person]) {
        self.prepare(people);
        self.step(&["run"], &[DONE, LEFT]);
    }

    /// The same up to the run.
    pub fn prepare(&mut self, people: &[Person]) {
        self.site.reeve.hr(people);
        self.step(&["sync"], &[DONE, 1]);
        let made = self.step(&["plan"], &[DONE]).json;
        if let Some(hash) = made["hash"].as_str() {
            self.step(&["approve", hash], &[DONE]);
        }
    }

    /// A command, killed as planned and begun again until it ends by itself.
    fn step(&mut self, args: &[&str], codes: &[i32]) -> Output {
        let mut kills = 0;
        let here = self.step;
        self.step += 1;
        loop {
            let known = self.site.known.get(args.first().copied().unwrap_or_default()).cloned().unwrap_or_default();
            let harm = match &mut self.plan {
                Plan::Chance(dice) => {
                    let goes_on = if args.first() == Some(&"run") { 85 } else { 55 };
                    if dice.percent(goes_on) { by_chance(dice, &known) } else { None }
                }
                Plan::Once(steps, harm) if steps.contains(&here) && kills == 0 => Some(harm.clone()),
                _ => None,
            };
            let orders = Orders { harm, ..Orders::default() };
            let life = self.site.live(args, &orders);
            if life.output.code >= 0 {
                // What a life did that was killed after its commit is not to be done again.
                let again = kills > 0 && args.first() == Some(&"approve") && life.output.code == REFUSED;
                if !codes.contains(&life.output.code) && !again {
                    let Output { args, code, json, error } = &life.output;
                    self.outcome.broken.push(format!("{ENDS_WELL}: reeve {args} -> {code} {json:#} {error}"));
                }
                return life.output;
            }
            let (Some(kind), Some(harm)) = (life.struck, orders.harm) else {
                self.outcome.broken.push(format!("{ENDS_WELL}: reeve {args:?} died by itself: {}", life.output.error));
                return life.output;
            };
            kills += 1;
            *self.outcome.kills.entry((kind, harm.side)).or_default() += 1;
            // Most of the time the dead worker's leases are over when the next one starts.
            if !self.chance(25) {
                self.site.clock.pass(LEASE_OVER_S);
            }
        }
    }

    /// Lets all be done, and judges.
    pub fn end(mut self, story: &Story) -> Outcome {
        self.plan = Plan::Never;
        self.site.targets.iter().for_each(|target| target.misbehave([]));
        let people = story.days.last().cloned().unwrap_or_default();
        self.day(&people);
        self.step(&["sync"], &[DONE]);
        let plan = self.step(&["plan"], &[DONE]).json;
        let record = self.record(&plan);
        let wished = Wished { end: story.end(), leavers: story.leavers() };
        self.outcome.broken.extend(broken(&record, &wished));
        self.outcome
    }

    /// Takes down what there is to be judged.
    pub fn record(&mut self, plan: &Value) -> Record {
        Record::take(self.site, plan)
    }
}

/// A boundary of a command by chance: any of them, or one of a kind, so that the rare kinds get their share.
fn by_chance(dice: &mut Dice, known: &BTreeMap<Kind, u64>) -> Option<Harm> {
    let side = *dice.one_of(&Side::ALL)?;
    let passed: Vec<_> = known.iter().filter(|(_, count)| **count > 0).collect();
    if dice.percent(30) {
        let all = passed.iter().map(|(_, count)| **count).sum();
        return Some(Harm::kill(1 + dice.below(all), side));
    }
    let (kind, count) = dice.one_of(&passed)?;
    Some(Harm::kill(1 + dice.below(**count), side).among(&[**kind]))
}

fn misbehaviour(dice: &mut Dice) -> Vec<Rule> {
    let answer = |status, work, retry_after| Act::Answer { status, work, retry_after, body: None, content_type: None };
    let acts = [
        answer(500, Work::Done, None),
        Act::Close { work: Work::Done },
        Act::Close { work: Work::Skipped },
        answer(429, Work::Skipped, Some(RetryAfter::Seconds(2))),
        answer(503, Work::Skipped, None),
        Act::Truncate { keep_bytes: None },
    ];
    let places =
        [("POST", "/Users"), ("PATCH", "/Users/*"), ("PATCH", "/Groups/*"), ("PUT", "/Users/*"), ("PUT", "/Groups/*")];
    let mut rules = Vec::new();
    for (method, path) in places {
        if dice.percent(60) {
            let act = dice.one_of(&acts).cloned().unwrap();
            rules.push(Rule::new(act).on(method, path).when(When::Nth(1 + dice.below(3))));
        }
    }
    rules
}
