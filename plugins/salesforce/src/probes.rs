//! What an administrator learns from `check`: whether the version is served, which permissions the connector's user
//! has, and whether what the settings name exists. Nothing is changed.

use crate::entitlement;
use crate::exchange::{self, VERSION, VERSIONS, flag};
use crate::program::Program;
use crate::settings::Settings;
use crate::{API, user};
use reeve_sdk::http::Request;
use reeve_sdk::json::Node;
use reeve_sdk::prelude::*;

/// What was seen, or what is wrong and what to do.
type Seen = Result<String, Failure>;

pub fn all(settings: &Settings) -> Result<Vec<Probe>, Failure> {
    let users = exchange::count("SELECT COUNT() FROM User");
    // Without credentials nothing else is worth trying.
    if let Err(failure @ Failure::AuthFailed(_)) = users {
        return Err(failure);
    }
    let mut probes = vec![
        probe("API version", version()),
        probe("users", users.map(|count| format!("{count} users, those who are not active included"))),
        probe("fields", fields(settings)),
        probe("frozen users", counted("UserLogin", "logins can be read, to see who is frozen")),
    ];
    probes.extend(rights());
    probes.push(probe("sessions", counted("AuthSession", "open sessions")));
    probes.push(probe("least privileged profiles", floors(settings)));
    probes.extend(Program::ALL.map(programs));
    Ok(probes)
}

fn probe(name: &str, seen: Seen) -> Probe {
    match seen {
        Ok(detail) => Probe::passed(name, detail),
        Err(failure) => Probe::failed(name, words(&failure)),
    }
}

fn version() -> Seen {
    let doc = exchange::accepted(Request::get(API, VERSIONS).send()?)?.json()?;
    let versions = doc.root().items()?.iter().map(|one| one.get("version")?.string()).collect::<Result<Vec<_>, _>>()?;
    if versions.iter().any(|version| version == VERSION) {
        return Ok(format!("the org serves {VERSION}, which this connector speaks"));
    }
    let newest = versions.last().map_or("none", String::as_str);
    Err(Failure::unsupported(format!("the org does not serve version {VERSION}; its newest is {newest}")))
}

/// Every field that the settings name is asked for; one that does not exist would fail every read.
fn fields(settings: &Settings) -> Seen {
    exchange::query(&format!("{} LIMIT 1", user::select(settings)), settings.page_size)?;
    Ok("User has every field that the settings name".to_owned())
}

fn counted(object: &str, what: &str) -> Seen {
    exchange::count(&format!("SELECT COUNT() FROM {object}")).map(|count| format!("{count} {what}"))
}

/// A permission of the connector's user, what it is for, and what is missing without it.
const RIGHTS: [(&str, &str, &str, &str); 4] = [
    (
        "PermissionsManageUsers",
        "right to change users",
        "Manage Users",
        "nobody is created, frozen, deactivated or put in a group",
    ),
    (
        "PermissionsAssignPermissionSets",
        "right to give permission sets",
        "Assign Permission Sets",
        "no permission set is given or taken",
    ),
    ("PermissionsManageRoles", "right to change roles", "Manage Roles", "no role is given or taken"),
    (
        "PermissionsCustomizeApplication",
        "tokens of everybody",
        "Customize Application",
        "only the connector's own tokens are listed, so that a leaver's stay unseen",
    ),
];

fn rights() -> Vec<Probe> {
    let fields = RIGHTS.map(|(field, ..)| field).join(", ");
    let read = exchange::query(&format!("SELECT {fields} FROM UserPermissionAccess"), 200);
    let read = read.and_then(|rows| {
        let items = rows.items()?;
        let row = items
            .first()
            .ok_or_else(|| Failure::protocol("Salesforce does not say what the connector's user may do"))?;
        RIGHTS.iter().map(|(field, ..)| Ok(flag(row, field)? == Some(true))).collect::<Result<Vec<bool>, Failure>>()
    });
    let held = match read {
        Ok(held) => held,
        Err(failure) => return vec![Probe::failed("rights", words(&failure))],
    };
    let probe = |((_, name, permission, without), held): (&(&str, &str, &str, &str), bool)| match held {
        true => Probe::passed(*name, format!("the connector's user has {permission}")),
        false => Probe::failed(*name, format!("the connector's user lacks {permission}: {without}")),
    };
    RIGHTS.iter().zip(held).map(probe).collect()
}

fn floors(settings: &Settings) -> Seen {
    let floors = entitlement::floors(settings)?;
    match floors.count() {
        0 => Err(Failure::invalid(
            "floor-profiles",
            "none is named, so that a leaver keeps the profile; name the least privileged profile of each user \
             licence, such as \"Minimum Access - Salesforce\"",
        )),
        count => Ok(format!("{count} named, and they exist")),
    }
}

fn programs(program: Program) -> Probe {
    let (name, what) = match program {
        Program::ConnectedApp => ("connected apps", "connected apps"),
        Program::Agent => ("agents", "agents and bots"),
    };
    let read = exchange::query(program.select(), 200).and_then(|rows| {
        rows.items()?.iter().map(|row: &Node| program.account(row)).collect::<Result<Vec<_>, _>>()?;
        Ok(rows.total)
    });
    match read {
        Ok(count) => Probe::passed(name, format!("{count} {what}")),
        // Many orgs have no agents; a listing says so too.
        Err(Failure::Unsupported(why)) => Probe::passed(name, format!("{}: {why}", program.without())),
        Err(failure) => Probe::failed(name, words(&failure)),
    }
}

fn words(failure: &Failure) -> String {
    let untold = || match failure {
        Failure::RateLimited(_) => "Salesforce asks to wait; try again later",
        Failure::CursorExpired => "Salesforce lost its place in a listing",
        _ => "Salesforce is not available",
    };
    failure.told().unwrap_or_else(|| untold().to_owned())
}
