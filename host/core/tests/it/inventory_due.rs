//! When systems are read: none is forgotten, none holds up another for long, and people come before accounts.

use crate::given::now;
use jiff::{SignedDuration, Timestamp};
use reeve_core::id::SystemName;
use reeve_core::inventory::{Reading, SystemRole, due_reads};
use std::time::Duration;

const HOUR: Option<Duration> = Some(Duration::from_secs(3600));

fn ago(minutes: i64) -> Option<Timestamp> {
    now().checked_sub(SignedDuration::from_mins(minutes)).ok()
}

fn target(name: &SystemName, tried: Option<i64>) -> Reading<'_> {
    Reading { name, role: SystemRole::Target, tried_at: tried.and_then(ago), awaited: false, since: None }
}

fn source(name: &SystemName, tried: Option<i64>) -> Reading<'_> {
    Reading { role: SystemRole::Source, ..target(name, tried) }
}

fn due(all: &[Reading<'_>], every: Option<Duration>) -> String {
    due_reads(all, every, now()).iter().map(|name| name.as_str()).collect::<Vec<_>>().join(" ")
}

fn names() -> [SystemName; 6] {
    ["a", "b", "c", "d", "e", "f"].map(SystemName::from)
}

#[test]
fn a_system_is_read_when_its_time_has_passed_since_the_last_try_and_when_it_was_never_tried() {
    let [a, b, c, ..] = &names();
    assert_eq!(due(&[target(a, Some(59)), target(b, Some(60)), target(c, None)], HOUR), "c b");
    assert_eq!(due(&[target(a, Some(600)), target(b, None)], None), "", "an interval of 0 is never");
    assert_eq!(due(&[target(a, Some(-5))], HOUR), "a", "a clock that was set back does not put it off");
}

#[test]
fn one_that_an_open_case_waits_for_is_read_more_often_and_also_where_no_other_is() {
    let [a, b, c, ..] = &names();
    let awaited = |name, tried| Reading { awaited: true, ..target(name, tried) };
    for every in [HOUR, None] {
        assert_eq!(due(&[awaited(a, Some(4)), awaited(b, Some(5)), target(c, Some(5))], every), "b");
    }
    let often = Some(Duration::from_secs(60));
    assert_eq!(due(&[awaited(a, Some(1))], often), "a");
}

#[test]
fn no_more_than_four_at_once_and_none_twice() {
    let [a, b, c, d, e, f] = &names();
    let all = |read: usize| {
        let mut all = [a, b, c, d, e, f].map(|name| target(name, None));
        all.iter_mut().take(read).for_each(|one| one.since = ago(200));
        all
    };
    assert_eq!(due(&all(0), HOUR), "a b c d");
    assert_eq!(due(&all(3), HOUR), "d");
    assert_eq!(due(&all(4), HOUR), "");
    let mut waited = all(2);
    waited[2] = target(c, Some(61));
    waited[3] = target(d, Some(90));
    assert_eq!(due(&waited[..4], HOUR), "d c", "the one that has waited longest comes first");
}

#[test]
fn people_are_read_before_accounts_but_a_slow_source_delays_no_target_for_long() {
    let [hr, crm, ..] = &names();
    assert_eq!(due(&[target(crm, None), source(hr, None)], HOUR), "a");
    let reading = |minutes| Reading { since: ago(minutes), ..source(hr, Some(70)) };
    assert_eq!(due(&[target(crm, None), reading(9)], HOUR), "");
    assert_eq!(due(&[target(crm, None), reading(10)], HOUR), "b");
    assert_eq!(due(&[target(crm, None), source(hr, Some(1))], HOUR), "b", "one that failed a minute ago, too");
}
