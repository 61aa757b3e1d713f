-- Which Rebalance a move belongs to: an opaque uid, so that what it has done is counted and never remembered elsewhere.
ALTER TABLE moves ADD COLUMN rebalance text;
CREATE INDEX ON moves (rebalance);
CREATE INDEX ON moves (created_at);
