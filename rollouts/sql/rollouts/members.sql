-- A page of the hubs of a rollout in GUID order, as one viewer may see them; what is not asked for is NULL.
-- role: a SupplierRole, the viewing Supplier's. mine and second: what it and the other one have answered
-- (NULL where there is no other); never who the other one is.
-- time_reason: a TimeReason, of hubs that are not settled: as ActivationPlan counts them.
-- Moments are told to a Supplier to the minute: what a second Supplier answers at once would share one microsecond.
SELECT t.guid, t.batch_id, t.region::integer AS region, t.state::integer AS state, t.code::integer AS code,
       t.consent::integer AS consent, t.attempts::integer AS attempts, t.effective_at,
       CASE WHEN %(party)s::integer IS NULL THEN t.state_at ELSE date_trunc('minute', t.state_at) END AS state_at,
       t.activated_after_halt,
       CASE WHEN t.import_supplier_id = t.gas_supplier_id THEN {SupplierRole.BOTH}
            WHEN t.import_supplier_id = %(party)s THEN {SupplierRole.IMPORT} ELSE {SupplierRole.GAS} END AS role,
       t.import_supplier_id IS NOT NULL AND t.gas_supplier_id IS NOT NULL
           AND t.import_supplier_id <> t.gas_supplier_id AS is_split,
       (CASE WHEN t.import_supplier_id = %(party)s THEN t.import_answer ELSE t.gas_answer END)::integer AS mine,
       (CASE WHEN t.import_supplier_id = %(party)s THEN t.gas_answer ELSE t.import_answer END)::integer AS second
  FROM rollouts_target AS t
 WHERE t.rollout_id = %(rollout_id)s
   AND t.guid > %(after)s AND t.guid < %(before)s
   AND (%(party)s::integer IS NULL OR t.import_supplier_id = %(party)s OR t.gas_supplier_id = %(party)s)
   AND (%(party)s::integer IS NULL
        OR EXISTS (SELECT FROM rollouts_hub AS h
                    WHERE h.guid = t.guid AND (h.import_supplier_id = %(party)s OR h.gas_supplier_id = %(party)s)))
   AND (%(regions)s::integer[] IS NULL OR t.region = ANY(%(regions)s))
   AND (%(states)s::integer[] IS NULL OR t.state = ANY(%(states)s))
   AND (%(batch_id)s::integer IS NULL OR t.batch_id = %(batch_id)s)
   AND (%(region)s::integer IS NULL OR t.region = %(region)s)
   AND (%(code)s::integer IS NULL OR t.code = %(code)s)
   AND (%(consent)s::integer IS NULL OR t.consent = %(consent)s)
   AND (%(starts_at)s::timestamptz IS NULL OR t.effective_at >= %(starts_at)s)
   AND (%(ends_at)s::timestamptz IS NULL OR t.effective_at < %(ends_at)s)
   AND (%(time_reason)s::text IS NULL OR %(time_reason)s = CASE
            WHEN t.consent = {Consent.AWAITING_SECOND} THEN 'waiting'
            WHEN t.consent = {Consent.COMPLETE} THEN 'yours'
            WHEN t.consent = {Consent.DEFAULTED}
                 AND CASE WHEN %(party)s::integer IS NULL THEN t.import_answer <> {Answer.NONE} OR t.gas_answer <> {Answer.NONE}
                          WHEN t.import_supplier_id = %(party)s THEN t.import_answer <> {Answer.NONE}
                          ELSE t.gas_answer <> {Answer.NONE} END THEN 'yours'
            ELSE 'default' END)
 ORDER BY t.guid {order}
 LIMIT %(size)s
