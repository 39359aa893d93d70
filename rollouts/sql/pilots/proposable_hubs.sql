-- Of hubs drawn for the pilot, in GUID order: which need nobody's answer (no Supplier, or its time to answer is up and
-- DCC's time holds), and which are asked about. The caller holds the rollout.
SELECT t.guid,
       t.consent IN ({Consent.DEFAULTED, Consent.NO_SUPPLIER})
       AND t.import_answer <> {Answer.INSTRUCTED} AND t.gas_answer <> {Answer.INSTRUCTED} AS is_free,
       t.import_supplier_id IS NOT NULL OR t.gas_supplier_id IS NOT NULL AS has_supplier
  FROM rollouts_target AS t
 WHERE t.rollout_id = %(rollout_id)s AND t.guid = ANY(%(guids)s)
 ORDER BY t.guid
