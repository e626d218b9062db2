"""Errors of the site, all of which a person may cause and can mend.

AlertError                alerts.errors
└── WebError
    ├── SignInNeeded      nobody is signed in
    ├── NotPermitted      the person's role or areas do not allow it
    ├── FormRefused       the form is not one that we gave to this browser
    ├── TooLarge          more was sent than the page takes
    ├── TooManyTries      guessing is slowed down
    ├── WrongPassword     name or password is wrong: one answer for both
    ├── WrongCode         the code of the second factor is wrong, or was used before
    ├── FactorNeeded      the role asks for a second factor, and there is none yet
    ├── InvalidAccount    a name, role or password cannot be used
    ├── UnknownAccount    nobody has that name
    └── DraftGone         what was to be saved is kept no more
"""

from __future__ import annotations

from alerts.errors import AlertError


class WebError(AlertError):
    """Base of the errors of the site."""


class SignInNeeded(WebError):
    """Nobody is signed in, or the sign-in has ended."""


class NotPermitted(WebError):
    """The role or the areas of the person do not allow it."""


class FormRefused(WebError):
    """The form is not one that we gave to this browser: forged, or from before a sign-in."""


class TooLarge(WebError):
    """More was sent than the page takes."""


class TooManyTries(WebError):
    """Somebody guesses; the wait is in the message."""


class WrongPassword(WebError):
    """Name or password is wrong: one answer for both."""


class WrongCode(WebError):
    """The code of the second factor is wrong, or was used before."""


class FactorNeeded(WebError):
    """The role asks for a second factor, and the person has none yet."""


class InvalidAccount(WebError):
    """A name, a role or a password cannot be used."""


class UnknownAccount(WebError):
    """Nobody has that name."""


class DraftGone(WebError):
    """What was read from an upload is kept no more, or was never this person's."""
