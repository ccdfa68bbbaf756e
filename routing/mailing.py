"""Sends one mail by Django, and says whether it can have left when it fails."""

import smtplib

from django.conf import settings
from django.core.mail import EmailMessage

from routing.outgoing.errors import Cause, OutgoingError, Sent


def deliver(to: str, subject: str, body: str) -> None:
    """Send a text mail; on a desk without a mail server the stored letter is all there is.

    Raises OutgoingError; its ``sent`` is NOT_SENT when the server was never reached or refused the recipient.
    """
    if settings.EMAIL_SERVER is None:
        return
    message = EmailMessage(subject=" ".join(subject.split()), body=body, to=[to])
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


def _failed(message: str, sent: Sent, *, permanent: bool) -> OutgoingError:
    return OutgoingError(message, permanent=permanent, cause=Cause.UNREACHABLE, sent=sent)
