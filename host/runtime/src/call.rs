//! One call of a plugin: a fresh store, every limit on, two clocks, and an end that never reaches further than the call.
//!
//! The epoch stops a guest whose own code runs too long; the wall clock stops one that waits. Either alone has a hole.
//! After a trap the store is dropped and never entered again.

use crate::abi::{Answer, Exports};
use crate::clean;
use crate::engine::Sandbox;
use crate::limiter::{OverLimit, end_of_turn};
use crate::limits::*;
use crate::outside::Spent;
use crate::plugin::Plugin;
use crate::state::State;
use futures_util::future::BoxFuture;
use reeve_core::run::Failure;
use wasmtime::component::{Instance, ResourceTableError};
use wasmtime::{PoolConcurrencyLimitError, Store, Trap};

/// A live instance, in the hands of the call that it was made for.
pub(crate) struct Guest<'a> {
    pub exports: &'a Exports,
    pub store: &'a mut Store<State>,
    pub instance: &'a Instance,
}

/// What came of a call, and what it used up and did outside, however it ended.
pub(crate) struct Called<T> {
    pub result: Result<T, Failure>,
    pub spent: Spent,
}

/// Runs one call of a plugin to its end.
pub(crate) async fn call<T: Send>(
    sandbox: &Sandbox,
    plugin: &Plugin,
    state: State,
    ask: impl for<'a> FnOnce(Guest<'a>) -> BoxFuture<'a, Answer<T>> + Send,
) -> Called<T> {
    let Some(_slot) = sandbox.slot().await else {
        return Called {
            result: Err(Failure::Stopped("the host is shutting down".to_owned())),
            spent: state.into_spent(),
        };
    };
    let mut store = store(sandbox, state);
    // Everything below borrows the store, so that what the call did is known also when it is cut off.
    let run = async {
        let instance = plugin.pre().instantiate_async(&mut store).await?;
        ask(Guest { exports: plugin.exports(), store: &mut store, instance: &instance }).await
    };
    let ended = tokio::time::timeout(CALL_TIME_MAX, run).await;
    let state = store.into_data();
    let result = match ended {
        Ok(Ok(Ok(answer))) => Ok(answer),
        Ok(Ok(Err(failure))) => Err(said(failure, &state)),
        Ok(Err(error)) => Err(Failure::Stopped(why_stopped(&error, &state))),
        Err(_) => Err(Failure::Stopped(format!("it was not done after {} s", CALL_TIME_MAX.as_secs()))),
    };
    if let Err(Failure::Stopped(why)) = &result
        && !state.is_replay()
    {
        let name = state.name();
        tracing::warn!(
            plugin = name.plugin,
            digest = name.digest,
            system = name.system,
            call = name.call,
            function = name.function,
            "the plugin {} was stopped in {} of {}: {why}",
            name.plugin,
            name.function,
            name.system
        );
    }
    Called { result, spent: state.into_spent() }
}

fn store(sandbox: &Sandbox, state: State) -> Store<State> {
    let mut store = Store::new(sandbox.engine(), state);
    store.limiter(|state| &mut state.limiter);
    store.set_hostcall_fuel(HOST_CALL_BYTES_MAX);
    store.set_max_component_handles(HANDLES_MAX);
    store.data().turns.start_anew();
    store.set_epoch_deadline(EPOCH_TICKS_PER_TURN);
    store.epoch_deadline_callback(|context| end_of_turn(&context));
    store
}

/// The limit that ended a call, as a sentence about the plugin.
fn why_stopped(error: &wasmtime::Error, state: &State) -> String {
    tracing::debug!(plugin = state.name().plugin, call = state.name().call, "trap: {error:?}");
    if let Some(over) = error.downcast_ref::<OverLimit>() {
        return over.to_string();
    }
    if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
        return "the sandbox has no room for it at the moment".to_owned();
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => "its calls nest too deep for the stack".to_owned(),
        // What a panic and a failed assertion of any language end in.
        Some(Trap::UnreachableCodeReached) => match state.last_words() {
            Some(words) => format!("it gave up: {words}"),
            None => "it gave up (a panic or an abort) and said nothing".to_owned(),
        },
        Some(trap) => format!("it broke the rules of WebAssembly ({trap})"),
        None if is_too_much_data(error) => {
            format!("it handed over more than {HOST_CALL_BYTES_MAX} bytes at once")
        }
        None if is_too_many_handles(error) => {
            format!("the host would have to keep more than {HANDLES_MAX} handles for it")
        }
        None => clean::text(state.outside(), &format!("it could not go on: {}", error.root_cause())),
    }
}

/// wasmtime keeps the type of this error to itself.
fn is_too_much_data(error: &wasmtime::Error) -> bool {
    error.root_cause().to_string().contains("fuel allocated for hostcalls")
}

/// Over the limit of the host's own table, or of the guest's, whose error wasmtime keeps to itself too.
fn is_too_many_handles(error: &wasmtime::Error) -> bool {
    matches!(error.downcast_ref(), Some(ResourceTableError::Full))
        || error.root_cause().to_string().contains("store handle limit exceeded")
}

/// A failure in the plugin's words. Where nothing can have changed and the host's own refusal was the last thing that
/// the plugin met outside, that is the reason, whatever the plugin made of it.
fn said(failure: Failure, state: &State) -> Failure {
    match state.denied() {
        Some(why) if !state.reached() => Failure::Denied(why),
        _ => clean::failure(state.outside(), failure),
    }
}
