"""An organisation's own sign-on (OpenID Connect): where its people are sent, and what of its answers is believed.

Pure: authorization code with PKCE (S256), state and nonce. Nonce and PKCE's verifier follow from a secret that only the browser
has, so the hub keeps neither. Asking the provider is provider.py's.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata
from authlib.oidc.rpinitiated import OpenIDProviderMetadata as LogoutMetadata
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from hub.domain import Role
from hub.settings import SignOn

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
"""Public keys only: with HS256 the client's secret could sign, and `none` signs nothing."""
LEEWAY_SECONDS = 60
"""Their clock and ours."""
RSA_MODULUS = range(342, 2731)
"""Characters of an RSA key's modulus: 2,048 bits at least, and not so many that looking at a signature takes long."""
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_TYPE = "logout+jwt"
"""What a logout token says it is, as the specification recommends: a token of theirs for anything else is none."""
LOGOUT_SECONDS = 10 * 60
"""How old a logout token may be, whatever it says itself: a provider that could not reach us tries again within minutes. As long as
one is good it is remembered."""


class Why(StrEnum):
    """Why somebody is not let in. Pages say it in words; the log has the word itself."""

    UNREACHABLE = "unreachable"
    DECLINED = "declined"
    UNTRUSTED = "untrusted"
    NO_ROLE = "no_role"
    NO_SECOND_FACTOR = "no_second_factor"
    NOT_THEIRS = "not_theirs"


class SignOnRefused(Exception):
    """`detail`: for the log; names of claims and statuses, never what they hold. `subject`: who it is there, if certain."""

    def __init__(self, why: Why, detail: str, subject: str = "") -> None:
        super().__init__(detail)
        self.why = why
        self.detail = detail
        self.subject = subject


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What discovery told. `tells_issuer`: its answers name it, RFC 9207."""

    authorization: str
    token: str
    keys: str
    farewell: str
    secret_in_body: bool
    tells_issuer: bool


@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in, as the provider says: known by issuer and subject, for anything else may change."""

    issuer: str
    subject: str
    name: str
    role: Role
    municipalities: frozenset[str]
    sender: str


@dataclass(frozen=True, slots=True)
class Farewell:
    """Somebody signed out there. `jti`: the token's own name, by which it is known again until `until` (ms)."""

    subject: str
    jti: str
    until: int


def nonce_of(secret: str, state: str) -> str:
    return _derived(secret, "nonce", state)


def verifier_of(secret: str, state: str) -> str:
    """PKCE's, which shows that whoever brings a code is who asked for it."""
    return _derived(secret, "verifier", state)


def address(
    sign_on: SignOn, endpoints: Endpoints, redirect: str, secret: str, state: str, *, anew: bool = False
) -> str:
    """Where the browser is sent to sign in; `anew`: also who is signed in there already."""
    more = {"acr_values": " ".join(sign_on.second_factor)} if sign_on.second_factor else {}
    if anew:
        more |= {"prompt": "login", "max_age": "0"}
    return str(
        prepare_grant_uri(
            endpoints.authorization,
            sign_on.client_id,
            "code",
            redirect_uri=redirect,
            scope=" ".join(sign_on.scopes),
            state=state,
            nonce=nonce_of(secret, state),
            code_challenge=create_s256_code_challenge(verifier_of(secret, state)),
            code_challenge_method="S256",
            **more,
        )
    )


def code_in(sign_on: SignOn, endpoints: Endpoints, answer: Mapping[str, str]) -> str:
    """The code that the browser brings back; raises SignOnRefused. That its state is ours, the caller has looked at."""
    if answer.get("iss", sign_on.issuer) != sign_on.issuer or (endpoints.tells_issuer and "iss" not in answer):
        raise SignOnRefused(Why.UNTRUSTED, "the answer is another issuer's")
    if "error" in answer:
        raise SignOnRefused(Why.DECLINED, "the provider says no")
    if not answer.get("code"):
        raise SignOnRefused(Why.UNTRUSTED, "the answer has no code")
    return answer["code"]


def read_endpoints(sign_on: SignOn, content: bytes) -> Endpoints:
    """Raises SignOnRefused for a discovery document that is not this issuer's, or whose addresses are not safe."""
    found = LogoutMetadata(_object(content, "discovery"))
    metadata = OpenIDProviderMetadata(found)
    if metadata.get("issuer") != sign_on.issuer:
        raise SignOnRefused(Why.UNTRUSTED, "discovery: it is another issuer's")
    try:
        metadata.validate_issuer()
        metadata.validate_authorization_endpoint()
        metadata.validate_token_endpoint()
        metadata.validate_jwks_uri()
        found.validate_end_session_endpoint()
        authorization, token, keys = (
            str(metadata[name]) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
        )
        methods = list(metadata.token_endpoint_auth_methods_supported)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SignOnRefused(Why.UNTRUSTED, f"discovery: {_named(error)}") from None
    if not {"client_secret_basic", "client_secret_post"} & set(methods):
        raise SignOnRefused(Why.UNTRUSTED, "discovery: it takes no client secret")
    return Endpoints(
        authorization=authorization,
        token=token,
        keys=keys,
        farewell=str(metadata.get("end_session_endpoint") or ""),
        secret_in_body="client_secret_basic" not in methods,
        tells_issuer=metadata.get("authorization_response_iss_parameter_supported") is True,
    )


def read_keys(content: bytes) -> KeySet:
    """The keys it signs with, those that we take; raises SignOnRefused where there is none."""
    listed = _object(content, "keys").get("keys")
    usable = [one for one in listed if _is_usable(one)] if isinstance(listed, list) else []
    try:
        return KeySet.import_key_set({"keys": usable})
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise SignOnRefused(Why.UNTRUSTED, f"keys: {_named(error)}") from None


def read_token(
    sign_on: SignOn, keys: KeySet, token: str, *, nonce: str, access_token: str, now: int
) -> Mapping[str, Any]:
    """The claims of an ID token that is this provider's, for us, of now (ms), and of this very sign-in.

    Raises SignOnRefused, and InvalidKeyIdError where its key is not among these: they may have changed.
    """
    header, claims = _signed(keys, token)
    found = CodeIDToken(
        claims,
        header,
        options={
            "iss": {"essential": True, "value": sign_on.issuer},
            "aud": {"essential": True, "value": sign_on.client_id},
            "sub": {"essential": True},
        },
        params={"nonce": nonce, "client_id": sign_on.client_id, "access_token": access_token},
    )
    try:
        found.validate(now=now // 1000, leeway=LEEWAY_SECONDS)
    except (JoseError, ValueError, TypeError) as error:
        raise SignOnRefused(Why.UNTRUSTED, f"ID token: {_named(error)}") from None
    return dict(found)


def read_farewell(sign_on: SignOn, keys: KeySet, token: str, *, now: int) -> Farewell:
    """Who a provider says has signed out there (Back-Channel Logout 1.0); raises as `read_token` does."""
    header, claims = _signed(keys, token)
    if str(header.get("typ", "")).lower().removeprefix("application/") != LOGOUT_TYPE:
        raise SignOnRefused(Why.UNTRUSTED, f"logout token: its type is not {LOGOUT_TYPE}")
    registry = jwt.JWTClaimsRegistry(
        now=now // 1000,
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": sign_on.issuer},
        aud={"essential": True, "value": sign_on.client_id},
        iat={"essential": True},
        exp={"essential": True},
        jti={"essential": True},
        sub={"essential": True},
    )
    try:
        registry.validate(claims)
    except (JoseError, ValueError, TypeError) as error:
        raise SignOnRefused(Why.UNTRUSTED, f"logout token: {_named(error)}") from None
    events = claims.get("events")
    if not isinstance(events, dict) or LOGOUT_EVENT not in events or "nonce" in claims:
        raise SignOnRefused(Why.UNTRUSTED, "logout token: it is none")
    until = claims["iat"] + LOGOUT_SECONDS + LEEWAY_SECONDS
    if now // 1000 >= until:
        raise SignOnRefused(Why.UNTRUSTED, "logout token: it is old")
    return Farewell(str(claims["sub"]), str(claims["jti"]), int(until) * 1000)


def person_of(sign_on: SignOn, claims: Mapping[str, Any], *, since: int | None = None) -> Person:
    """Who this is here; raises SignOnRefused for whoever is not let in, with why. `since`: they signed in there after that (ms)."""
    subject, signed_in = str(claims["sub"]), claims.get("auth_time")
    if since is not None and not (isinstance(signed_in, int | float) and signed_in >= since // 1000 - LEEWAY_SECONDS):
        raise SignOnRefused(Why.UNTRUSTED, "claim auth_time tells no signing in of now")
    for name, value in sign_on.require.items():
        if claims.get(name) != value:
            raise SignOnRefused(Why.NOT_THEIRS, f"claim {name} is not as required", subject)
    email = _text(claims.get("email"))
    if sign_on.email_domains and not (
        claims.get("email_verified") is True and email.rpartition("@")[2].lower() in sign_on.email_domains
    ):
        raise SignOnRefused(Why.NOT_THEIRS, "email is of no domain allowed, or not verified", subject)
    proved = {_text(claims.get("acr")), *_texts(claims.get("amr"))}
    if sign_on.second_factor and not proved & set(sign_on.second_factor):
        raise SignOnRefused(Why.NO_SECOND_FACTOR, "neither acr nor amr tells a second factor", subject)
    values = set(_texts(_claim(claims, sign_on.claim)))
    fitting = [one for one in sign_on.roles if one.value in values]
    if not fitting:
        raise SignOnRefused(Why.NO_ROLE, f"claim {sign_on.claim} gives no role", subject)
    role = fitting[0].role
    return Person(
        issuer=sign_on.issuer,
        subject=subject,
        name=_text(claims.get("name")) or _text(claims.get("preferred_username")) or email or subject,
        role=role,
        municipalities=frozenset(code for one in fitting if one.role is role for code in one.municipalities),
        sender=fitting[0].sender,
    )


def _derived(secret: str, what: str, state: str) -> str:
    """43 characters: 256 bits, as PKCE wants them."""
    digest = hmac.digest(secret.encode(), f"{what} {state}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _object(content: bytes, what: str) -> dict[str, Any]:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise SignOnRefused(Why.UNTRUSTED, f"{what}: it is no JSON object")
    return found


def _is_usable(key: Any) -> bool:
    if not isinstance(key, dict) or key.get("use", "sig") != "sig":
        return False
    return key.get("kty") == "EC" or (key.get("kty") == "RSA" and len(str(key.get("n"))) in RSA_MODULUS)


def _signed(keys: KeySet, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, if one of these keys signed them."""
    try:
        found = jwt.decode(token, keys, algorithms=ALGORITHMS)
    except InvalidKeyIdError:
        raise
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise SignOnRefused(Why.UNTRUSTED, f"token: {_named(error)}") from None
    return found.header, found.claims


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """By its whole name (some are addresses, with dots in them), or else inside others: realm_access.roles."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _texts(value: Any) -> Iterable[str]:
    values = value if isinstance(value, list) else [value]
    return (one for one in values if isinstance(one, str))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _named(error: Exception) -> str:
    """What kind of mistake, and of which claim; its text may hold what somebody's token says."""
    claim = getattr(error, "claim", "")
    return f"{type(error).__name__} {claim}".strip()
