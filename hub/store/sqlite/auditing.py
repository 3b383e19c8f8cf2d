# ruff: noqa: S608  # pieces of our own SQL are put together, never values
"""The audit chain's SQL for SQLite. An entry is added only while the head is still the one it follows: `append` without that adds
nothing, and is tried again."""

from hub.store.queries import Auditing

_OURS = "EXISTS (SELECT 1 FROM audit_head WHERE id = 1 AND token = ?2)"

AUDITING = Auditing(
    head="SELECT sequence, hash, kept_from, base FROM audit_head WHERE id = 1",
    begin="""INSERT INTO audit_head (id, sequence, hash, kept_from, base) SELECT 1, 0, ?1, 1, ?1
        WHERE NOT EXISTS (SELECT 1 FROM audit) ON CONFLICT (id) DO NOTHING""",
    move_head="""UPDATE audit_head SET sequence = ?3, hash = ?4, token = ?5 WHERE id = 1 AND sequence = ?1 AND hash = ?2
        RETURNING sequence""",
    append=f"""INSERT INTO audit (sequence, at, who, role, kind, subject, look, what, content, content_hash, previous, hash)
        SELECT e.value->>0, e.value->>1, e.value->>2, e.value->>3, e.value->>4, e.value->>5, e.value->>6, e.value->>7,
            e.value->>8, e.value->>9, e.value->>10, e.value->>11
        FROM json_each(?1) e WHERE {_OURS}""",
    mark_alerts=f"UPDATE alert SET audited = 1 WHERE id IN (SELECT value FROM json_each(?1)) AND {_OURS}",
    erase=f"UPDATE audit SET content = NULL WHERE sequence IN (SELECT value FROM json_each(?1)) AND {_OURS}",
    move_first="UPDATE audit_head SET kept_from = ?1, base = ?3 WHERE id = 1 AND token = ?2",
    prune=f"DELETE FROM audit WHERE sequence <= ?1 AND {_OURS}",
    unaudited="""SELECT id, key_id, accepted_at, status, msg_type, fingerprint, hold FROM alert WHERE audited = 0
        ORDER BY accepted_at, id LIMIT ?1""",
    entries="""SELECT sequence, at, who, role, kind, subject, look, what, content, content_hash, previous, hash FROM audit
        WHERE sequence > ?1 ORDER BY sequence LIMIT ?2""",
)
