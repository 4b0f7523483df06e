// A connector in JavaScript: the same toy server, the same contract.

import { send } from "reeve:connector/http@0.1.0";

const PAGE_MAX = 100;

const fail = (tag, val) => { throw val === undefined ? { tag } : { tag, val }; };

function get(path) {
  try {
    return send({ connection: "api", method: "get", path, headers: [], body: undefined });
  } catch (error) {
    throw lost(error.payload);
  }
}

/** What a request that got no answer means for a read. */
function lost({ tag, val }) {
  switch (tag) {
    case "auth-failed": return { tag, val };
    case "denied": return { tag: "forbidden", val };
    case "unreachable":
    case "answer-lost": return { tag: "unavailable", val: { scope: val } };
    case "budget": return { tag: "internal", val };
    default: return { tag: "protocol", val: String(val) };
  }
}

function data({ status, body, rate }) {
  if (status === 200) {
    try {
      return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    } catch {
      fail("protocol", "the answer is no JSON");
    }
  }
  if (status === 401) fail("auth-failed", "401");
  if (status === 403) fail("forbidden", "403");
  if (status === 429) fail("rate-limited", rate ?? {});
  if (status >= 500) fail("unavailable", rate ?? {});
  fail("protocol", `status ${status}`);
}

const account = (person) => ({
  id: person.id,
  login: person.login,
  email: person.email,
  displayName: person.name,
  kind: "person",
  state: person.active ? "active" : "disabled",
  nativeState: `active=${person.active}`,
  correlationKey: person["staff-number"],
  lastLogin: { quality: "not-available" },
  attributes: [],
});

const grants = (person) =>
  person.teams.map((team) => ({ account: person.id, entitlement: team, source: { tag: "direct" }, revocable: true }));

function place(cursor) {
  if (cursor === undefined) return "";
  try {
    const { after } = JSON.parse(cursor);
    if (typeof after === "string") return after;
  } catch {
    // Not one of ours.
  }
  fail("cursor-expired");
}

function listing({ cursor, size }, read, counts) {
  const after = encodeURIComponent(place(cursor));
  const limit = Math.max(1, Math.min(size, PAGE_MAX));
  const { people, more, total } = data(get(`/people?limit=${limit}&after=${after}`));
  const next = people.length > 0 && more ? JSON.stringify({ after: people.at(-1).id }) : undefined;
  const state = { next, complete: next === undefined, statedTotal: counts ? BigInt(total) : undefined, warnings: [] };
  return { items: people.flatMap(read), state };
}

export const descriptor = {
  describe: () => ({
    entitlementKinds: ["team"],
    credentialKinds: [],
    capabilities: [],
    findsBy: [],
    readsDeleted: false,
    readsLastLogin: false,
    pageSizeMax: PAGE_MAX,
  }),
  check() {
    data(get("/people?limit=1"));
    return [{ name: "read", passed: true, detail: "the people can be read" }];
  },
};

export const reader = {
  listAccounts: (page) => listing(page, (person) => [account(person)], true),
  listEntitlements() {
    const team = ({ id, name }) =>
      ({ id, kind: "team", name, cardinality: "many", assignable: true, contains: [], attributes: [] });
    return { items: data(get("/teams")).map(team), state: { complete: true, warnings: [] } };
  },
  listGrants: (page) => listing(page, grants, false),
  getAccount(id) {
    const answer = get(`/people/${encodeURIComponent(id)}`);
    if (answer.status === 404) return undefined;
    const person = data(answer);
    return { account: account(person), grants: grants(person) };
  },
  findAccount: () => fail("unsupported", "the toy has no search"),
};
