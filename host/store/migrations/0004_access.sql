CREATE TABLE snapshot (
    id text NOT NULL PRIMARY KEY,
    system text NOT NULL,
    read_at bigint NOT NULL,
    whole bigint NOT NULL,
    body text NOT NULL
);
CREATE INDEX snapshot_system ON snapshot (system, read_at);

-- When the last read that was applied began.
CREATE TABLE applied_read (
    system text NOT NULL PRIMARY KEY,
    read_at bigint NOT NULL
);

-- What was there, in spans [since_at, until_at); without an end, it is there as far as is known.
CREATE TABLE account_span (
    system text NOT NULL,
    id text NOT NULL,
    since_at bigint NOT NULL,
    until_at bigint,
    body text NOT NULL,
    PRIMARY KEY (system, id, since_at)
);
CREATE UNIQUE INDEX account_span_open ON account_span (system, id) WHERE until_at IS NULL;
CREATE INDEX account_span_until ON account_span (system, until_at);

CREATE TABLE entitlement_span (
    system text NOT NULL,
    id text NOT NULL,
    since_at bigint NOT NULL,
    until_at bigint,
    body text NOT NULL,
    PRIMARY KEY (system, id, since_at)
);
CREATE UNIQUE INDEX entitlement_span_open ON entitlement_span (system, id) WHERE until_at IS NULL;
CREATE INDEX entitlement_span_until ON entitlement_span (system, until_at);

-- A grant has no id of its own: it is known by the hash of all that is said of it.
CREATE TABLE grant_span (
    system text NOT NULL,
    id text NOT NULL,
    account text NOT NULL,
    since_at bigint NOT NULL,
    until_at bigint,
    body text NOT NULL,
    PRIMARY KEY (system, id, since_at)
);
CREATE UNIQUE INDEX grant_span_open ON grant_span (system, id) WHERE until_at IS NULL;
CREATE INDEX grant_span_until ON grant_span (system, until_at);
CREATE INDEX grant_span_account ON grant_span (system, account);

-- Whose accounts are. The identity '' stands for none, or for several.
CREATE TABLE link_span (
    system text NOT NULL,
    account text NOT NULL,
    identity text NOT NULL,
    since_at bigint NOT NULL,
    until_at bigint,
    body text NOT NULL,
    PRIMARY KEY (system, account, since_at)
);
CREATE UNIQUE INDEX link_span_open ON link_span (system, account) WHERE until_at IS NULL;
CREATE INDEX link_span_identity ON link_span (identity);
