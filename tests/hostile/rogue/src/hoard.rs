//! Opens what the host keeps for it, again and again, and gives nothing back.

use crate::machine::Thing;
use crate::machine::exports::things;
use crate::machine::wasi::cli::stdin::get_stdin;
use crate::machine::wasi::clocks::monotonic_clock::subscribe_duration;
use crate::machine::wasi::sockets::instance_network::instance_network;
use reeve_sdk::Failure;
use reeve_sdk::http::Request;

const HOUR_NS: u64 = 3_600_000_000_000;

pub fn run(mode: &str) -> Result<(), Failure> {
    match mode {
        "hoard-networks" => for_ever(instance_network),
        "hoard-streams" => for_ever(get_stdin),
        // Two handles of the host's for one of the guest's.
        "hoard-timers" => for_ever(|| subscribe_duration(HOUR_NS)),
        // No code of the host's runs when one of these is made.
        "hoard-things" => for_ever(|| things::Thing::new(Thing)),
        "hoard-answers" => {
            let mut hoard = vec![];
            loop {
                hoard.push(Request::get("api", "/staff").send()?);
            }
        }
        _ => Ok(()),
    }
}

fn for_ever<T>(open: impl Fn() -> T) -> ! {
    loop {
        std::mem::forget(open());
    }
}
