//! The plugins that an administrator installed.

use crate::row::{at, micros, text};
use crate::{StoreError, Tx};
use reeve_core::Timestamp;
use sqlx::any::AnyRow;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledPlugin {
    pub id: String,
    pub version: String,
    /// Of the component, in hex: what the host runs is pinned to it.
    pub digest: String,
    /// The whole `.reeve` file lies in the blobs under this.
    pub file_sha256: String,
    pub manifest_toml: String,
    /// Who vouches for it: the signing key's name, or that nobody does.
    pub origin: String,
    pub installed_at: Timestamp,
    pub installed_by: String,
}

/// A build of a plugin that is or was installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginBuild {
    pub digest: String,
    pub id: String,
    pub version: String,
    /// The whole `.reeve` file lies in the blobs under this.
    pub file_sha256: String,
}

impl Tx {
    /// Installs a plugin in place of the one that has its id. Its build is remembered for good.
    pub async fn put_plugin(&mut self, plugin: &InstalledPlugin) -> Result<(), StoreError> {
        let put = self.statement(
            "INSERT INTO plugin (id, version, digest, file_sha256, manifest_toml, origin, installed_at, installed_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (id) DO UPDATE SET version = excluded.version, digest = excluded.digest,
                 file_sha256 = excluded.file_sha256, manifest_toml = excluded.manifest_toml, origin = excluded.origin,
                 installed_at = excluded.installed_at, installed_by = excluded.installed_by",
        );
        let put = put.bind(plugin.id.as_str()).bind(plugin.version.as_str()).bind(plugin.digest.as_str());
        let put = put.bind(plugin.file_sha256.as_str()).bind(plugin.manifest_toml.as_str());
        let put = put.bind(plugin.origin.as_str()).bind(micros(plugin.installed_at));
        self.write(put.bind(plugin.installed_by.as_str())).await?;
        let put = self.statement(
            "INSERT INTO plugin_build (digest, id, version, file_sha256) VALUES ($1, $2, $3, $4)
             ON CONFLICT (digest) DO UPDATE SET file_sha256 = excluded.file_sha256",
        );
        let put = put.bind(plugin.digest.as_str()).bind(plugin.id.as_str()).bind(plugin.version.as_str());
        self.write(put.bind(plugin.file_sha256.as_str())).await?;
        Ok(())
    }

    pub async fn plugin(&mut self, id: &str) -> Result<Option<InstalledPlugin>, StoreError> {
        let row = self.statement("SELECT * FROM plugin WHERE id = $1").bind(id.to_owned());
        self.row(row).await?.as_ref().map(plugin).transpose()
    }

    /// A build that is or was installed, also after its upgrade or removal.
    pub async fn plugin_build(&mut self, digest: &str) -> Result<Option<PluginBuild>, StoreError> {
        let row = self.statement("SELECT * FROM plugin_build WHERE digest = $1").bind(digest.to_owned());
        let build = |row: AnyRow| {
            Ok(PluginBuild {
                digest: text(&row, "digest")?,
                id: text(&row, "id")?,
                version: text(&row, "version")?,
                file_sha256: text(&row, "file_sha256")?,
            })
        };
        self.row(row).await?.map(build).transpose()
    }

    /// By id.
    pub async fn plugins(&mut self) -> Result<Vec<InstalledPlugin>, StoreError> {
        self.read(self.statement("SELECT * FROM plugin ORDER BY id"), plugin).await
    }

    pub async fn remove_plugin(&mut self, id: &str) -> Result<bool, StoreError> {
        let remove = self.statement("DELETE FROM plugin WHERE id = $1").bind(id.to_owned());
        Ok(self.write(remove).await? > 0)
    }
}

fn plugin(row: &AnyRow) -> Result<InstalledPlugin, StoreError> {
    Ok(InstalledPlugin {
        id: text(row, "id")?,
        version: text(row, "version")?,
        digest: text(row, "digest")?,
        file_sha256: text(row, "file_sha256")?,
        manifest_toml: text(row, "manifest_toml")?,
        origin: text(row, "origin")?,
        installed_at: at(row, "installed_at")?,
        installed_by: text(row, "installed_by")?,
    })
}
