"""Sends one mail by Django, and says whether it can have left when it fails."""

import smtplib
from collections.abc import Mapping

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.mail.message import sanitize_address
from django.core.validators import validate_email

from routing.outgoing.errors import Cause, OutgoingError, Sent


def deliver(to: str, subject: str, body: str, *, headers: Mapping[str, str] | None = None) -> None:
    """Send a text mail to one address; on a desk without a mail server the stored letter is all there is.

    Raises OutgoingError; its ``sent`` is NOT_SENT when the server was never reached or refused the recipient.
    """
    _check_address(to)
    if settings.EMAIL_SERVER is None:
        return
    message = EmailMessage(subject=" ".join(subject.split()), body=body, to=[to], headers=dict(headers or {}))
    try:
        message.send()
    except (ConnectionError, smtplib.SMTPConnectError, smtplib.SMTPAuthenticationError) as error:
        raise _failed(
            f"the mail server could not be reached: {type(error).__name__}", Sent.NOT_SENT, permanent=False
        ) from error
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused) as error:
        raise _failed("the mail server refused the address", Sent.NOT_SENT, permanent=True) from error
    except (smtplib.SMTPException, OSError) as error:
        raise _failed(f"sending the mail broke off: {type(error).__name__}", Sent.MAYBE, permanent=False) from error


def _check_address(to: str) -> None:
    """Raise OutgoingError unless this is one plain address: no list, no display name, no second header line."""
    try:
        validate_email(to)
        sanitize_address(to, "utf-8")
    except (ValidationError, ValueError) as error:
        raise _failed("what it should go to is not one e-mail address", Sent.NOT_SENT, permanent=True) from error


def _failed(message: str, sent: Sent, *, permanent: bool) -> OutgoingError:
    return OutgoingError(message, permanent=permanent, cause=Cause.UNREACHABLE, sent=sent)
