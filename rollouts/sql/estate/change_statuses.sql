-- Give hubs their new status, with its history; an exchange stands in the history of both hubs. What already
-- stands so is left alone, so running it again changes nothing.
WITH changed AS MATERIALIZED (
    SELECT c.guid, c.status, c.gpf_status, c.at, h.smi_status AS old_status
      FROM rollouts_staged_status AS c
      JOIN rollouts_hub AS h ON h.guid = c.guid
     WHERE h.smi_status <> c.status OR c.gpf_status IS NOT NULL AND h.gpf_status IS DISTINCT FROM c.gpf_status
     ORDER BY h.guid
       FOR NO KEY UPDATE OF h
), moved AS (
    UPDATE rollouts_hub AS h
       SET smi_status = c.status, gpf_status = coalesce(c.gpf_status, h.gpf_status)
      FROM changed AS c
     WHERE h.guid = c.guid
), exchanged AS MATERIALIZED (
    SELECT c.guid, c.replaced_by, c.at, {old_hub} AS old_hub, {new_hub} AS new_hub
      FROM rollouts_staged_status AS c
     WHERE c.replaced_by IS NOT NULL
       AND NOT EXISTS (SELECT FROM rollouts_hub_history AS known
                        WHERE known.guid = c.guid AND known.kind = %(exchanged_kind)s
                          AND known.new_value = {new_hub})
), history AS (
    INSERT INTO rollouts_hub_history (guid, at, kind, old_value, new_value, evidence)
    SELECT guid, at, %(status_kind)s, (%(status_names)s::text[])[old_status],
           (%(status_names)s::text[])[status], %(evidence)s
      FROM changed WHERE old_status <> status
     UNION ALL
    SELECT guid, at, %(exchanged_kind)s, old_hub, new_hub, %(evidence)s FROM exchanged
     UNION ALL
    SELECT replaced_by, at, %(exchanged_kind)s, old_hub, new_hub, %(evidence)s FROM exchanged
)
SELECT (SELECT count(*) FROM changed) AS changed, (SELECT count(*) FROM exchanged) AS exchanged
