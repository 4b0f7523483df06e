CREATE TABLE identity (
    id text NOT NULL PRIMARY KEY,
    -- The name in lower case, for searching.
    folded_name text NOT NULL,
    body text NOT NULL
);

-- What a person can be found by, exactly and in lower case: worker ids of now and before, e-mail address.
CREATE TABLE identity_key (
    search_key text NOT NULL,
    identity text NOT NULL REFERENCES identity (id),
    PRIMARY KEY (search_key, identity)
);
CREATE INDEX identity_key_identity ON identity_key (identity);

CREATE TABLE lifecycle_event (
    seq bigint NOT NULL PRIMARY KEY,
    identity text NOT NULL,
    body text NOT NULL
);
CREATE INDEX lifecycle_event_identity ON lifecycle_event (identity, seq);

-- Kept desired state, in spans [since_at, until_at). The entitlement '' is the account itself.
CREATE TABLE assignment (
    identity text NOT NULL,
    system text NOT NULL,
    entitlement text NOT NULL,
    since_at bigint NOT NULL,
    until_at bigint,
    body text NOT NULL,
    PRIMARY KEY (identity, system, entitlement, since_at)
);
CREATE UNIQUE INDEX assignment_open ON assignment (identity, system, entitlement) WHERE until_at IS NULL;

CREATE TABLE finding (
    seq bigint NOT NULL PRIMARY KEY,
    kind text NOT NULL,
    subject text NOT NULL,
    system text NOT NULL,
    raised_at bigint NOT NULL,
    resolved_at bigint,
    resolution text,
    body text NOT NULL
);
CREATE UNIQUE INDEX finding_open ON finding (kind, subject) WHERE resolved_at IS NULL;

CREATE TABLE leaver_case (
    id text NOT NULL PRIMARY KEY,
    identity text NOT NULL,
    detected_at bigint NOT NULL,
    state text NOT NULL,
    body text NOT NULL
);
CREATE INDEX leaver_case_identity ON leaver_case (identity, detected_at);
CREATE INDEX leaver_case_order ON leaver_case (detected_at, id);
