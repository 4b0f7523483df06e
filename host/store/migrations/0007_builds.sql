-- Every build of a plugin that was ever installed, so that what one did can be looked at after its upgrade. Files stay in
-- content.
CREATE TABLE plugin_build (
    digest text NOT NULL PRIMARY KEY,
    id text NOT NULL,
    version text NOT NULL,
    file_sha256 text NOT NULL
);
INSERT INTO plugin_build (digest, id, version, file_sha256) SELECT digest, id, version, file_sha256 FROM plugin;
