-- The hashtags of posts, so that a tag's page need not look through everything. What is there already is read from the
-- links in the text; capitals beyond ASCII are folded as far as the database's locale knows them.
CREATE TABLE post_tags (
  post_id bigint NOT NULL,
  tag text NOT NULL,
  PRIMARY KEY (post_id, tag)
);

CREATE INDEX ON post_tags (tag, post_id DESC);
ALTER TABLE post_tags ADD FOREIGN KEY (post_id) REFERENCES posts (id) ON DELETE CASCADE;

INSERT INTO post_tags (post_id, tag)
SELECT DISTINCT posts.id, lower(found[1])
FROM posts, regexp_matches(content_html, '/tags?/[^>]*>#<span>([^<]{1,100})</span>', 'g') AS found;

DO $$
DECLARE grp text := current_setting('hamlet.grantee');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON post_tags TO %I', grp);
END
$$;
