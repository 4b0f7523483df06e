//! The statements of the three kinds of spans. They have one shape; a grant also names its account.

/// The parameters: $1 the rows (id, body, account), $2 the system, $3 a time; in reads, $1 the system, $2 a time, $3 an
/// account.
pub(super) struct Spans {
    /// The open spans of a system, and those that ended after a time.
    pub all: &'static str,
    /// The same of one account.
    pub of_account: &'static str,
    pub begin: &'static str,
    pub end: &'static str,
    pub mend: &'static str,
    pub erase: &'static str,
}

macro_rules! spans {
    ($table:literal, account: $account:literal, columns: $columns:literal, values: $values:literal) => {
        Spans {
            all: concat!(
                "SELECT id, since_at, until_at, body FROM ",
                $table,
                " WHERE system = $1 AND (until_at IS NULL OR until_at > $2)"
            ),
            of_account: concat!(
                "SELECT id, since_at, until_at, body FROM ",
                $table,
                " WHERE system = $1 AND (until_at IS NULL OR until_at > $2) AND ",
                $account,
                " = $3"
            ),
            begin: concat!(
                "INSERT INTO ",
                $table,
                " (system, since_at, ",
                $columns,
                ") SELECT $2, $3, ",
                $values,
                " FROM json_each($1)"
            ),
            end: concat!(
                "UPDATE ",
                $table,
                " SET until_at = $3 WHERE system = $2 AND until_at IS NULL",
                " AND id IN (SELECT value ->> 0 FROM json_each($1))"
            ),
            mend: concat!(
                "UPDATE ",
                $table,
                " SET body = mended.body",
                " FROM (SELECT value ->> 0 AS id, value ->> 1 AS body FROM json_each($1)) AS mended",
                " WHERE system = $2 AND until_at IS NULL AND ",
                $table,
                ".id = mended.id"
            ),
            erase: concat!(
                "DELETE FROM ",
                $table,
                " WHERE system = $2 AND until_at IS NULL AND id IN (SELECT value ->> 0 FROM json_each($1))"
            ),
        }
    };
}

pub(super) const ACCOUNTS: Spans =
    spans!("account_span", account: "id", columns: "id, body", values: "value ->> 0, value ->> 1");

/// No entitlement belongs to an account, so the statement for one account is never used.
pub(super) const ENTITLEMENTS: Spans =
    spans!("entitlement_span", account: "id", columns: "id, body", values: "value ->> 0, value ->> 1");

pub(super) const GRANTS: Spans = spans!(
    "grant_span", account: "account", columns: "id, body, account", values: "value ->> 0, value ->> 1, value ->> 2"
);
