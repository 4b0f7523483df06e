//! What may go wrong. A schedule that fails is tried again without one fault after another, so that its trace shows what
//! matters.

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The request never arrives, and no answer comes.
    LostBefore,
    /// The work is done, and no answer comes.
    LostAfter,
    /// The work is done, and the answer says 500.
    FailedAfterWork,
    /// The answer says done, and nothing was.
    Lie,
    /// 429 or 503 after the request left, without the work.
    Busy,
    /// The connection is refused, or the credentials are.
    NotReached,
    /// The answer times out, and the work is done some seconds later.
    Late,
    /// Accepted, and done later or never.
    Accepted,
    /// An account is made, and the answer does not name it.
    Unnamed,
    /// A worker dies between two steps, and its process comes back.
    Crash,
    /// A worker stands still for longer than its lease, and goes on.
    Pause,
    ClockBack,
    ReadFails,
    /// A read shows what was so a while ago, within what the target declares.
    Stale,
    /// HR takes an exit back.
    Rescind,
    /// The target never does this to that account.
    Refusal,
    /// Nothing is to be had of the target for minutes.
    Outage,
}

impl Fault {
    pub const ALL: [Self; 17] = [
        Self::LostBefore,
        Self::LostAfter,
        Self::FailedAfterWork,
        Self::Lie,
        Self::Busy,
        Self::NotReached,
        Self::Late,
        Self::Accepted,
        Self::Unnamed,
        Self::Crash,
        Self::Pause,
        Self::ClockBack,
        Self::ReadFails,
        Self::Stale,
        Self::Rescind,
        Self::Refusal,
        Self::Outage,
    ];
}

/// The faults that a schedule may meet.
#[derive(Clone, Copy, Debug)]
pub struct Faults(u32);

impl Faults {
    pub fn all() -> Self {
        Self(u32::MAX)
    }

    pub fn without(self, fault: Fault) -> Self {
        Self(self.0 & !(1 << fault as u32))
    }

    pub fn allow(self, fault: Fault) -> bool {
        self.0 & (1 << fault as u32) != 0
    }
}
