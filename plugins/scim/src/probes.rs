//! What an administrator learns from `check`: whether the server answers, what it says about itself, and whether that is
//! true where reading can tell. Nothing is changed, so the right to write stays untried, and the probes say so.

use crate::change::Way;
use crate::config::Config;
use crate::group::{self, Group};
use crate::paging::{Chunk, Listing, Place};
use crate::settings::Settings;
use crate::{API, exchange, user};
use reeve_sdk::http::Request;
use reeve_sdk::json::Node;
use reeve_sdk::prelude::*;

/// Groups that are looked at to see whether a listing shows members.
const GROUPS_TRIED: u32 = 10;

pub fn all(settings: &Settings) -> Result<Vec<Probe>, Failure> {
    let config = heeding_credentials(Config::read())?;
    let mut probes = vec![probe("service provider config", config.as_ref().map_err(Clone::clone).and_then(summary))];
    let Ok(config) = config else {
        return Ok(probes);
    };
    // Many servers show their configuration to everybody, so that it is the users who try the credentials.
    let users = heeding_credentials(Listing::users().page(&Place::first(&config, 1)))?;
    probes.push(probe("resource types", resource_types()));
    probes.push(probe("writing", dialect(settings, &config)));
    probes.push(probe("users", users.as_ref().map_err(Clone::clone).and_then(|users| counted(users, "users"))));
    if let (true, Ok(users)) = (settings.filter, &users) {
        probes.push(probe("search", search(users, settings, &config)));
    }
    let groups = Listing::groups().page(&Place::first(&config, GROUPS_TRIED.min(settings.page_size)));
    probes.push(probe("groups", groups.as_ref().map_err(Clone::clone).and_then(|groups| counted(groups, "groups"))));
    if let Ok(groups) = &groups {
        probes.push(probe("members", members(groups, settings)));
    }
    Ok(probes)
}

/// Without credentials nothing else is worth trying.
fn heeding_credentials<T>(read: Result<T, Failure>) -> Result<Result<T, Failure>, Failure> {
    match read {
        Err(failure @ Failure::AuthFailed(_)) => Err(failure),
        other => Ok(other),
    }
}

/// What was seen, or what is wrong and what to do.
type Seen = Result<String, Failure>;

fn probe(name: &str, seen: Seen) -> Probe {
    match seen {
        Ok(detail) => Probe::passed(name, detail),
        Err(failure) => Probe::failed(name, words(&failure)),
    }
}

fn summary(config: &Config) -> Seen {
    if !config.stated {
        return Ok("the target shows none; PATCH, search and paging by index are assumed".to_owned());
    }
    let has = |flag: bool, name: &str| format!("{}{name}", if flag { "" } else { "no " });
    let paging = if config.cursor { "paging by cursor" } else { "paging by index" };
    let most = match config.results_max {
        0 => String::new(),
        most => format!(", at most {most} resources an answer"),
    };
    let parts = [has(config.patch, "PATCH"), has(config.filter, "search"), has(config.etag, "versions")];
    Ok(format!("{}, {paging}{most}", parts.join(", ")))
}

fn resource_types() -> Seen {
    let answer = exchange::send(Request::get(API, "/ResourceTypes"))?;
    if matches!(answer.status(), 403 | 404 | 405 | 501) {
        return Ok("the target shows none; /Users and /Groups are assumed".to_owned());
    }
    let doc = exchange::document(answer)?;
    let root = doc.root();
    // The standard wants a list response; a bare list is seen too.
    let types = if root.value().is_array() { root.items()? } else { root.items_of("Resources")? };
    let endpoint = |node: &Node| node.text_of("endpoint");
    let endpoints: Vec<String> =
        types.iter().map(endpoint).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    let serves = |name: &str| endpoints.iter().any(|one| one.trim_end_matches('/').ends_with(name));
    match (serves("Users"), serves("Groups")) {
        (true, true) => Ok("users and groups".to_owned()),
        (users, _) => {
            let missing = if users { "/Groups, so there are no entitlements to govern" } else { "/Users" };
            Err(Failure::unsupported(format!("the target serves {} and not {missing}", endpoints.join(", "))))
        }
    }
}

fn dialect(settings: &Settings, config: &Config) -> Seen {
    match Way::of(settings, config) {
        Way::Patch if config.stated && !config.patch => {
            Err(Failure::unsupported("the target states that it has no PATCH; set `dialect = \"auto\"` or `\"put\"`"))
        }
        Way::Patch => Ok("by PATCH; the right to write is not tried".to_owned()),
        Way::Put if config.etag => Ok("by PUT, guarded by versions; the right to write is not tried".to_owned()),
        Way::Put => Ok("by PUT, and the target does not notice if somebody else writes at the same moment; the right \
                        to write is not tried"
            .to_owned()),
    }
}

fn counted(chunk: &Chunk, what: &str) -> Seen {
    match chunk.total {
        Some(total) => Ok(format!("{total} {what}")),
        None => Err(Failure::protocol(format!(
            "the {what} can be read, but the target does not say how many there are (totalResults), so that a listing \
             that was cut short looks whole"
        ))),
    }
}

fn search(users: &Chunk, settings: &Settings, config: &Config) -> Seen {
    if !config.filter {
        let text = "the target states that it does not search; set `filter = false`";
        return Err(Failure::unsupported(text));
    }
    let nobody = "no-such-user.reeve.invalid";
    let found = Listing::users().whose("userName", nobody).page(&Place::first(config, 1))?;
    if !found.resources()?.is_empty() {
        let text = "a search for a login that nobody has finds users, so searches are ignored; set `filter = false`";
        return Err(Failure::protocol(text));
    }
    let Some(login) =
        users.resources()?.first().map(|node| user::account(node, settings)).transpose()?.and_then(|a| a.login)
    else {
        return Ok("finds nobody where there is nobody".to_owned());
    };
    let found = Listing::users().whose("userName", &login).page(&Place::first(config, 1))?;
    if found.resources()?.is_empty() {
        return Err(Failure::protocol("a search by login does not find a user that is listed; set `filter = false`"));
    }
    Ok("finds a user by login, and nobody where there is nobody".to_owned())
}

/// Some servers leave members out of a listing, of all groups or of large ones. The first is noticed when it is read.
fn members(groups: &Chunk, settings: &Settings) -> Seen {
    let listed = groups.resources()?.iter().map(Group::read).collect::<Result<Vec<_>, _>>()?;
    let (shown, bare): (Vec<_>, Vec<_>) = listed.into_iter().partition(|group| !group.members.is_empty());
    let mut hidden = None;
    for group in bare {
        let read = group::again(group)?;
        hidden = hidden.or((!read.members.is_empty()).then_some(read.name));
    }
    match hidden {
        Some(name) if !shown.is_empty() && !settings.read_each_group => Err(Failure::protocol(format!(
            "the listing of groups shows the members of some and not of {name:?}; set `read-each-group = true`"
        ))),
        Some(_) => Ok("the listing of groups leaves members out, so each group is read by its id".to_owned()),
        None if shown.is_empty() => Ok(format!("none of the first {GROUPS_TRIED} groups has members")),
        None => Ok("the listing of groups shows members".to_owned()),
    }
}

fn words(failure: &Failure) -> String {
    let untold = || match failure {
        Failure::RateLimited(_) => "the target asks to wait; try again later",
        Failure::CursorExpired => "the target refuses the start of a listing by cursor",
        _ => "the target is not available",
    };
    failure.told().unwrap_or_else(|| untold().to_owned())
}
