-- Entries of a party's feed in order, each written as a CloudEvent: made here, because a thousand of them made
-- by the program take twenty times as long. `types` and `reasons` are indexed by kind and code plus one, their
-- elements are JSON already; so are those of `rollout_texts` and `version_texts`.
-- The page is taken first: joined before it is cut, it is the whole feed that is written and sorted.
WITH page AS MATERIALIZED (
    SELECT position, kind, at, rollout_id, guid, version_id, code, data
      FROM events_feed_entry AS entry
     WHERE {entries_wanted}
     ORDER BY entry.position
     LIMIT %(size)s
)
SELECT feed.position, feed.kind,
       concat(
           '{"specversion":"1.0","id":"', feed.position,
           '","source":', %(source)s::text,
           ',"type":', (%(types)s::text[])[feed.kind + 1],
           ',"subject":',
           CASE WHEN feed.guid IS NOT NULL THEN concat('"', hub.guid, '"')
                WHEN feed.rollout_id IS NOT NULL THEN concat('"rollouts/', feed.rollout_id, '"')
                ELSE %(source)s::text END,
           ',"time":"',
           replace(to_char(feed.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '.000000Z', 'Z'),
           '","datacontenttype":"application/json","dataschema":', %(schema)s::text,
           ',"data":{"guid":', CASE WHEN feed.guid IS NULL THEN 'null' ELSE concat('"', hub.guid, '"') END,
           ',"firmware_version":', coalesce(version.text, (feed.data -> 'firmware_version')::text, 'null'),
           ',"rollout":',
           CASE WHEN feed.rollout_id IS NULL THEN 'null'
                ELSE coalesce(rollout.text, concat('{"id":', feed.rollout_id, ',"name":""}')) END,
           -- The code of an activation says whether it came after a halt, not why it failed.
           ',"reason":',
           CASE WHEN feed.kind = %(activated)s THEN 'null'
                ELSE coalesce((%(reasons)s::text[])[feed.code + 1], 'null') END,
           ',"activated_after_halt":',
           CASE WHEN feed.kind = %(activated)s AND feed.code & %(after_halt)s > 0 THEN 'true' ELSE 'false' END,
           ',"facts":',
           CASE WHEN feed.data IS NULL THEN '{}'
                WHEN version.text IS NULL THEN (feed.data - 'firmware_version')::text
                ELSE feed.data::text END,
           '}}'
       ) AS text, feed.rollout_id
  FROM page AS feed
 CROSS JOIN LATERAL (
           -- macaddr8 is PostgreSQL's own EUI-64; GUIDs are stored in the order of their unsigned value.
           SELECT upper(replace(encode(int8send(feed.guid # (-9223372036854775808)), 'hex')::macaddr8::text,
                                ':', '-')) AS guid
           OFFSET 0
       ) AS hub
  LEFT JOIN unnest(%(rollouts)s::int[], %(rollout_texts)s::text[]) AS rollout (id, text)
    ON rollout.id = feed.rollout_id
  LEFT JOIN unnest(%(versions)s::int[], %(version_texts)s::text[]) AS version (id, text)
    ON version.id = feed.version_id
 ORDER BY feed.position
