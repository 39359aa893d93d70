-- Name the labels an organisation has.
SELECT DISTINCT label FROM rollouts_hublabel WHERE organisation_id = %(party)s
