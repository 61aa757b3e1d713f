-- Which home a move waits for, and since when: whoever drives it next goes on counting.
ALTER TABLE moves ADD COLUMN trouble jsonb;
