-- Seats for members who have to move come before those of newcomers.
ALTER TABLE settings ADD COLUMN keep_seats boolean NOT NULL DEFAULT false;
