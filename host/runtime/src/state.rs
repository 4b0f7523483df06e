//! What the host keeps for one call: how far the guest may go, what it has used up, and what it said.

use crate::clean;
use crate::limiter::{Limiter, OverLimit, Turns};
use crate::limits::{HOST_CALLS_MAX, LOG_BYTES_MAX};
use crate::outside::{Outside, Spent};
use crate::reach::Reach;
use crate::senses::Senses;
use crate::wasi::Wasi;
use std::sync::Arc;
use tracing::Level;
use wasmtime_wasi::{WasiCtxView, WasiView};

/// Which call this is, for the log.
#[derive(Clone, Debug)]
pub(crate) struct CallName {
    pub plugin: String,
    pub digest: String,
    pub system: String,
    /// Counts the calls of this process.
    pub call: u64,
    /// The function that is called.
    pub function: &'static str,
}

pub(crate) struct State {
    name: CallName,
    reach: Reach,
    settings: Arc<str>,
    spent: Spent,
    pub(crate) limiter: Limiter,
    pub(crate) turns: Arc<Turns>,
    log: Log,
    /// Why the host refused the last call to the outside; none if it did not.
    denied: Option<String>,
    wasi: Wasi,
}

#[derive(Default)]
struct Log {
    bytes: usize,
    dropped: bool,
    /// The last line of the level `error`: what a plugin says before it panics.
    last_words: Option<String>,
}

impl State {
    pub fn new(name: CallName, reach: Reach, settings: Arc<str>, senses: Senses) -> Self {
        Self {
            name,
            reach,
            settings,
            spent: Spent::new(),
            limiter: Limiter::default(),
            turns: Arc::default(),
            log: Log::default(),
            denied: None,
            wasi: Wasi::new(senses),
        }
    }

    /// For a call that is replayed: whether something had left the host.
    pub fn having_reached(self, reached: bool) -> Self {
        Self { spent: Spent::recorded(reached), ..self }
    }

    /// Whether it is a call of earlier, of which the world has heard already.
    pub fn is_replay(&self) -> bool {
        matches!(self.reach, Reach::Record(_))
    }

    pub fn name(&self) -> &CallName {
        &self.name
    }

    /// Counts a call of an import, and stops a guest that makes too many.
    pub fn host_call(&mut self) -> wasmtime::Result<()> {
        // Its own counter's sentence advises the plugin; a guest that gets here is past advice.
        self.spent.host_call().map_err(|_| OverLimit(format!("it made more than {HOST_CALLS_MAX} host calls")))?;
        Ok(())
    }

    pub fn reach(&mut self) -> (&Reach, &mut Spent) {
        (&self.reach, &mut self.spent)
    }

    /// The guest goes on after a call to the outside.
    pub fn back(&mut self, denied: Option<&String>) {
        self.denied = denied.cloned();
        self.turns.start_anew();
    }

    /// The guest goes on after any host call.
    pub fn resume(&mut self) {
        self.turns.start_anew();
    }

    pub fn settings(&mut self) -> wasmtime::Result<String> {
        if let Reach::Record(tape) = &self.reach {
            return Ok(tape.settings(&mut self.spent)?);
        }
        let settings = self.settings.to_string();
        self.spent.journal().settings(&settings);
        Ok(settings)
    }

    pub fn log(&mut self, level: Level, message: &str) -> wasmtime::Result<()> {
        let left = LOG_BYTES_MAX.saturating_sub(self.log.bytes);
        if left == 0 {
            self.drop_line();
            return Ok(());
        }
        let mut line = clean::text(self.outside(), message);
        line.truncate(line.floor_char_boundary(left));
        self.log.bytes = self.log.bytes.saturating_add(line.len().max(1));
        self.spent.journal().log(level.as_str(), &line);
        if let Reach::Record(tape) = &self.reach {
            tape.log(&mut self.spent)?;
        }
        self.write_out(level, &line);
        if level == Level::ERROR {
            self.log.last_words = Some(line);
        }
        Ok(())
    }

    fn drop_line(&mut self) {
        if !std::mem::replace(&mut self.log.dropped, true) {
            let line = format!("the plugin has logged {LOG_BYTES_MAX} bytes in this call; the rest is dropped");
            self.write_out(Level::WARN, &line);
        }
    }

    fn write_out(&self, level: Level, line: &str) {
        if self.is_replay() {
            return;
        }
        let CallName { plugin, digest, system, call, function } = &self.name;
        macro_rules! out {
            ($level:ident) => {
                tracing::event!(
                    target: "reeve::plugin",
                    Level::$level,
                    plugin = plugin.as_str(),
                    digest = digest.as_str(),
                    system = system.as_str(),
                    call,
                    function,
                    "{line}"
                )
            };
        }
        match level {
            Level::ERROR => out!(ERROR),
            Level::WARN => out!(WARN),
            Level::INFO => out!(INFO),
            _ => out!(DEBUG),
        }
    }

    pub fn outside(&self) -> Option<&Outside> {
        self.reach.outside()
    }

    pub fn reached(&self) -> bool {
        self.spent.reached()
    }

    pub fn last_words(&self) -> Option<&str> {
        self.log.last_words.as_deref()
    }

    /// Why the host refused, if that is what the guest's last call to the outside came to.
    pub fn denied(&self) -> Option<String> {
        self.denied.as_deref().map(|why| clean::text(self.outside(), why))
    }

    pub fn into_spent(mut self) -> Spent {
        self.spent.journal().sensed(self.wasi.senses().sensed());
        self.spent
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi.view()
    }
}
