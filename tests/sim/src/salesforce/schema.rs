//! The objects that this stand-in has, with those of their fields that concern access. Names, types and what may be
//! done follow the Object Reference for the Salesforce Platform; fields that concern nothing here are left out.

use super::field::{Field, Type};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Object {
    Organization,
    UserLicense,
    Profile,
    UserRole,
    User,
    UserLogin,
    PermissionSetLicense,
    PermissionSet,
    PermissionSetGroup,
    PermissionSetGroupComponent,
    PermissionSetAssignment,
    PermissionSetLicenseAssign,
    Group,
    GroupMember,
    AuthSession,
    OauthToken,
    ConnectedApplication,
    BotDefinition,
    UserPermissionAccess,
}

use Object::{
    AuthSession, BotDefinition, ConnectedApplication, Group, GroupMember, OauthToken, Organization, PermissionSet,
    PermissionSetAssignment, PermissionSetGroup, PermissionSetGroupComponent, PermissionSetLicense,
    PermissionSetLicenseAssign, Profile, User, UserLicense, UserLogin, UserPermissionAccess, UserRole,
};

const STAMP: Field = Field::time("SystemModstamp");
const CREATED: Field = Field::time("CreatedDate");
const CREATED_BY: Field = Field::reference("CreatedById", "CreatedBy", &[User]);
const MODIFIED: Field = Field::time("LastModifiedDate");
const MODIFIED_BY: Field = Field::reference("LastModifiedById", "LastModifiedBy", &[User]);

const USER: &[Field] = &[
    Field::id(),
    Field::text("Username", 80).settable().required(),
    Field::text("LastName", 80).settable().required(),
    Field::text("FirstName", 40).settable(),
    Field::text("Name", 121),
    Field::text("CompanyName", 80).settable(),
    Field::text("Division", 80).settable(),
    Field::text("Department", 80).settable(),
    Field::text("Title", 80).settable(),
    Field::email("Email").settable().required(),
    Field::text("Phone", 40).settable(),
    Field::text("MobilePhone", 40).settable(),
    Field::text("Alias", 8).settable().required(),
    Field::text("CommunityNickname", 40).settable(),
    Field::flag("IsActive").settable(),
    Field::text("TimeZoneSidKey", 40).settable().required(),
    Field::reference("UserRoleId", "UserRole", &[UserRole]).settable(),
    Field::text("LocaleSidKey", 40).settable().required(),
    Field::text("EmailEncodingKey", 40).settable().required(),
    Field::reference("ProfileId", "Profile", &[Profile]).settable().required(),
    Field::text("UserType", 40),
    Field::text("LanguageLocaleKey", 40).settable().required(),
    Field::text("EmployeeNumber", 20).settable(),
    Field::text("FederationIdentifier", 512).settable(),
    Field::reference("DelegatedApproverId", "", &[User]).settable(),
    Field::reference("ManagerId", "Manager", &[User]).settable(),
    Field::time("LastLoginDate"),
    Field::time("LastPasswordChangeDate"),
    // Two of the org's own fields: one that its validation rule may require, and one that is a hierarchy.
    Field::text("Cost_Center__c", 40).settable(),
    Field::reference("Mentor__c", "Mentor__r", &[User]).settable(),
    CREATED,
    CREATED_BY,
    MODIFIED,
    MODIFIED_BY,
    STAMP,
];

const USER_LOGIN: &[Field] = &[
    Field::id(),
    Field::reference("UserId", "User", &[User]),
    Field::flag("IsFrozen").by_update(),
    Field::flag("IsPasswordLocked").by_update(),
    MODIFIED,
    MODIFIED_BY,
];

const USER_LICENSE: &[Field] = &[
    Field::id(),
    Field::text("LicenseDefinitionKey", 255),
    Field::text("Name", 255),
    Field::text("MasterLabel", 255),
    Field::text("Status", 40),
    Field::number("TotalLicenses"),
    Field::number("UsedLicenses"),
    CREATED,
    MODIFIED,
    STAMP,
];

const PROFILE: &[Field] = &[
    Field::id(),
    Field::text("Name", 255),
    Field::text("Description", 255),
    Field::reference("UserLicenseId", "UserLicense", &[UserLicense]),
    Field::text("UserType", 40),
    Field::flag("PermissionsModifyAllData"),
    Field::flag("PermissionsManageUsers"),
    Field::flag("PermissionsCustomizeApplication"),
    Field::flag("PermissionsAuthorApex"),
    CREATED,
    CREATED_BY,
    MODIFIED,
    MODIFIED_BY,
    STAMP,
];

const USER_ROLE: &[Field] = &[
    Field::id(),
    Field::text("Name", 80).settable().required(),
    Field::text("DeveloperName", 80).settable(),
    Field::reference("ParentRoleId", "", &[UserRole]).settable(),
    Field::text("PortalType", 40),
    MODIFIED,
    MODIFIED_BY,
    STAMP,
];

const PERMISSION_SET: &[Field] = &[
    Field::id(),
    Field::text("Name", 80).settable().required(),
    Field::text("Label", 80).settable().required(),
    Field::text("Description", 255).settable(),
    Field::reference("LicenseId", "License", &[PermissionSetLicense, UserLicense]).at_creation(),
    Field::reference("ProfileId", "Profile", &[Profile]),
    Field::flag("IsOwnedByProfile"),
    Field::flag("IsCustom"),
    Field::text("Type", 40),
    Field::reference("PermissionSetGroupId", "PermissionSetGroup", &[PermissionSetGroup]),
    Field::flag("PermissionsModifyAllData").settable(),
    Field::flag("PermissionsManageUsers").settable(),
    Field::flag("PermissionsCustomizeApplication").settable(),
    Field::flag("PermissionsAuthorApex").settable(),
    Field::text("NamespacePrefix", 15),
    CREATED,
    CREATED_BY,
    MODIFIED,
    MODIFIED_BY,
    STAMP,
];

const PERMISSION_SET_GROUP: &[Field] = &[
    Field::id(),
    Field::text("DeveloperName", 80).settable().required(),
    Field::text("MasterLabel", 80).settable().required(),
    Field::text("Description", 255).settable(),
    Field::text("Status", 40),
    Field::text("NamespacePrefix", 15),
    CREATED,
    CREATED_BY,
    MODIFIED,
    MODIFIED_BY,
    STAMP,
];

const PERMISSION_SET_GROUP_COMPONENT: &[Field] = &[
    Field::id(),
    Field::reference("PermissionSetGroupId", "PermissionSetGroup", &[PermissionSetGroup]).at_creation().required(),
    Field::reference("PermissionSetId", "PermissionSet", &[PermissionSet]).at_creation().required(),
    CREATED,
    CREATED_BY,
    MODIFIED,
    MODIFIED_BY,
    STAMP,
];

const PERMISSION_SET_ASSIGNMENT: &[Field] = &[
    Field::id(),
    Field::reference("AssigneeId", "Assignee", &[User]).at_creation().required(),
    // One of the two; which, is judged by the rules.
    Field::reference("PermissionSetId", "PermissionSet", &[PermissionSet]).at_creation(),
    Field::reference("PermissionSetGroupId", "PermissionSetGroup", &[PermissionSetGroup]).at_creation(),
    Field::time("ExpirationDate").settable(),
    Field::flag("IsActive"),
    Field::flag("IsRevoked"),
    STAMP,
];

const PERMISSION_SET_LICENSE: &[Field] = &[
    Field::id(),
    Field::text("DeveloperName", 80),
    Field::text("MasterLabel", 255),
    Field::text("PermissionSetLicenseKey", 255),
    Field::text("Status", 40),
    Field::number("TotalLicenses"),
    Field::number("UsedLicenses"),
    CREATED,
    MODIFIED,
    STAMP,
];

const PERMISSION_SET_LICENSE_ASSIGN: &[Field] = &[
    Field::id(),
    Field::reference("AssigneeId", "Assignee", &[User]).at_creation().required(),
    Field::reference("PermissionSetLicenseId", "PermissionSetLicense", &[PermissionSetLicense])
        .at_creation()
        .required(),
    CREATED,
    MODIFIED,
    STAMP,
];

const GROUP: &[Field] = &[
    Field::id(),
    Field::text("Name", 40).settable().required(),
    Field::text("DeveloperName", 80).settable(),
    Field::text("Description", 1332).settable(),
    Field::reference("RelatedId", "Related", &[UserRole]),
    Field::text("Type", 40).at_creation(),
    Field::email("Email").settable(),
    Field::flag("DoesSendEmailToMembers").settable(),
    Field::flag("DoesIncludeBosses").settable(),
    CREATED,
    CREATED_BY,
    MODIFIED,
    MODIFIED_BY,
    STAMP,
];

const GROUP_MEMBER: &[Field] = &[
    Field::id(),
    Field::reference("GroupId", "Group", &[Group]).at_creation().required(),
    Field::reference("UserOrGroupId", "UserOrGroup", &[Group, User]).at_creation().required(),
    STAMP,
];

const AUTH_SESSION: &[Field] = &[
    Field::id(),
    Field::reference("UsersId", "Users", &[User]),
    Field::text("SessionType", 40),
    Field::text("LoginType", 40),
    Field::text("SourceIp", 39),
    Field::text("UserType", 40),
    Field::text("SessionSecurityLevel", 40),
    Field::number("NumSecondsValid"),
    Field::reference("ParentId", "", &[AuthSession]),
    Field::flag("IsCurrent"),
    CREATED,
    MODIFIED,
];

const OAUTH_TOKEN: &[Field] = &[
    Field::id(),
    Field::text("AppName", 255),
    Field::reference("UserId", "User", &[User]),
    Field::time("LastUsedDate"),
    Field::number("UseCount"),
    Field::text("DeleteToken", 255),
    CREATED,
];

const CONNECTED_APPLICATION: &[Field] = &[
    Field::id(),
    Field::text("Name", 80),
    Field::flag("OptionsAllowAdminApprovedUsersOnly"),
    CREATED,
    CREATED_BY,
    MODIFIED,
    MODIFIED_BY,
    STAMP,
];

const BOT_DEFINITION: &[Field] = &[
    Field::id(),
    Field::text("DeveloperName", 80),
    Field::text("MasterLabel", 80),
    Field::text("Description", 255),
    Field::reference("BotUserId", "BotUser", &[User]),
    CREATED,
    CREATED_BY,
    MODIFIED,
    MODIFIED_BY,
    STAMP,
];

/// The same of every caller.
const USER_PERMISSION_ACCESS: &[Field] = &[
    Field::id(),
    Field::flag("PermissionsApiEnabled"),
    Field::flag("PermissionsAssignPermissionSets"),
    Field::flag("PermissionsCustomizeApplication"),
    Field::flag("PermissionsManageRoles"),
    Field::flag("PermissionsManageUsers"),
];

const ORGANIZATION: &[Field] =
    &[Field::id(), Field::text("Name", 80), Field::text("OrganizationType", 40), Field::flag("IsSandbox"), STAMP];

/// What may be done to the records of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rights {
    pub(super) create: bool,
    pub(super) update: bool,
    pub(super) delete: bool,
}

impl Object {
    /// Each after those that it refers to.
    pub(super) const ALL: [Self; 19] = [
        Organization,
        UserLicense,
        Profile,
        UserRole,
        User,
        UserLogin,
        PermissionSetLicense,
        PermissionSetGroup,
        PermissionSet,
        PermissionSetGroupComponent,
        PermissionSetAssignment,
        PermissionSetLicenseAssign,
        Group,
        GroupMember,
        AuthSession,
        OauthToken,
        ConnectedApplication,
        BotDefinition,
        UserPermissionAccess,
    ];

    /// API name and key prefix. The prefixes of the last four are not
    /// documented, and stand for any.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Organization => ("Organization", "00D"),
            UserLicense => ("UserLicense", "100"),
            Profile => ("Profile", "00e"),
            UserRole => ("UserRole", "00E"),
            User => ("User", "005"),
            UserLogin => ("UserLogin", "0Yw"),
            PermissionSetLicense => ("PermissionSetLicense", "0PL"),
            PermissionSet => ("PermissionSet", "0PS"),
            PermissionSetGroup => ("PermissionSetGroup", "0PG"),
            PermissionSetGroupComponent => ("PermissionSetGroupComponent", "0PM"),
            PermissionSetAssignment => ("PermissionSetAssignment", "0Pa"),
            PermissionSetLicenseAssign => ("PermissionSetLicenseAssign", "2LA"),
            Group => ("Group", "00G"),
            GroupMember => ("GroupMember", "011"),
            AuthSession => ("AuthSession", "0Ak"),
            OauthToken => ("OauthToken", "0CQ"),
            ConnectedApplication => ("ConnectedApplication", "0H4"),
            BotDefinition => ("BotDefinition", "0Xx"),
            UserPermissionAccess => ("UserPermissionAccess", "1uP"),
        }
    }

    pub(super) fn name(self) -> &'static str {
        self.names().0
    }

    pub(super) fn prefix(self) -> &'static str {
        self.names().1
    }

    /// Names are taken in any case.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|object| object.name().eq_ignore_ascii_case(name))
    }

    pub(super) fn of_prefix(prefix: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|object| object.prefix() == prefix)
    }

    pub(super) fn fields(self) -> &'static [Field] {
        match self {
            Organization => ORGANIZATION,
            UserLicense => USER_LICENSE,
            Profile => PROFILE,
            UserRole => USER_ROLE,
            User => USER,
            UserLogin => USER_LOGIN,
            PermissionSetLicense => PERMISSION_SET_LICENSE,
            PermissionSet => PERMISSION_SET,
            PermissionSetGroup => PERMISSION_SET_GROUP,
            PermissionSetGroupComponent => PERMISSION_SET_GROUP_COMPONENT,
            PermissionSetAssignment => PERMISSION_SET_ASSIGNMENT,
            PermissionSetLicenseAssign => PERMISSION_SET_LICENSE_ASSIGN,
            Group => GROUP,
            GroupMember => GROUP_MEMBER,
            AuthSession => AUTH_SESSION,
            OauthToken => OAUTH_TOKEN,
            ConnectedApplication => CONNECTED_APPLICATION,
            BotDefinition => BOT_DEFINITION,
            UserPermissionAccess => USER_PERMISSION_ACCESS,
        }
    }

    pub(super) fn rights(self) -> Rights {
        let none = Rights::default();
        let all = Rights { create: true, update: true, delete: true };
        match self {
            User => Rights { delete: false, ..all },
            UserLogin => Rights { update: true, ..none },
            UserRole | PermissionSet | PermissionSetGroup | PermissionSetAssignment | Group => all,
            PermissionSetLicenseAssign | PermissionSetGroupComponent | GroupMember => Rights { update: false, ..all },
            AuthSession => Rights { delete: true, ..none },
            _ => none,
        }
    }

    /// A field's place in a record, by its name in any case.
    pub(super) fn field(self, name: &str) -> Option<(usize, &'static Field)> {
        let exact = self.fields().iter().position(|field| field.name == name);
        if let Some((place, field)) = exact.and_then(|place| Some((place, self.fields().get(place)?))) {
            return Some((place, field));
        }
        self.fields().iter().enumerate().find(|(_, field)| field.name.eq_ignore_ascii_case(name))
    }

    /// The reference that a query follows by this name.
    pub(super) fn relationship(self, name: &str) -> Option<(usize, &'static [Self])> {
        self.fields().iter().enumerate().find_map(|(place, field)| match field.kind {
            Type::Reference { relationship, to } if relationship.eq_ignore_ascii_case(name) && !name.is_empty() => {
                Some((place, to))
            }
            _ => None,
        })
    }
}
