CREATE TABLE plan (
    hash text NOT NULL PRIMARY KEY,
    made_at bigint NOT NULL,
    state text NOT NULL,
    bytes blob NOT NULL,
    decided_by text,
    decided_at bigint,
    reason text,
    -- The names of the guardrails that were accepted, as a JSON array.
    accepted text NOT NULL
);
CREATE INDEX plan_made_at ON plan (made_at);

CREATE TABLE operation (
    id text NOT NULL PRIMARY KEY,
    plan text NOT NULL REFERENCES plan (hash),
    -- When the plan was made: operations run in the order of plans.
    made_at bigint NOT NULL,
    position bigint NOT NULL,
    -- The position of the operation that must be settled first.
    after_position bigint,
    system text NOT NULL,
    identity text NOT NULL,
    -- 0 for leavers, 1 for the rest.
    lane bigint NOT NULL,
    settled bigint NOT NULL,
    not_before bigint NOT NULL,
    -- Who claimed it last. It is held only until the lease ends.
    lease_owner text,
    lease_until bigint,
    fence bigint NOT NULL,
    body text NOT NULL
);
CREATE UNIQUE INDEX operation_plan ON operation (plan, position);
CREATE INDEX operation_due ON operation (lane, made_at, plan, position) WHERE settled = 0;
CREATE INDEX operation_identity ON operation (identity);

-- What was said on the wire during one attempt, without secrets.
CREATE TABLE journal (
    operation text NOT NULL REFERENCES operation (id),
    attempt bigint NOT NULL,
    recorded_at bigint NOT NULL,
    plugin_digest text NOT NULL,
    bytes blob NOT NULL,
    PRIMARY KEY (operation, attempt, recorded_at)
);
