"""Which columns are sealed, hashed or clear, and why: every column of every table stands here, and a test sees to it.

SEALED: AES-256-GCM, opened by the verbs. ALIKE: sealed the same each time (AES-SIV), for it is looked up by and needed again.
HASHED: a keyed hash, only to be found again. CLEAR: says why nobody is hurt by whoever reads it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class How(StrEnum):
    SEALED = "sealed"
    ALIKE = "sealed alike"
    HASHED = "hashed"
    CLEAR = "clear"


JUDGED: Final[dict[str, dict[How, dict[str, str]]]] = {
    "address": {
        How.SEALED: {"handle": "somebody's number or account"},
        How.HASHED: {"handle_hash": "found by it, unique by it"},
        How.CLEAR: {
            "id admin_id channel rank state window_open_until account strikes checked_at": "how to try, not whom"
        },
    },
    "address_alias": {
        How.HASHED: {"alias": "another name of an address: only ever looked up"},
        How.CLEAR: {"id channel address_id": "ids"},
    },
    "admin": {
        How.SEALED: {"name": "a person's"},
        How.CLEAR: {"id language away_until test_messages stand_in": "choices, of somebody without a name"},
    },
    "group_chat": {
        How.SEALED: {"handle": "who has it can try to join"},
        How.HASHED: {"handle_hash": "found by it, unique by it"},
        How.CLEAR: {"id group_id channel account state": "ids and states"},
    },
    "alert": {
        How.SEALED: {"content": "descriptions of people, pictures and places"},
        How.CLEAR: {
            "id sender identifier status msg_type priority accepted_at expires_at planned_at closed_at closed_as": "CAP's names",
            "closed_by beside repeats audience outcome outcome_at erased_at remarks key_id audited hold": "numbers, codes, counts",
            "fingerprint": "of a whole message with its identifier and times: not to be guessed back",
        },
    },
    "alert_draft": {
        How.SEALED: {"content": "an alert's text", "note": "what a colleague said of it"},
        How.CLEAR: {
            "id key_id state changed_at decided_at alert_id": "ids, states and times",
            "written_by decided_by": "names of keys: who answers for it must be seen",
        },
    },
    "application": {
        How.SEALED: {"name email": "a person's", "content": "what they wrote", "note": "what they were told"},
        How.HASHED: {"email_hash": "how many came from one address", "confirm_hash": "SHA-256 of 256 random bits"},
        How.CLEAR: {
            "id kind state language created_at confirmed_at decided_at group_id admin_id erased_at": "ids, states and times",
            "decided_by": "a key's name",
        },
    },
    "sign": {
        How.SEALED: {
            "name email": "a person's",
            "remark note": "what they wrote, what they were told",
            "place": "an address",
        },
        How.HASHED: {"email_hash": "how many came from one address", "confirm_hash": "SHA-256 of 256 random bits"},
        How.CLEAR: {
            "latitude longitude exact code": "street signs are on the public map; a sticker's has no name, and is made rough",
            "id kind state language created_at confirmed_at planned_for decided_at erased_at": "ids, states and times",
            "decided_by": "a key's name",
        },
    },
    "mail": {
        How.SEALED: {"recipient": "a person's address", "subject text": "may name them, and holds links"},
        How.CLEAR: {"id created_at due_at tries given_up_at": "times and counts", "error": "without the address"},
    },
    "contact_request": {
        How.SEALED: {"name email phone": "a person's", "message": "what they wrote"},
        How.HASHED: {"email_hash": "how many came from one address", "confirm_hash": "SHA-256 of 256 random bits"},
        How.CLEAR: {
            "id group_id state language created_at confirmed_at passed_at closed_at erased_at": "ids, states and times",
            "closed_by": "a key's name",
        },
    },
    "neighbour_report": {
        How.SEALED: {"place text": "what somebody saw, and where", "note": "what they were told"},
        How.HASHED: {"text_hash": "the same report twice is one"},
        How.CLEAR: {
            "id admin_id codes via state created_at decided_at alert_id told_at erased_at": "ids, states and times",
            "decided_by": "a key's name",
        },
    },
    "sighting": {
        How.SEALED: {
            "text place picture": "what somebody saw, and where",
            "media": "who has it can fetch the picture from the messenger",
        },
        How.CLEAR: {"id alert_id admin_id at kind mime kept_at channel account": "ids, kinds and times"},
    },
    "inbox": {
        How.SEALED: {"body": "a provider's update: numbers and what people wrote"},
        How.CLEAR: {
            "id channel account key received_at error": "the provider's number of the update; an error quotes nothing"
        },
    },
    "delivery": {
        How.ALIKE: {"provider_ref": "WhatsApp's holds the number in base64"},
        How.CLEAR: {
            "id alert_id admin_id address_id step channel account state attempt tries priority distance due_at expires_at": "queue",
            "lease lease_until possible_duplicates created_at sent_at part follows home turn rung": "the queue's own",
            "reason": "adapters give reasons without numbers or texts",
        },
    },
    "receipt": {
        How.ALIKE: {"provider_ref": "as a delivery's"},
        How.CLEAR: {"id delivery_id channel kind at heeded": "ids and times", "reason": "as a delivery's"},
    },
    "acknowledgement": {
        How.ALIKE: {"ref": "as a delivery's"},
        How.CLEAR: {"id alert_id admin_id delivery_id kind at via": "ids and times"},
    },
    "form_key": {How.SEALED: {"key": "who has it can make up time stamps of forms"}, How.CLEAR: {"id": "always 1"}},
    "sealing_key": {
        How.SEALED: {"lookup": "wrapped by the master key itself"},
        How.CLEAR: {"number key_id since": "names a key, tells nothing of it"},
    },
    "link_token": {
        How.HASHED: {"hash": "SHA-256 of 256 random bits"},
        How.CLEAR: {"admin_id channel created_at expires_at used_at": "ids and times"},
    },
    "api_key": {
        How.HASHED: {"hash old_hash": "SHA-256 of 256 random bits"},
        How.CLEAR: {
            "id name role sender created_at revoked_at": "a system or desk, which answers for what it does by name",
            "expires_at old_until municipalities scopes senders staff_id used_on": "times, what it may, and whose it is: an id",
            "certificate public_key": "public",
        },
    },
    "signed_nonce": {How.HASHED: {"hash": "SHA-256 of key and nonce"}, How.CLEAR: {"until": "a time"}},
    "staff": {
        How.SEALED: {
            "name login": "a person's",
            "totp_secret totp_offered": "who has it can make the codes",
        },
        How.HASHED: {
            "login_hash": "found by it, unique by it",
            "passphrase_hash": "argon2id, with a salt of its own",
            "invited_hash": "SHA-256 of 256 random bits",
        },
        How.CLEAR: {
            "id role sender senders municipalities": "what they may; senders are control rooms",
            "passphrase_at totp_step invited_until created_at signed_in_at disabled_at": "times",
        },
    },
    "staff_recovery": {
        How.HASHED: {"hash": "SHA-256 of 120 random bits"},
        How.CLEAR: {"staff_id created_at": "ids and times"},
    },
    "passkey": {
        How.HASHED: {"hash": "SHA-256 of the credential's id"},
        How.CLEAR: {
            "credential public_key": "public: the secret never leaves the authenticator",
            "staff_id sign_count transports backed_up name created_at used_at": "ids, counts, times, and what they call it",
        },
    },
    "staff_subject": {
        How.SEALED: {"subject": "a person's number at their organisation's sign-on"},
        How.HASHED: {"hash": "SHA-256 of issuer and subject: found by it"},
        How.CLEAR: {"staff_id issuer created_at used_at": "ids, times, and whose sign-on"},
    },
    "sign_in_attempts": {
        How.HASHED: {"hash": "keyed, of account and address"},
        How.CLEAR: {"failures failed_at known_until": "counts and times"},
    },
    "heard": {How.CLEAR: {"id channel account key at": "the provider's number of an update, or a hash of it"}},
    "challenge": {
        How.HASHED: {"hash": "SHA-256 of 256 random bits", "browser": "the same, of a cookie"},
        How.CLEAR: {"kind about expires_at": "a path of ours, a provider's name or an account's id, and a time"},
    },
    "audit": {
        How.SEALED: {"content": "what may have to be erased: reasons that people wrote"},
        How.HASHED: {"content_hash previous hash": "the chain"},
        How.CLEAR: {"sequence at who role kind subject look what": "ids, codes and counts, so that it can be kept"},
    },
    "audit_head": {
        How.HASHED: {"hash base": "the chain's end and its start"},
        How.CLEAR: {"id sequence kept_from token verified_at verified_to verified_faults": "counts and times"},
    },
    "consent": {
        How.CLEAR: {"id at of subject what given via language": "ids, codes and times: nothing of what anybody wrote"}
    },
    "web_session": {
        How.HASHED: {"hash": "SHA-256 of 256 random bits"},
        How.CLEAR: {
            "key_id ticket expires_at idle_at created_at seen_at confirmed_at strength": "ids and times",
            "described": "browser and system, no version",
        },
    },
    "own_session": {
        How.HASHED: {"hash": "SHA-256 of 256 random bits"},
        How.CLEAR: {"admin_id ticket expires_at": "ids and times"},
    },
    "public_text": {How.CLEAR: {"id slug language title text changed_at changed_by": "everybody may read it"}},
    "watch_group": {How.CLEAR: {"id name platform members": "the public register says so"}},
    "group_neighbourhood": {How.CLEAR: {"id group_id code": "the public register says so"}},
    "group_admin": {How.CLEAR: {"id group_id admin_id": "ids"}},
    "neighbourhood": {
        How.CLEAR: {
            "code name district district_name municipality municipality_name boundary edition ground": "a public map",
        }
    },
    "neighbourhood_import": {How.CLEAR: {"id imported_at source edition count": "of a public map"}},
    "postcode": {How.CLEAR: {"id pc4 neighbourhood share": "a public list"}},
    "alert_neighbourhood": {
        How.CLEAR: {
            "id alert_id code name overlap distance why admins planned_at forwarded_at forwarded_by added": "places, ids and times",
            "rung rung_at check_at dark_at": "places, ids and times",
        }
    },
    "alert_event": {How.CLEAR: {"id alert_id at kind data": "ids, states and counts: nothing of what anybody said"}},
    "widening": {How.CLEAR: {"id alert_id number due_at metres codes state decided_at": "codes and times"}},
    "account_lease": {How.CLEAR: {"id channel account holder until": "processes of ours"}},
    "channel_cursor": {How.CLEAR: {"id channel account cursor": "how far we have read at a provider"}},
    "contact_copy": {How.CLEAR: {"id request_id admin_id step due_at": "ids and times"}},
}


def judged(table: str) -> dict[str, How]:
    """Column → how it is kept."""
    listed = JUDGED.get(table, {})
    return {column: how for how, groups in listed.items() for columns in groups for column in columns.split()}
