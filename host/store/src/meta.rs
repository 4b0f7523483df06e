//! Small named facts about the installation: the log's origin, the version of the policy.

use crate::row::text;
use crate::{StoreError, Tx};

impl Tx {
    pub async fn meta(&mut self, key: &str) -> Result<Option<String>, StoreError> {
        let row = self.statement("SELECT content FROM meta WHERE name = $1").bind(key.to_owned());
        self.row(row).await?.map(|row| text(&row, "content")).transpose()
    }

    pub async fn set_meta(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        let set = self.statement(
            "INSERT INTO meta (name, content) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET content = excluded.content",
        );
        self.write(set.bind(key.to_owned()).bind(value.to_owned())).await?;
        Ok(())
    }
}
