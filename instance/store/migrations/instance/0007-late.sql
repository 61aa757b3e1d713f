-- At the home that a member has come to: up to which number of the intake there is what the earlier home had taken in for
-- them and not applied. Their deliveries rest until it is known, and applied.
ALTER TABLE moves ADD COLUMN late bigint;
