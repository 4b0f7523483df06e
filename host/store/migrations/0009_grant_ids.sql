-- A grant is known by half of its hash: the other half made the table and its indexes larger, and told no more.
UPDATE grant_span SET id = substr(id, 1, 32);
