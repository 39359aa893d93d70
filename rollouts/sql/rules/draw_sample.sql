-- Draw a sample of the hubs that a statement selects, each stratum up to its quota in the order of the shuffle.
-- Sorting only the hubs near the front of the shuffle is what makes a draw from millions quick. Should too few lie
-- there, the second branch sorts them all; until then it is never started.
WITH matching AS NOT MATERIALIZED ({matching}),
cells AS (SELECT * FROM unnest(%(sample_region)s::smallint[], %(sample_cpl_entry_id)s::integer[],
                                %(sample_device_model_id)s::integer[], %(sample_supply)s::integer[],
                                %(sample_stratum)s::integer[], %(sample_quota)s::integer[], %(sample_cut)s::bigint[])
                      AS c (region, cpl_entry_id, device_model_id, supply, stratum, quota, cut)),
hubs AS NOT MATERIALIZED (
    SELECT m.guid, {columns}, {key} AS key FROM matching AS m
),
near AS MATERIALIZED (
    SELECT guid, region, cpl_entry_id, device_model_id, supply FROM (
        SELECT u.*, c.quota, row_number() OVER (PARTITION BY c.stratum ORDER BY u.key, u.guid) AS place
        FROM hubs AS u JOIN cells AS c USING (region, cpl_entry_id, device_model_id, supply)
        WHERE u.key < c.cut
    ) AS placed WHERE place <= quota
)
SELECT * FROM near WHERE (SELECT count(*) FROM near) = %(sample_size)s
UNION ALL
SELECT guid, region, cpl_entry_id, device_model_id, supply FROM (
    SELECT u.*, c.quota, row_number() OVER (PARTITION BY c.stratum ORDER BY u.key, u.guid) AS place
    FROM hubs AS u JOIN cells AS c USING (region, cpl_entry_id, device_model_id, supply)
    WHERE (SELECT count(*) FROM near) <> %(sample_size)s
) AS placed WHERE place <= quota
ORDER BY guid
