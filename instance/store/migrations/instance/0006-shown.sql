-- Set before a frozen member's last rows are shown to the home that they go to. From then on that home may be theirs, whatever
-- a directory says that lost its last moments: the member is thawed here only after it was asked.
ALTER TABLE moves ADD COLUMN shown boolean NOT NULL DEFAULT false;
