//! Named leases between processes: one at a time drives the lifecycle.

use crate::row::micros;
use crate::{StoreError, Tx};
use reeve_core::Timestamp;

impl Tx {
    /// Takes or renews the lease `name`, and answers whether `owner` has it now. Another owner's lease must have ended.
    pub async fn acquire(
        &mut self,
        name: &str,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let acquire = self.statement(
            "INSERT INTO worker_lease (name, owner, lease_until, fence) VALUES ($1, $2, $4, 1)
             ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until,
                 fence = worker_lease.fence + CASE WHEN worker_lease.owner = excluded.owner THEN 0 ELSE 1 END
             WHERE worker_lease.owner = excluded.owner OR worker_lease.lease_until <= $3",
        );
        let acquire = acquire.bind(name.to_owned()).bind(owner.to_owned()).bind(micros(now)).bind(micros(until));
        Ok(self.write(acquire).await? > 0)
    }

    /// Whether `owner` has the lease now. Asked in the unit of work that depends on it, it fences off a holder that lost
    /// its lease without noticing.
    pub async fn holds(&mut self, name: &str, owner: &str, now: Timestamp) -> Result<bool, StoreError> {
        let row = self.statement("SELECT fence FROM worker_lease WHERE name = $1 AND owner = $2 AND lease_until > $3");
        let row = row.bind(name.to_owned()).bind(owner.to_owned()).bind(micros(now));
        Ok(self.row(row).await?.is_some())
    }

    /// Gives the lease back, if it is still the owner's.
    pub async fn release(&mut self, name: &str, owner: &str) -> Result<(), StoreError> {
        let release = self.statement("UPDATE worker_lease SET lease_until = 0 WHERE name = $1 AND owner = $2");
        self.write(release.bind(name.to_owned()).bind(owner.to_owned())).await?;
        Ok(())
    }
}
