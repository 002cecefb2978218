"""How does a message get onto somebody's phone as text? By an operator's SMSC, or over HTTP."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, NamedTuple, Protocol

from services.notify.channels import Dispatch, Provider
from services.notify.channels.sms import smpp, twilio
from services.notify.channels.sms.desk import SmsDesk
from services.notify.channels.sms.guarding import Counts, Guarded
from services.notify.config import Config
from services.notify.rules.messages import ReplyAnswer
from services.notify.rules.pumping import Limits
from services.notify.texts import short

__all__ = ["Plugged", "SmsDesk", "limits_of", "plugged"]

Words = Callable[[Dispatch], str]


class Texting(SmsDesk, Counts, Protocol):
    """Whoever keeps what comes back and counts what goes."""


class Plugged(NamedTuple):
    """The provider that is set, if one is, and what keeps its line up when nothing is sent."""

    providers: list[Provider]
    keeping: list[Callable[[], Coroutine[Any, Any, None]]]


def plugged(config: Config, desk: Texting) -> Plugged:
    """Whoever is set to take text messages, behind the guard against pumping."""
    said = partial(words, links=config.sms_links, replies=config.sms_replies)
    chosen = dict.fromkeys((config.sms_provider, config.sms_second))
    providers: list[Provider] = []
    keeping: list[Callable[[], Coroutine[Any, Any, None]]] = []
    for name in chosen:
        match name:
            case "smpp":
                smsc = _smpp(config, desk, said)
                providers.append(Guarded(smsc, desk))
                keeping.append(smsc.keep)
            case "twilio":
                providers.append(Guarded(_twilio(config, desk, said), desk))
            case "none":
                pass
    return Plugged(providers, keeping)


def words(dispatch: Dispatch, *, links: bool = True, replies: bool = False) -> str:
    """What stands in a text message: that something is, and one address that tells all.

    Without an address most are one part, with one three; but of how to join a visit it is told, and
    whoever asked where to choose another time is told that.
    """
    pages = dispatch.join_at[:1]
    if isinstance(dispatch.event, ReplyAnswer):
        pages += (dispatch.move_at,)
    if links:
        pages += (dispatch.confirm_at, dispatch.cancel_at)
    return short(
        dispatch.event,
        dispatch.language,
        page=next(filter(None, pages), ""),
        perhaps_again=dispatch.perhaps_again,
        replies=replies,
    )


def limits_of(config: Config) -> Limits:
    """How many text messages go where."""
    return Limits(
        number_hour=config.sms_number_hour_max,
        number_day=config.sms_number_day_max,
        due_day=config.sms_due_day_max,
        prefix_hour=config.sms_prefix_hour_max,
        country_hour=config.sms_country_hour_max,
        share_min=config.sms_share_min,
        share_after=config.sms_share_after,
        probes_hour=config.sms_probes_hour_max,
    )


def _smpp(config: Config, desk: SmsDesk, words: Words) -> smpp.SmppProvider:
    host, _, port = config.smpp.rpartition(":")
    account = smpp.Account(
        host=host,
        port=int(port),
        user=config.smpp_user,
        password=config.smpp_password,
        system_type=config.smpp_system_type,
        answer_seconds=config.send_seconds,
        enquire_seconds=config.smpp_enquire_seconds,
        tls=config.smpp_tls,
    )
    settings = smpp.Settings(
        sender=config.sms_from,
        send_seconds=config.send_seconds,
        valid_seconds_max=config.sms_valid_seconds_max,
        binds=config.smpp_binds,
        window=config.smpp_window,
    )
    return smpp.SmppProvider(account, settings, desk, words)


def _twilio(config: Config, desk: SmsDesk, words: Words) -> twilio.TwilioProvider:
    account = twilio.Account(
        address=config.twilio_api,
        sid=config.twilio_account,
        token=config.twilio_token,
        sender=config.sms_from,
        callback=config.twilio_callback,
        keyed=config.twilio_keyed,
        connections=config.twilio_connections_max,
        send_seconds=config.send_seconds,
        valid_seconds_max=config.sms_valid_seconds_max,
    )
    return twilio.TwilioProvider(account, desk, words)
