CREATE TABLE plugin (
    id text NOT NULL PRIMARY KEY,
    version text NOT NULL,
    digest text NOT NULL,
    file_sha256 text NOT NULL,
    manifest_toml text NOT NULL,
    origin text NOT NULL,
    installed_at bigint NOT NULL,
    installed_by text NOT NULL
);

CREATE TABLE governed_system (
    name text NOT NULL PRIMARY KEY,
    changed_at bigint NOT NULL,
    removed_at bigint,
    body text NOT NULL
);

-- Sealed. The row of a removed secret stays without its bytes, so that a version number is never used twice.
CREATE TABLE secret (
    system text NOT NULL,
    connection text NOT NULL,
    field text NOT NULL,
    version bigint NOT NULL,
    set_at bigint NOT NULL,
    sealed blob,
    PRIMARY KEY (system, connection, field)
);
