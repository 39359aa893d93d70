-- Of the people given: who has opened whose account, directly or through accounts in between.
WITH RECURSIVE opened AS (
    SELECT id AS opened, admitted_by_id AS opener FROM identity_user WHERE id = ANY(%(users)s::bigint[])
     UNION
    SELECT opened.opened, above.admitted_by_id
      FROM opened
      JOIN identity_user AS above ON above.id = opened.opener
)
SELECT opened, opener FROM opened WHERE opener = ANY(%(users)s::bigint[]) AND opener <> opened
