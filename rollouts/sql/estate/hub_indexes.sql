-- Say of each index of the hubs how it is dropped and made again, what must be unique last.
SELECT i.indisunique AS is_unique,
       CASE WHEN i.indisprimary THEN format('ALTER TABLE rollouts_hub DROP CONSTRAINT %%I', c.conname)
            ELSE format('DROP INDEX %%s', i.indexrelid::regclass) END AS dropping,
       CASE WHEN i.indisprimary
            THEN format('ALTER TABLE rollouts_hub ADD CONSTRAINT %%I %%s', c.conname, pg_get_constraintdef(c.oid))
            ELSE pg_get_indexdef(i.indexrelid) END AS making
  FROM pg_index AS i
  LEFT JOIN pg_constraint AS c ON c.conindid = i.indexrelid AND c.contype = 'p'
 WHERE i.indrelid = 'rollouts_hub'::regclass
 ORDER BY i.indisunique, i.indexrelid
