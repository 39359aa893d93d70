-- After the database has lost what was committed last, go on in every feed from a position that was never given out: the
-- microseconds since 1970, which no feed reaches by counting. A reader that is ahead of us thus misses nothing, and no
-- position names two entries.
WITH later AS (
    SELECT party_id, position AS after, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS position
      FROM events_feed_head
       FOR UPDATE
), moved AS (
    UPDATE events_feed_head AS head
       SET position = later.position
      FROM later
     WHERE head.party_id = later.party_id AND head.position < later.position
    RETURNING head.party_id
)
INSERT INTO events_feed_jump (party_id, after, position, at)
SELECT later.party_id, later.after, later.position, clock_timestamp()
  FROM later JOIN moved USING (party_id)
