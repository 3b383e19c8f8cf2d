# ruff: noqa: S608  # pieces of our own SQL are put together, never values
"""The audit chain's SQL for PostgreSQL. An entry is added only while the head is still the one it follows: who comes second waits
for the head's row, finds another head, adds nothing and tries again."""

from hub.store.queries import Auditing

_OURS = "EXISTS (SELECT 1 FROM audit_head WHERE id = 1 AND token = $2::text)"

AUDITING = Auditing(
    head="SELECT sequence, hash, kept_from, base FROM audit_head WHERE id = 1",
    begin="""INSERT INTO audit_head (id, sequence, hash, kept_from, base) SELECT 1, 0, $1::text, 1, $1::text
        WHERE NOT EXISTS (SELECT 1 FROM audit) ON CONFLICT (id) DO NOTHING""",
    move_head="""UPDATE audit_head SET sequence = $3::bigint, hash = $4::text, token = $5::text
        WHERE id = 1 AND sequence = $1::bigint AND hash = $2::text RETURNING sequence""",
    append="""INSERT INTO audit (sequence, at, who, role, kind, subject, look, what, content, content_hash, previous, hash)
        SELECT e.* FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[],
            $8::text[], $9::text[], $10::text[], $11::text[], $12::text[]) e
        WHERE EXISTS (SELECT 1 FROM audit_head WHERE id = 1 AND token = $13::text)""",
    mark_alerts=f"UPDATE alert SET audited = 1 WHERE id = ANY($1::text[]) AND {_OURS}",
    erase=f"UPDATE audit SET content = NULL WHERE sequence = ANY($1::bigint[]) AND {_OURS}",
    move_first="UPDATE audit_head SET kept_from = $1::bigint, base = $3::text WHERE id = 1 AND token = $2::text",
    prune=f"DELETE FROM audit WHERE sequence <= $1::bigint AND {_OURS}",
    unaudited="""SELECT id, key_id, accepted_at, status, msg_type, fingerprint, hold FROM alert WHERE audited = 0
        ORDER BY accepted_at, id LIMIT $1::int""",
    entries="""SELECT sequence, at, who, role, kind, subject, look, what, content, content_hash, previous, hash FROM audit
        WHERE sequence > $1::bigint ORDER BY sequence LIMIT $2::int""",
)
