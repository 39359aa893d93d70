-- A hub's place in every published rollout of its model, to the viewer: a Supplier's own answers, and of a second
-- Supplier whether it has answered, and the time it asks for.
-- Moments are told to a Supplier to the minute: what a second Supplier answers at once would share one microsecond.
SELECT t.rollout_id, r.name, r.status, r.cutoff_at, b.name AS batch, b.cutoff_at AS batch_cutoff_at,
       e.firmware_version AS version, f.firmware_version AS from_version, t.state, t.code, t.consent, t.attempts,
       t.effective_at,
       CASE WHEN %(is_supplier)s THEN date_trunc('minute', t.state_at) ELSE t.state_at END AS state_at,
       t.activated_after_halt, t.command_id,
       CASE WHEN t.import_supplier_id = %(party)s THEN t.import_answer
            WHEN t.gas_supplier_id = %(party)s THEN t.gas_answer END AS mine,
       CASE WHEN t.import_supplier_id = %(party)s THEN t.import_time
            WHEN t.gas_supplier_id = %(party)s THEN t.gas_time END AS requested_at,
       CASE WHEN t.import_supplier_id = %(party)s AND t.gas_supplier_id <> %(party)s THEN t.gas_answer > {Answer.NONE}
            WHEN t.gas_supplier_id = %(party)s AND t.import_supplier_id <> %(party)s THEN t.import_answer > {Answer.NONE}
            END AS second_has_answered,
       CASE WHEN t.import_supplier_id = %(party)s AND t.gas_answer = {Answer.INSTRUCTED}
             AND t.gas_supplier_id <> %(party)s THEN t.gas_time
            WHEN t.gas_supplier_id = %(party)s AND t.import_answer = {Answer.INSTRUCTED}
             AND t.import_supplier_id <> %(party)s THEN t.import_time END AS second_requested_at,
       t.answered_at, NOT {is_chosen} AS is_unchosen, r.dispatch_settings -> 'activation_hours' AS hours,
       activation.execute_at AS commanded_for
  FROM rollouts_target AS t
  JOIN rollouts_rollout AS r ON r.id = t.rollout_id
  JOIN rollouts_batch AS b ON b.id = t.batch_id
  JOIN rollouts_cplentry AS e ON e.id = r.cpl_entry_id
  JOIN rollouts_cplentry AS f ON f.id = t.from_cpl_entry_id
  LEFT JOIN rollouts_command AS activation ON activation.id = t.command_id AND t.state = {TargetState.ACTIVATING}
 WHERE t.rollout_id = ANY(%(rollouts)s) AND t.guid = %(guid)s
   AND (NOT %(is_supplier)s OR t.import_supplier_id = %(party)s OR t.gas_supplier_id = %(party)s)
 ORDER BY r.notified_at DESC, t.rollout_id DESC
