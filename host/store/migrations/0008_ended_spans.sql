-- Only spans that ended are looked for by their end. While open ones were in these indexes too, SQLite went through all
-- open spans of a system to end one of them.
DROP INDEX account_span_until;
CREATE INDEX account_span_until ON account_span (system, until_at) WHERE until_at IS NOT NULL;
DROP INDEX entitlement_span_until;
CREATE INDEX entitlement_span_until ON entitlement_span (system, until_at) WHERE until_at IS NOT NULL;
DROP INDEX grant_span_until;
CREATE INDEX grant_span_until ON grant_span (system, until_at) WHERE until_at IS NOT NULL;
