-- Tokens for the interface. What is kept of one is its SHA-256.
CREATE TABLE token (
    id text NOT NULL PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    revoked_at bigint,
    last_used_at bigint,
    body text NOT NULL
);
-- The name stands in the log as the one who acted, so no two tokens in use share one.
CREATE UNIQUE INDEX token_name ON token (name) WHERE revoked_at IS NULL;

-- Reads of systems that somebody asked for through the interface.
CREATE TABLE sync_run (
    id text NOT NULL PRIMARY KEY,
    requested_at bigint NOT NULL,
    state text NOT NULL,
    -- The process that carries it out must renew it until it is finished.
    alive_until bigint NOT NULL,
    body text NOT NULL
);
CREATE INDEX sync_run_order ON sync_run (requested_at, id);

-- Requests that came with a key, so that one that comes again is answered and not done again. Without a status, it is
-- under way, or was cut off.
CREATE TABLE idempotency (
    owner text NOT NULL,
    request_key text NOT NULL,
    request_sha256 text NOT NULL,
    begun_at bigint NOT NULL,
    status bigint,
    location text,
    content_type text,
    bytes blob,
    PRIMARY KEY (owner, request_key)
);
CREATE INDEX idempotency_begun ON idempotency (begun_at);

-- Messages of HR systems that were taken, so that none is taken twice.
CREATE TABLE webhook_delivery (
    system text NOT NULL,
    id text NOT NULL,
    received_at bigint NOT NULL,
    sync_run text NOT NULL,
    PRIMARY KEY (system, id)
);
CREATE INDEX webhook_delivery_received ON webhook_delivery (received_at);
