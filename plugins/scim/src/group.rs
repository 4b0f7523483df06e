//! A SCIM group as an entitlement, and its members.

use crate::exchange;
use crate::settings::Settings;
use reeve_sdk::json::Node;
use reeve_sdk::prelude::*;
use serde_json::Value as Json;

/// What a member is, as far as the membership itself says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberKind {
    User,
    Group,
    /// Neither: a device, an agent. No account of this connector's.
    Other,
    /// Many servers say nothing. Ids are unique over users and groups (RFC 7643 section 3.1), so looking it up tells.
    Unsaid,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub id: String,
    pub kind: MemberKind,
    /// False where the server itself says that the membership comes from somewhere else.
    pub direct: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub id: String,
    pub name: String,
    external_id: Option<String>,
    pub members: Vec<Member>,
}

impl Group {
    pub fn read(node: &Node) -> Result<Self, Failure> {
        let id = node.get("id")?.string()?;
        Ok(Self {
            name: node.text_of("displayName")?.unwrap_or_else(|| id.clone()),
            external_id: node.text_of("externalId")?,
            members: node.items_of("members")?.iter().map(Member::read).collect::<Result<_, _>>()?,
            id,
        })
    }

    /// The membership of something with this id, which is an account (or a group) as far as is said.
    pub fn member(&self, id: &str, not: MemberKind) -> Option<&Member> {
        self.members.iter().find(|member| member.id == id && member.kind != not && member.kind != MemberKind::Other)
    }

    pub fn entitlement(&self, contains: Vec<String>) -> Entitlement {
        let external_id = self.external_id.iter().map(|id| Attribute::text("externalId", id)).collect();
        Entitlement {
            contains,
            attributes: external_id,
            ..Entitlement::new(&self.id, crate::descriptor::GROUP, &self.name)
        }
    }
}

/// Groups of a listing with their members. A listing that shows none at all may well leave them out, and "nobody holds
/// anything" is too much to conclude from that: then, or where the settings say so, each group is read by its id.
pub fn with_members(listed: Vec<Group>, settings: &Settings) -> Result<Vec<Group>, Failure> {
    if !settings.read_each_group && listed.iter().any(|group| !group.members.is_empty()) {
        return Ok(listed);
    }
    listed.into_iter().map(again).collect()
}

/// The group as its own id shows it. One that is gone meanwhile has no members.
pub fn again(listed: Group) -> Result<Group, Failure> {
    let read = exchange::find("/Groups", &listed.id)?.map(|doc| Group::read(&doc.root())).transpose()?;
    Ok(read.unwrap_or(Group { members: vec![], ..listed }))
}

impl Member {
    fn read(node: &Node) -> Result<Self, Failure> {
        let said = node.value().get("type").and_then(Json::as_str).unwrap_or_default().to_ascii_lowercase();
        Ok(Self {
            id: node.get("value")?.string()?,
            kind: match said.as_str() {
                "user" => MemberKind::User,
                "group" => MemberKind::Group,
                "" | "direct" | "indirect" => by_reference(node.value()),
                _ => MemberKind::Other,
            },
            direct: said != "indirect",
        })
    }
}

fn by_reference(member: &Json) -> MemberKind {
    let reference = member.get("$ref").and_then(Json::as_str).unwrap_or_default();
    let mut segments = reference.rsplit('/').skip(1);
    match segments.next() {
        Some("Users") => MemberKind::User,
        Some("Groups") => MemberKind::Group,
        _ => MemberKind::Unsaid,
    }
}
