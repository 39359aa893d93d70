-- Claim an Idempotency-Key for a request; no row where it was claimed before.
INSERT INTO kernel_idempotencykey (organisation_id, key, digest, created_at)
VALUES (%(organisation)s, %(key)s, %(digest)s, %(now)s)
    ON CONFLICT (organisation_id, key) DO NOTHING
RETURNING id
