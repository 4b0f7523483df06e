"""A connector in Python: the same toy server, the same contract."""

import json
from urllib.parse import quote

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import descriptor, reader
from wit_world.imports import http, types

PAGE_MAX = 100


def get(path):
    request = http.Request(connection="api", method=http.Method.GET, path=path, headers=[], body=None)
    try:
        return http.send(request)
    except Err as error:
        raise Err(lost(error.value)) from None


def lost(error):
    """What a request that got no answer means for a read."""
    match error:
        case http.HttpError_AuthFailed(text):
            return types.Failure_AuthFailed(text)
        case http.HttpError_Denied(text):
            return types.Failure_Forbidden(text)
        case http.HttpError_Unreachable(text) | http.HttpError_AnswerLost(text):
            return types.Failure_Unavailable(types.RateHint(None, None, None, text))
        case http.HttpError_Budget(text):
            return types.Failure_Internal(text)
        case _:
            return types.Failure_Protocol(str(error.value))


def data(answer):
    nothing = types.RateHint(None, None, None, None)
    match answer.status:
        case 200:
            try:
                return json.loads(answer.body)
            except ValueError:
                raise Err(types.Failure_Protocol("the answer is no JSON")) from None
        case 401:
            raise Err(types.Failure_AuthFailed("401"))
        case 403:
            raise Err(types.Failure_Forbidden("403"))
        case 429:
            raise Err(types.Failure_RateLimited(answer.rate or nothing))
        case status if status >= 500:
            raise Err(types.Failure_Unavailable(answer.rate or nothing))
        case status:
            raise Err(types.Failure_Protocol(f"status {status}"))


def account(person):
    active = person["active"]
    return types.Account(
        id=person["id"], login=person["login"], email=person["email"], display_name=person["name"],
        kind=types.AccountKind.PERSON,
        state=types.AccountState.ACTIVE if active else types.AccountState.DISABLED,
        native_state=f"active={active}", correlation_key=person["staff-number"], owner_hint=None, created_at=None,
        last_login=types.LastUse(None, types.Quality.NOT_AVAILABLE), privileged=None, etag=None, attributes=[],
    )


def grants(person):
    return [types.Grant(person["id"], team, types.GrantSource_Direct(), True, None) for team in person["teams"]]


def listing(page, read, counts):
    after = ""
    if page.cursor is not None:
        try:
            after = json.loads(page.cursor)["after"]
        except (ValueError, TypeError, KeyError):
            raise Err(types.Failure_CursorExpired()) from None
    body = data(get(f"/people?limit={max(1, min(page.size, PAGE_MAX))}&after={quote(after, safe='')}"))
    people = body["people"]
    items = [item for person in people for item in read(person)]
    more = json.dumps({"after": people[-1]["id"]}) if people and body["more"] else None
    return items, types.PageState(more, more is None, body["total"] if counts else None, [])


class Descriptor(exports.Descriptor):
    def describe(self):
        return descriptor.Description(["team"], [], [], [], False, False, PAGE_MAX)

    def check(self):
        data(get("/people?limit=1"))
        return [descriptor.Probe("read", True, "the people can be read")]


class Reader(exports.Reader):
    def list_accounts(self, page):
        return reader.AccountPage(*listing(page, lambda person: [account(person)], True))

    def list_entitlements(self, page):
        teams = [
            types.Entitlement(team["id"], "team", team["name"], None, types.Cardinality.MANY, None, True, None, [], [])
            for team in data(get("/teams"))
        ]
        return reader.EntitlementPage(teams, types.PageState(None, True, None, []))

    def list_grants(self, page):
        return reader.GrantPage(*listing(page, grants, False))

    def get_account(self, id):
        answer = get(f"/people/{quote(id, safe='')}")
        if answer.status == 404:
            return None
        person = data(answer)
        return reader.AccountView(account(person), grants(person))

    def find_account(self, by, key):
        raise Err(types.Failure_Unsupported("the toy has no search"))
