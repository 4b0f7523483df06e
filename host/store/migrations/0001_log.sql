-- The audit log. Its head is one row: whoever appends an entry holds it until the end of the unit of work.
CREATE TABLE log_head (
    id bigint NOT NULL PRIMARY KEY CHECK (id = 0),
    size bigint NOT NULL,
    -- The size that the latest checkpoint states; -1 before the first.
    signed bigint NOT NULL
);
INSERT INTO log_head (id, size, signed) VALUES (0, 0, -1);

CREATE TABLE log_entry (
    seq bigint NOT NULL PRIMARY KEY CHECK (seq >= 0),
    entry blob NOT NULL,
    leaf blob NOT NULL
);

CREATE TABLE log_checkpoint (
    size bigint NOT NULL PRIMARY KEY,
    note text NOT NULL,
    stored_at bigint NOT NULL
);

CREATE TABLE meta (
    name text NOT NULL PRIMARY KEY,
    content text NOT NULL
);

CREATE TABLE content (
    sha256 text NOT NULL PRIMARY KEY,
    bytes blob NOT NULL
);

-- Named leases between processes.
CREATE TABLE worker_lease (
    name text NOT NULL PRIMARY KEY,
    owner text NOT NULL,
    lease_until bigint NOT NULL,
    fence bigint NOT NULL
);
