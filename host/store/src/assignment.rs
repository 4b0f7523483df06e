//! Kept desired state: who should have what, why, and since when. The answer to "why does this person have that".

use crate::row::{Rows, at, at_or_none, from_json, json, key, micros, text, unkey};
use crate::tx::With;
use crate::{StoreError, Tx};
use reeve_core::Timestamp;
use reeve_core::id::{IdentityId, NativeId, SystemName};
use reeve_core::policy::{Assignment, Origin};
use sqlx::any::AnyRow;
use std::borrow::Cow;
use std::collections::BTreeMap;

impl Tx {
    pub async fn open_assignments(&mut self) -> Result<Vec<Assignment>, StoreError> {
        let rows =
            self.statement("SELECT * FROM assignment WHERE until_at IS NULL ORDER BY identity, system, entitlement");
        self.read(rows, assignment).await
    }

    /// All that a person was ever assigned, in the order of its beginning.
    pub async fn assignments_of(&mut self, identity: &IdentityId) -> Result<Vec<Assignment>, StoreError> {
        let rows =
            self.statement("SELECT * FROM assignment WHERE identity = $1 ORDER BY since_at, system, entitlement");
        self.read(rows.bind(key(identity.as_str()).into_owned()), assignment).await
    }

    /// Opens assignments. One that is open for the same reason stays as it is; one that is open for another reason ends
    /// where the new one begins.
    pub async fn open_assignment(&mut self, assignments: &[Assignment]) -> Result<(), StoreError> {
        let wanted: BTreeMap<Place<'_>, &Assignment> = assignments.iter().map(|a| (place(a), a)).collect();
        let open = self.open_at(wanted.keys().copied()).await?;
        let (mut end, mut begin, mut mend) = (Rows::default(), Rows::default(), Rows::default());
        let open: BTreeMap<Place<'_>, &Assignment> = open.iter().map(|a| (place(a), a)).collect();
        for (place, new) in &wanted {
            let (identity, system, entitlement) = keys(*place);
            let (since, origin) = (micros(new.since), json(&new.origin)?);
            match open.get(place) {
                Some(old) if old.origin == new.origin => {}
                // A span begins later than the one before it, or it is the same span with a better reason.
                Some(old) if micros(old.since) >= since => mend.push(&(identity, system, entitlement, origin))?,
                Some(_) => {
                    end.push(&(&identity, system, &entitlement, since))?;
                    begin.push(&(identity, system, entitlement, since, origin))?;
                }
                None => begin.push(&(identity, system, entitlement, since, origin))?,
            }
        }
        self.write_bulk(END, end, &[]).await?;
        self.write_bulk(MEND, mend, &[]).await?;
        self.write_bulk(BEGIN, begin, &[]).await?;
        Ok(())
    }

    /// Ends what is open of these. None stands for the account itself.
    pub async fn end_assignments(
        &mut self,
        places: &[(IdentityId, SystemName, Option<NativeId>)],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let rows = || {
            let keys =
                places.iter().map(|(identity, system, entitlement)| keys((identity, system, entitlement.as_ref())));
            Rows::of(keys.map(|(identity, system, entitlement)| (identity, system, entitlement, micros(at))))
        };
        self.write_bulk(ERASE, rows()?, &[With::Int(micros(at))]).await?;
        self.write_bulk(END, rows()?, &[]).await?;
        Ok(())
    }

    async fn open_at(&mut self, places: impl Iterator<Item = Place<'_>>) -> Result<Vec<Assignment>, StoreError> {
        let people = places.map(|(identity, ..)| key(identity.as_str())).collect::<std::collections::BTreeSet<_>>();
        let mut open = Vec::new();
        for part in Rows::single(people)?.parts() {
            let rows = self.statement(
                "SELECT * FROM assignment
                 WHERE until_at IS NULL AND identity IN (SELECT value ->> 0 FROM json_each($1))",
            );
            for row in self.rows(rows.bind(part)).await? {
                open.push(assignment(&row)?);
            }
        }
        Ok(open)
    }
}

type Place<'a> = (&'a IdentityId, &'a SystemName, Option<&'a NativeId>);

fn place(assignment: &Assignment) -> Place<'_> {
    (&assignment.identity, &assignment.system, assignment.entitlement.as_ref())
}

fn keys(place: Place<'_>) -> (Cow<'_, str>, &str, Cow<'_, str>) {
    let (identity, system, entitlement) = place;
    (key(identity.as_str()), system.as_str(), entitlement.map_or(Cow::Borrowed(""), |id| key(id.as_str())))
}

const END: &str = "UPDATE assignment SET until_at = ended.until_at
    FROM (SELECT value ->> 0 AS identity, value ->> 1 AS system, value ->> 2 AS entitlement,
                 CAST(value ->> 3 AS bigint) AS until_at FROM json_each($1)) AS ended
    WHERE assignment.identity = ended.identity AND assignment.system = ended.system
      AND assignment.entitlement = ended.entitlement AND assignment.until_at IS NULL";

/// What would end before it began never was.
const ERASE: &str = "DELETE FROM assignment WHERE until_at IS NULL AND since_at >= $2
      AND (identity, system, entitlement) IN
          (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each($1))";

const MEND: &str = "UPDATE assignment SET body = mended.body
    FROM (SELECT value ->> 0 AS identity, value ->> 1 AS system, value ->> 2 AS entitlement, value ->> 3 AS body
          FROM json_each($1)) AS mended
    WHERE assignment.identity = mended.identity AND assignment.system = mended.system
      AND assignment.entitlement = mended.entitlement AND assignment.until_at IS NULL";

const BEGIN: &str = "INSERT INTO assignment (identity, system, entitlement, since_at, body)
    SELECT value ->> 0, value ->> 1, value ->> 2, CAST(value ->> 3 AS bigint), value ->> 4 FROM json_each($1)
    WHERE true
    ON CONFLICT (identity, system, entitlement, since_at) DO UPDATE SET until_at = NULL, body = excluded.body";

fn assignment(row: &AnyRow) -> Result<Assignment, StoreError> {
    let entitlement = text(row, "entitlement")?;
    let origin: Origin = from_json(&text(row, "body")?, "assignments")?;
    Ok(Assignment {
        identity: IdentityId::new(unkey(&text(row, "identity")?)),
        system: SystemName::new(text(row, "system")?),
        entitlement: (!entitlement.is_empty()).then(|| NativeId::new(unkey(&entitlement))),
        origin,
        since: at(row, "since_at")?,
        until: at_or_none(row, "until_at")?,
    })
}
