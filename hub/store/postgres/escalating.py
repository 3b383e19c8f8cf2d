# ruff: noqa: S608  # pieces of our own SQL are put together, never values
"""The escalation's SQL for PostgreSQL, beside sqlite/escalating.py: what a statement means stands there.

An alert is locked before its neighbourhoods, everywhere (`ours`), so that an answer, an end and the escalation wait for each other.
"""

from hub.store.postgres.pieces import (
    ACCOUNT,
    DELIVERY,
    FIRST_ADDRESS,
    MEANT,
    NEEDED,
    NOT_TRIED,
    REACHABLE,
    SERVED,
    SERVING,
    STANDING_IN,
    logged,
)
from hub.store.queries import Escalating

_PEOPLE = f"""people AS MATERIALIZED (
        SELECT an.id AS place, d.admin_id,
            bool_or(d.state IN (1, 4, 6, 7) OR d.state = 0 AND d.possible_duplicates = 0
                AND (d.channel, d.account) NOT IN (SELECT * FROM unnest($2::text[], $3::text[]))) AS live,
            MIN(CASE WHEN d.state IN (4, 6, 7) THEN d.sent_at END) AS first_sent,
            MAX(CASE WHEN d.state IN (4, 6, 7) THEN d.sent_at END) AS last_sent
        FROM alert_neighbourhood an JOIN group_neighbourhood gn ON gn.code = an.code
            JOIN group_admin ga ON ga.group_id = gn.group_id
            CROSS JOIN {STANDING_IN.format(ga="ga")}
            JOIN delivery d ON d.alert_id = an.alert_id AND {MEANT.format(d="d")} AND d.part = ''
        WHERE an.id = ANY($1::bigint[]) GROUP BY an.id, d.admin_id)"""

_PLACES_OF = f"""JOIN group_admin ga ON {SERVED.format(d="d")} JOIN group_neighbourhood gn ON gn.group_id = ga.group_id
                JOIN alert_neighbourhood an ON an.alert_id = d.alert_id AND an.code = gn.code"""


def _hasten(people: str, now: str) -> str:
    """`people` gives alert_id, admin_id, created_at as d."""
    return f"""WITH places AS MATERIALIZED (SELECT DISTINCT an.id, an.alert_id FROM {people} d {_PLACES_OF}
            WHERE an.check_at > {now}::bigint),
        ours AS MATERIALIZED (SELECT id FROM alert WHERE id IN (SELECT alert_id FROM places) ORDER BY id FOR SHARE)
        UPDATE alert_neighbourhood SET check_at = {now}::bigint WHERE check_at > {now}::bigint AND id = ANY(ARRAY(
            SELECT an.id FROM alert_neighbourhood an JOIN places ON places.id = an.id JOIN ours ON ours.id = an.alert_id
            ORDER BY an.id FOR NO KEY UPDATE OF an))"""


ESCALATING = Escalating(
    due="SELECT id FROM alert_neighbourhood WHERE check_at <= $1::bigint ORDER BY check_at LIMIT $2::int",
    claim_checks="""UPDATE alert_neighbourhood SET check_at = $3::bigint WHERE id = ANY(ARRAY(
            SELECT id FROM alert_neighbourhood WHERE id = ANY($1::bigint[]) AND check_at <= $2::bigint ORDER BY id
            FOR NO KEY UPDATE SKIP LOCKED)) RETURNING id""",
    standing=f"""WITH {_PEOPLE}, answered AS (SELECT p.*, k.kind, k.at FROM people p
            JOIN alert_neighbourhood an ON an.id = p.place
            LEFT JOIN LATERAL (SELECT kind, at FROM acknowledgement k WHERE k.alert_id = an.alert_id AND k.admin_id = p.admin_id
                               ORDER BY k.at DESC, k.id DESC LIMIT 1) k ON true)
        SELECT an.id, an.alert_id, an.code, an.name, an.distance, an.rung, alert.status, alert.expires_at,
            an.forwarded_at IS NOT NULL OR alert.closed_at IS NOT NULL OR an.added = 'adjacent' OR alert.key_id = 'hub',
            an.planned_at IS NOT NULL,
            MIN(p.first_sent), MAX(CASE WHEN p.kind = 'received' THEN p.at END),
            COUNT(*) FILTER (WHERE p.live AND COALESCE(p.kind, '') <> 'cannot'),
            MIN(CASE WHEN p.kind IS NULL AND p.last_sent > $4::bigint THEN p.last_sent END)
        FROM alert_neighbourhood an JOIN alert ON alert.id = an.alert_id LEFT JOIN answered p ON p.place = an.id
        WHERE an.id = ANY($1::bigint[]) GROUP BY an.id, alert.id ORDER BY an.distance, an.id""",
    tell_next_channel=f"""{DELIVERY}
        SELECT $2::bigint + row_number() OVER (ORDER BY d.distance, d.id), d.alert_id, d.admin_id, a.id, d.step + 1, a.channel,
            {ACCOUNT.format(routes="$3")}, 0, 0, 0, d.priority, d.distance, $4::bigint, d.expires_at, '', '', 0, $4::bigint, '',
            NULL::bigint, d.turn, GREATEST(silent.rung, 1)
        FROM (SELECT o.id AS id, MAX(an.rung) AS rung FROM alert_neighbourhood an
                  JOIN group_neighbourhood gn ON gn.code = an.code JOIN group_admin ga ON ga.group_id = gn.group_id
                  CROSS JOIN {STANDING_IN.format(ga="ga")}
                  JOIN delivery o ON o.alert_id = an.alert_id AND {MEANT.format(d="o")} AND o.part = ''
              WHERE an.id = ANY($1::bigint[]) AND an.forwarded_at IS NULL AND an.added <> 'adjacent'
                AND (o.state + 0 IN (4, 6, 7) AND o.sent_at <= $5::bigint OR o.state + 0 = 0 AND o.possible_duplicates > 0)
                AND NOT EXISTS (SELECT 1 FROM delivery later WHERE later.alert_id = o.alert_id AND later.admin_id = o.admin_id
                                AND later.part = '' AND later.step > o.step)
              GROUP BY o.id) silent
        JOIN (SELECT d.*, alert.closed_at FROM delivery d JOIN alert ON alert.id = d.alert_id
              WHERE alert.id IN (SELECT alert_id FROM alert_neighbourhood WHERE id = ANY($1::bigint[])) FOR SHARE OF alert) d
            ON d.id = silent.id
        LEFT JOIN address tried ON tried.id = d.address_id
        CROSS JOIN LATERAL {FIRST_ADDRESS.format(routes="$3", admin="d.admin_id", more=NOT_TRIED)} a
        WHERE d.expires_at > $4::bigint AND d.closed_at IS NULL
          AND NOT EXISTS (SELECT 1 FROM acknowledgement k WHERE k.alert_id = d.alert_id AND k.admin_id = d.admin_id)
        ON CONFLICT (alert_id, admin_id, step) DO NOTHING""",
    tell_next_admin=f"""{DELIVERY}
        SELECT $2::bigint + row_number() OVER (ORDER BY who.distance, who.admin_id), alert.id, who.admin_id, a.id, 0, a.channel,
            {ACCOUNT.format(routes="$3")}, 0, 0, 0, alert.priority, who.distance, $4::bigint, alert.expires_at, '', '', 0,
            $4::bigint, '', NULL::bigint, 0, GREATEST(who.rung, 1)
        FROM (SELECT an.alert_id, {SERVING.format(p="p", now="$4")} AS admin_id, MIN(an.distance) AS distance, MAX(an.rung) AS rung
              FROM alert_neighbourhood an
                  JOIN group_neighbourhood gn ON gn.code = an.code JOIN group_admin ga ON ga.group_id = gn.group_id
                  JOIN admin p ON p.id = ga.admin_id
              WHERE an.id = ANY($1::bigint[]) AND an.forwarded_at IS NULL
                AND ga.id = (SELECT MIN(other.id) FROM group_admin other WHERE other.group_id = ga.group_id
                  AND {REACHABLE.format(admin="other.admin_id", now="$4", routes="$3")}
                  AND NOT EXISTS (SELECT 1 FROM admin p4 JOIN delivery o ON o.alert_id = an.alert_id
                      AND o.admin_id = {SERVING.format(p="p4", now="$4")} WHERE p4.id = other.admin_id))
                AND (NOT $5::boolean OR NOT EXISTS (SELECT 1 FROM group_admin told CROSS JOIN {STANDING_IN.format(ga="told")}
                    JOIN delivery o ON o.alert_id = an.alert_id AND {MEANT.format(d="o")} AND o.part = ''
                    WHERE told.group_id = ga.group_id
                      AND (o.state + 0 IN (1, 4, 6, 7) OR o.state + 0 = 0 AND o.possible_duplicates = 0)
                      AND COALESCE((SELECT k.kind FROM acknowledgement k WHERE k.alert_id = o.alert_id
                          AND k.admin_id = o.admin_id ORDER BY k.at DESC, k.id DESC LIMIT 1), '') <> 'cannot'))
              GROUP BY 1, 2) who
        JOIN (SELECT * FROM alert WHERE id IN (SELECT alert_id FROM alert_neighbourhood WHERE id = ANY($1::bigint[]))
              ORDER BY id FOR SHARE) alert ON alert.id = who.alert_id
        CROSS JOIN LATERAL {FIRST_ADDRESS.format(routes="$3", admin="who.admin_id", more="")} a
        WHERE alert.closed_at IS NULL AND alert.expires_at > $4::bigint
        ON CONFLICT (alert_id, admin_id, step) DO NOTHING""",
    climb="""WITH m AS MATERIALIZED (SELECT * FROM unnest($1::bigint[], $2::int[], $3::int[], $4::bigint[], $5::int[])
            m(id, before, after, check_at, dark)),
        ours AS MATERIALIZED (SELECT id FROM alert WHERE id IN (SELECT an.alert_id FROM m JOIN alert_neighbourhood an USING (id))
            ORDER BY id FOR SHARE)
        UPDATE alert_neighbourhood an SET rung = m.after,
            rung_at = CASE WHEN m.after > an.rung THEN $6::bigint ELSE an.rung_at END,
            check_at = CASE WHEN an.check_at = $7::bigint THEN m.check_at ELSE an.check_at END,
            dark_at = CASE WHEN m.dark = 1 THEN COALESCE(an.dark_at, $6::bigint) ELSE an.dark_at END
        FROM m, ours WHERE ours.id = an.alert_id AND an.id = m.id AND an.rung = m.before AND an.forwarded_at IS NULL""",
    climbed=logged("""SELECT e.alert_id, $5::bigint, e.kind, e.data FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[])
            e(id, alert_id, kind, data) JOIN alert_neighbourhood an ON an.id = e.id WHERE an.rung_at = $5::bigint"""),
    add_matches="""INSERT INTO alert_neighbourhood (alert_id, code, name, overlap, distance, why, admins, added)
        SELECT m.alert_id, m.code, m.name, m.overlap, m.distance, m.why,
            (SELECT COUNT(DISTINCT ga.admin_id) FROM group_neighbourhood gn JOIN group_admin ga ON ga.group_id = gn.group_id
             WHERE gn.code = m.code), $7::text
        FROM (SELECT id FROM alert WHERE id = ANY($1::text[]) AND closed_at IS NULL AND expires_at > $8::bigint
              ORDER BY id FOR NO KEY UPDATE) alert
        JOIN unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::float8[], $6::text[])
            m(alert_id, code, name, overlap, distance, why) ON m.alert_id = alert.id
        ON CONFLICT (alert_id, code) DO UPDATE SET added = excluded.added, planned_at = NULL
            WHERE alert_neighbourhood.added = 'adjacent' AND excluded.added <> 'adjacent' RETURNING code""",
    unplan="""UPDATE alert SET planned_at = NULL WHERE id = ANY($1::text[]) AND closed_at IS NULL
        AND EXISTS (SELECT 1 FROM alert_neighbourhood an WHERE an.alert_id = alert.id AND an.planned_at IS NULL)""",
    spare=f"""UPDATE delivery SET state = 3, reason = 'not needed any more' WHERE state + 0 = 0 AND id = ANY(ARRAY(
            SELECT d.id FROM delivery d WHERE d.state + 0 = 0 AND d.rung <> 0 AND d.part = ''
              AND d.alert_id = (SELECT alert_id FROM delivery WHERE id = $1::bigint) AND NOT ({NEEDED})
            ORDER BY d.id FOR NO KEY UPDATE))""",
    needed=f"SELECT 1 FROM delivery d WHERE d.id = $1::bigint AND ({NEEDED})",
    hasten=_hasten(
        "(SELECT alert_id, admin_id, created_at FROM delivery WHERE id = ANY($1::bigint[]) AND part = '')", "$2"
    ),
    hasten_from_answer=_hasten(
        """(SELECT o.alert_id, o.admin_id, o.created_at FROM delivery o
            JOIN address a ON a.admin_id = o.admin_id AND a.channel = $3::text AND a.handle_hash = $4::text
            WHERE o.id = $1::bigint AND o.part = '')""",
        "$2",
    ),
    hasten_from_receipts=_hasten(
        """(SELECT d.alert_id, d.admin_id, d.created_at FROM receipt rc JOIN delivery d ON d.id = rc.delivery_id AND d.part = ''
            WHERE rc.provider_ref = ANY($1::text[]) AND rc.channel = $3::text)""",
        "$2",
    ),
    hasten_account=_hasten(
        """(SELECT alert_id, admin_id, created_at FROM delivery
            WHERE channel = $1::text AND account = $2::text AND state = 0 AND part = ''
            ORDER BY priority, turn, distance, id LIMIT 5000)""",
        "$3",
    ),
)
