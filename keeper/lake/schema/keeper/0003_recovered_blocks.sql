-- Blocks taken in after the fact (the daemon was down when they came) are told apart from those it followed. Rows written before: null.

ALTER TABLE blocks ADD COLUMN recovered BOOLEAN;
