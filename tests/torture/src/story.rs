//! The people of a world, day by day, and what each of them must have at the end.

use crate::dice::Dice;
use crate::target::Holds;
use crate::world::STEPS_OF_A_DAY;
use reeve_e2e::people::Person;
use std::collections::{BTreeMap, BTreeSet};

const DEPARTMENTS: [&str; 3] = ["Finance", "Sales", "Legal"];
const TITLES: [&str; 2] = ["Clerk", "Lead"];

/// HR's file of each day.
#[derive(Clone, Debug)]
pub struct Story {
    pub days: Vec<Vec<Person>>,
}

impl Story {
    /// Somebody joins and is there; then one moves, one leaves, and one more joins.
    pub fn small() -> Self {
        let person = |number, family, department| Person::new(number, "Robin", family, department);
        let first = vec![person(1, "Abel", "Finance"), person(2, "Bois", "Sales")];
        let second = vec![
            person(1, "Abel", "Finance").moved("Sales", "Lead"),
            person(2, "Bois", "Sales").left(),
            person(3, "Cruz", "Legal"),
        ];
        Self { days: vec![first, second] }
    }

    /// Two people join, and one leaves the next day.
    pub fn come_and_gone() -> Self {
        let (stays, goes) = (Person::new(1, "Robin", "Abel", "Legal"), Person::new(2, "Robin", "Bois", "Legal"));
        Self { days: vec![vec![stays.clone(), goes.clone()], vec![stays, goes.left()]] }
    }

    /// One person joins.
    pub fn joiner() -> Self {
        Self { days: vec![vec![Person::new(1, "Robin", "Abel", "Finance")]] }
    }

    pub fn by_chance(dice: &mut Dice) -> Self {
        let department = |dice: &mut Dice| dice.one_of(&DEPARTMENTS).copied().unwrap_or_default();
        let mut number = 0;
        let mut join = |dice: &mut Dice| {
            number += 1;
            Person::new(number, "Robin", &format!("Seed{number:02}"), department(dice))
        };
        let mut people: Vec<_> = (0..=dice.below(3)).map(|_| join(dice)).collect();
        let mut days = vec![people.clone()];
        for _ in 0..=dice.below(2) {
            // The first one stays: a guardrail stops whatever would end everybody's access.
            for person in people.iter_mut().skip(1).filter(|person| person.end.is_empty()) {
                match dice.below(4) {
                    0 => *person = person.clone().left(),
                    1 => {
                        let title = dice.one_of(&TITLES).copied().unwrap_or_default();
                        *person = person.clone().moved(department(dice), title);
                    }
                    _ => {}
                }
            }
            if dice.percent(60) {
                people.push(join(dice));
            }
            days.push(people.clone());
        }
        Self { days }
    }

    /// The commands of all its days.
    pub fn steps(&self) -> usize {
        self.days.len() * STEPS_OF_A_DAY
    }

    /// What everybody must have at each target after the last day.
    pub fn end(&self) -> BTreeMap<String, Holds> {
        let last = self.days.last().cloned().unwrap_or_default();
        let mut joined = BTreeSet::new();
        // A leaver who never had an account gets none.
        for (day, people) in self.days.iter().enumerate() {
            let there =
                people.iter().filter(|person| person.end.is_empty() || day > 0 && joined.contains(&person.email()));
            let there: Vec<_> = there.map(Person::email).collect();
            joined.extend(there);
        }
        let people = last.iter().filter(|person| joined.contains(&person.email()));
        people.map(|person| (person.email(), holds(person))).collect()
    }

    pub fn leavers(&self) -> BTreeSet<String> {
        let last = self.days.last().into_iter().flatten();
        last.filter(|person| !person.end.is_empty()).map(Person::email).collect()
    }
}

fn holds(person: &Person) -> Holds {
    let mut groups = BTreeSet::new();
    let active = person.end.is_empty();
    if active {
        groups.insert("staff".to_owned());
        if person.department != "Legal" {
            groups.insert(person.department.to_lowercase());
        }
    }
    Holds { active, groups }
}
