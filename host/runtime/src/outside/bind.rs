//! Brings together what a plugin asks for and what an administrator allows. Both must name a connection.

use super::files::FilesDoor;
use super::http::HttpDoor;
use super::ldap::LdapDoor;
use super::{Door, Outside, Patience, Redactor, Shared};
use crate::package::{AuthScheme, ConnectionAsk, Manifest, Reach};
use reeve_core::inventory::{Connection, System};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) fn bind(
    manifest: &Manifest,
    system: &System,
    shared: &Arc<Shared>,
    patience: Patience,
) -> Result<Outside, Vec<String>> {
    let redactor = Arc::new(Redactor::default());
    let mut faults = Vec::new();
    for name in system.connections.keys().filter(|name| manifest.connection(name).is_none()) {
        faults.push(format!(
            "connection `{name}`: the plugin `{}` asks for no such connection; remove [connections.{name}] from the \
             system file",
            manifest.id
        ));
    }
    let mut doors = BTreeMap::new();
    for ask in &manifest.connections {
        let door = match system.connections.get(&ask.name) {
            Some(connection) => door(system, ask, connection, shared, &redactor, patience),
            None => Err(format!(
                "it is missing ({}); add [connections.{}] with kind = \"{}\" to the system file",
                ask.purpose,
                ask.name,
                ask.reach.kind()
            )),
        };
        match door {
            Ok(door) => {
                doors.insert(ask.name.clone(), door);
            }
            Err(fault) => faults.push(format!("connection `{}`: {fault}", ask.name)),
        }
    }
    if faults.is_empty() {
        Ok(Outside { plugin: manifest.id.clone(), doors, redactor, trouble: None })
    } else {
        Err(faults)
    }
}

fn door(
    system: &System,
    ask: &ConnectionAsk,
    connection: &Connection,
    shared: &Arc<Shared>,
    redactor: &Arc<Redactor>,
    patience: Patience,
) -> Result<Door, String> {
    let scheme = connection.auth_scheme();
    if ask.reach.kind() == connection.kind() && !ask.reach.takes_auth(scheme) {
        return Err(format!(
            "the plugin can't live with the auth scheme \"{scheme}\"; it takes: {}",
            taken(&ask.reach)
        ));
    }
    let system = &system.name;
    Ok(match (&ask.reach, connection) {
        (Reach::Http { methods, paths, .. }, Connection::Http(http)) => {
            let reach = (methods, paths);
            Door::Http(Box::new(HttpDoor::bind(system, &ask.name, reach, http, shared, redactor, patience)?))
        }
        (Reach::Ldap { operations, .. }, Connection::Ldap(ldap)) => {
            Door::Ldap(Box::new(LdapDoor::bind(system, &ask.name, operations, ldap, shared, redactor, patience)?))
        }
        (Reach::Files, Connection::Files(files)) => {
            Door::Files(FilesDoor::bind(&ask.name, &files.folder, patience.request)?)
        }
        (reach, connection) => {
            return Err(format!(
                "its kind is \"{}\", and the plugin asks for \"{}\"; change `kind` in the system file",
                connection.kind(),
                reach.kind()
            ));
        }
    })
}

fn taken(reach: &Reach) -> String {
    match reach {
        Reach::Http { auth, .. } | Reach::Ldap { auth, .. } => {
            auth.iter().map(|scheme| format!("\"{scheme}\"")).collect::<Vec<_>>().join(", ")
        }
        Reach::Files => format!("\"{}\"", AuthScheme::None),
    }
}
