-- A plan that waits to be approved, for the people who look after a community: numbers, and nobody's name.
ALTER TABLE settings ADD COLUMN proposed_moves integer, ADD COLUMN proposed_reason text;
