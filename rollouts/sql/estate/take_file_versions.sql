-- Give hubs the version that an import has for them, where they still have the one it was held against, with the
-- history; return how many were changed, and how many have another version by now.
WITH chosen AS MATERIALIZED (
    SELECT d.id, d.guid, d.file_entry_id, d.hub_entry_id, h.cpl_entry_id = d.hub_entry_id AS stands, h.gpf_guid,
           h.gpf_cpl_entry_id = d.hub_entry_id AND h.cpl_entry_id = d.hub_entry_id AS gpf_too
      FROM rollouts_held_difference AS d
      JOIN rollouts_hub AS h ON h.guid = d.guid
     WHERE d.estate_import_id = %(import)s AND d.decision = %(open)s
       AND (%(guids)s::bigint[] IS NULL OR d.guid = ANY(%(guids)s))
     ORDER BY h.guid
       FOR NO KEY UPDATE OF h
), moved AS (
    UPDATE rollouts_hub AS h
       SET cpl_entry_id = c.file_entry_id,
           gpf_cpl_entry_id = CASE WHEN c.gpf_too THEN c.file_entry_id ELSE h.gpf_cpl_entry_id END
      FROM chosen AS c
     WHERE h.guid = c.guid AND c.stands
), history AS (
    INSERT INTO rollouts_hub_history (guid, at, kind, old_value, new_value, evidence)
    SELECT c.guid, %(now)s, {HistoryKind.VERSION}, old.firmware_version, new.firmware_version, %(evidence)s
      FROM chosen AS c
      JOIN rollouts_cplentry AS old ON old.id = c.hub_entry_id
      JOIN rollouts_cplentry AS new ON new.id = c.file_entry_id
     WHERE c.stands
     UNION ALL
    SELECT c.gpf_guid, %(now)s, {HistoryKind.GPF_VERSION}, old.firmware_version, new.firmware_version, %(evidence)s
      FROM chosen AS c
      JOIN rollouts_cplentry AS old ON old.id = c.hub_entry_id
      JOIN rollouts_cplentry AS new ON new.id = c.file_entry_id
     WHERE c.gpf_too AND c.gpf_guid IS NOT NULL
), decided AS (
    UPDATE rollouts_held_difference AS d
       SET decision = CASE WHEN c.stands THEN %(taken)s ELSE %(passed)s END, decided_at = %(now)s,
           decided_by_id = %(person)s
      FROM chosen AS c
     WHERE d.id = c.id AND d.decision = %(open)s
)
SELECT count(*) FILTER (WHERE stands) AS taken, count(*) FILTER (WHERE NOT stands) AS passed FROM chosen
