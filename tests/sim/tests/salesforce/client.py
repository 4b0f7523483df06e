"""Drives the stand-in with simple-salesforce, which knows Salesforce and not us: PORT ROOTS.PEM KEY.PEM

The client insists on names under salesforce.com and on TLS, so its connections are led to the stand-in, and trust its
authority alone. What it found is printed as JSON; the Rust side judges it.
"""

import json
import sys
from pathlib import Path

import requests
import urllib3.util.connection
from simple_salesforce import Salesforce, SalesforceAuthenticationFailed
from simple_salesforce.exceptions import SalesforceError

port, roots, key = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]).read_text()


def to_the_stand_in(address, *args, **kwargs):
    assert address[0].endswith(".salesforce.com"), address
    return connect(("127.0.0.1", port), *args, **kwargs)


connect = urllib3.util.connection.create_connection
urllib3.util.connection.create_connection = to_the_stand_in
session = requests.Session()
session.verify = roots
session.trust_env = False


def log_in(**different):
    given = {"username": "integration@acme.example", "consumer_key": "3MVG9-consumer", "privatekey": key}
    return Salesforce(**{**given, "session": session, "version": "66.0", **different})


def refusal(call):
    try:
        call()
    except SalesforceAuthenticationFailed as error:
        return [type(error).__name__, error.code]
    except SalesforceError as error:
        said = error.content
        return [type(error).__name__, error.status, said["error"] if "error" in said else said[0]["errorCode"]]
    return None


found = {}
found["stranger"] = refusal(lambda: log_in(username="nobody@acme.example"))
found["other app"] = refusal(lambda: log_in(consumer_key="unknown"))
salesforce = log_in()
found["instance"] = salesforce.sf_instance

everybody = salesforce.query_all("SELECT Id, Username, Profile.Name FROM User ORDER BY Username")
found["everybody"] = [everybody["totalSize"], everybody["done"], len({row["Id"] for row in everybody["records"]})]
found["one by one"] = sum(1 for _ in salesforce.query_all_iter("SELECT Id FROM User"))
found["usage"] = salesforce.api_usage["api-usage"].total


def only(soql):
    (row,) = salesforce.query(soql)["records"]
    return row


profile = only("SELECT Id FROM Profile WHERE Name = 'Standard User'")["Id"]
newcomer = {
    "Username": "zoe@acme.example", "LastName": "Zimmer", "FirstName": "Zoë", "Alias": "zoe", "Email": "zoe@acme.test",
    "ProfileId": profile, "TimeZoneSidKey": "Europe/Berlin", "LocaleSidKey": "en_US", "EmailEncodingKey": "UTF-8",
    "LanguageLocaleKey": "en_US",
}
found["incomplete"] = refusal(lambda: salesforce.User.create({"Username": "zoe@acme.example"}))
created = salesforce.User.create(newcomer)
found["created"] = [created["success"], created["errors"]]
user = created["id"]
found["again"] = refusal(lambda: salesforce.User.create(newcomer))
found["read"] = salesforce.User.get(user)["Name"]
found["updated"] = salesforce.User.update(user, {"Title": "Clerk"})

wanted = only("SELECT Id FROM PermissionSet WHERE Name = 'Approve_Invoices'")["Id"]
grant = {"AssigneeId": user, "PermissionSetId": wanted}
assignment = salesforce.PermissionSetAssignment.create(grant)["id"]
found["granted twice"] = refusal(lambda: salesforce.PermissionSetAssignment.create(grant))
found["revoked"] = salesforce.PermissionSetAssignment.delete(assignment)
found["revoked twice"] = refusal(lambda: salesforce.PermissionSetAssignment.delete(assignment))

approvers = only("SELECT Id FROM Group WHERE DeveloperName = 'Approvers' AND Type = 'Regular'")["Id"]
member = {"GroupId": approvers, "UserOrGroupId": user}
membership = salesforce.GroupMember.create(member)["id"]
found["the same member"] = salesforce.GroupMember.create(member)["id"] == membership
found["in the group"] = salesforce.GroupMember.get(membership)["UserOrGroupId"] == user
found["left"] = salesforce.GroupMember.delete(membership)
found["left twice"] = refusal(lambda: salesforce.GroupMember.delete(membership))

login = only(f"SELECT Id FROM UserLogin WHERE UserId = '{user}'")["Id"]
found["frozen"] = salesforce.UserLogin.update(login, {"IsFrozen": True})
found["frozen login"] = refusal(lambda: log_in(username="zoe@acme.example"))
found["thawed"] = salesforce.UserLogin.update(login, {"IsFrozen": False})
zoe = log_in(username="zoe@acme.example")
token = zoe.session_id
found["ended session"] = salesforce.AuthSession.delete(
    only(f"SELECT Id FROM AuthSession WHERE UsersId = '{user}'")["Id"]
)
# The client takes the refusal for what it is, and logs in anew.
zoe.query("SELECT Id FROM User WHERE Username = 'zoe@acme.example'")
found["new token"] = zoe.session_id != token
found["deactivated"] = salesforce.User.update(user, {"IsActive": False})
found["inactive login"] = refusal(lambda: log_in(username="zoe@acme.example"))
found["active"] = only(f"SELECT IsActive, Title FROM User WHERE Id = '{user}'")["IsActive"]
found["deleted"] = refusal(lambda: salesforce.User.delete(user))
found["blocked"] = refusal(
    lambda: salesforce.User.update(only("SELECT Id FROM User WHERE Alias = 'dora'")["Id"], {"IsActive": False})
)


def tokens():
    rows = salesforce.query("SELECT AppName, DeleteToken FROM OauthToken WHERE User.Alias = 'ben' ORDER BY AppName")
    return {row["AppName"]: row["DeleteToken"] for row in rows["records"]}


phone = {"token": tokens()["Phone App"]}
found["revoke"] = salesforce.oauth2("revoke", phone)
found["tokens"] = list(tokens())
found["revoke twice"] = refusal(lambda: salesforce.oauth2("revoke", phone))
found["malformed"] = refusal(lambda: salesforce.query("SELECT Id FORM User"))
found["described"] = [
    salesforce.User.describe()["deletable"],
    salesforce.GroupMember.describe()["updateable"],
    salesforce.OauthToken.describe()["deletable"],
]
found["gone"] = refusal(lambda: salesforce.User.get("005Ak0zzzzzzzzz"))
print(json.dumps(found))
