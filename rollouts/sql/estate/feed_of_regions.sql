-- Whether an `entry` of a party's feed is about a hub of these regions. A hub that a Supplier has lost counts as one of any:
-- where it is by now is nothing the Supplier may learn from what is left out.
EXISTS (SELECT FROM rollouts_hub AS hub
         WHERE hub.guid = entry.guid
           AND (hub.region = ANY(%(of_regions)s::int[])
                OR (%(is_supplier)s AND hub.import_supplier_id IS DISTINCT FROM %(party)s
                    AND hub.gas_supplier_id IS DISTINCT FROM %(party)s)))
