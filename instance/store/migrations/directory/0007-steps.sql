-- Catching up after the freeze, comparing and sealing are one step.
ALTER TABLE moves DROP CONSTRAINT moves_step_check;
ALTER TABLE moves ADD CONSTRAINT moves_step_check CHECK (step IN ('reserved', 'subscribed', 'copied', 'quiesced',
  'frozen', 'verified', 'switched', 'activated', 'done', 'undoing', 'undone'));
