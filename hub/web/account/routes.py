"""Signing in with an account, being invited, and one's own account."""

from __future__ import annotations

from hub.web.account.confirming import confirm, confirm_page
from hub.web.account.invited import accept_invitation, welcome_page
from hub.web.account.mine import account_page, change_passphrase, end_other_sessions, end_session
from hub.web.account.passkeys import (
    make_options,
    make_passkey,
    passkeys_page,
    remove_passkey,
    rename_passkey,
    sign_in_options,
    sign_in_with_passkey,
)
from hub.web.account.second_factor import confirm_second_factor, renew_recovery_codes, second_factor_page
from hub.web.account.sign_on import come_back, gone, leave, leave_for_good
from hub.web.account.signing_in import sign_in_with_account
from hub.web.route import ANY_KEY, ANY_SCOPE, PUBLIC, Open, Route

OWN = Open.ACCOUNT

ROUTES: tuple[Route, ...] = (
    Route("POST", "/login/account", sign_in_with_account, PUBLIC, "Sign in with an account", form=True),
    Route("POST", "/login/passkey/options", sign_in_options, PUBLIC, "What a browser asks of a passkey", form=True),
    Route("POST", "/login/passkey", sign_in_with_passkey, PUBLIC, "Sign in with a passkey", form=True),
    Route("POST", "/login/with/{name}", leave, PUBLIC, "To an organisation's own sign-on", form=True),
    Route("GET", "/login/with/{name}/back", come_back, PUBLIC, "Back from there", head=False),
    Route("GET", "/login/with/{name}/out", leave_for_good, PUBLIC, "Sign out there too", head=False),
    Route("POST", "/login/with/{name}/gone", gone, Open.VERIFIED_BY_PROVIDER, "It tells that somebody signed out there"),
    Route("GET", "/welcome/{token}", welcome_page, PUBLIC, "An invitation: choose a passphrase"),
    Route("POST", "/welcome/{token}", accept_invitation, PUBLIC, "The same, filled in", form=True),
    Route("GET", "/account", account_page, OWN, "My account, and the browsers I am signed in with"),
    Route("POST", "/account/passphrase", change_passphrase, OWN, "Another passphrase", form=True, sensitive=True),
    Route("GET", "/account/second-factor", second_factor_page, OWN, "Set up a second factor", sensitive=True),
    Route("POST", "/account/second-factor", confirm_second_factor, OWN, "Confirm it with a code", form=True, sensitive=True),
    Route("POST", "/account/recovery-codes", renew_recovery_codes, OWN, "New recovery codes", form=True, sensitive=True),
    Route("GET", "/account/passkeys", passkeys_page, OWN, "My passkeys", sensitive=True),
    Route("POST", "/account/passkeys", make_passkey, OWN, "Keep a new passkey", form=True, sensitive=True),
    Route("POST", "/account/passkeys/options", make_options, OWN, "What a browser asks for a new one", form=True, sensitive=True),
    Route("POST", "/account/passkeys/{hash}/name", rename_passkey, OWN, "Call it something else", form=True),
    Route("POST", "/account/passkeys/{hash}/remove", remove_passkey, OWN, "Remove it", form=True, sensitive=True),
    Route("POST", "/account/sessions/end", end_session, OWN, "Sign one browser out", form=True),
    Route("POST", "/account/sessions/end-others", end_other_sessions, OWN, "Sign all others out", form=True),
    Route("GET", "/account/confirm", confirm_page, ANY_KEY, "Prove once more who you are", scopes=ANY_SCOPE),
    Route("POST", "/account/confirm", confirm, ANY_KEY, "The same, filled in", form=True, scopes=ANY_SCOPE),
)  # fmt: skip
