"""Who speaks on each channel? The only file that knows the channels one by one."""

from collections.abc import Coroutine
from functools import partial
from typing import Any, NamedTuple

import asyncpg

from services.notify import metrics
from services.notify.api import Push
from services.notify.channels import Provider
from services.notify.channels.budget import Budgeted
from services.notify.channels.call_list import CallList
from services.notify.channels.email import Smtp
from services.notify.channels.mobile_push import MobilePush
from services.notify.channels.sms import Plugged, limits_of, plugged
from services.notify.channels.switch import switched
from services.notify.channels.web_push import WebPush
from services.notify.config import Config
from services.notify.dispatching import Dispatcher
from services.notify.errands import take_ends
from services.notify.rules.apps import KnownApps
from services.notify.rules.push import PushServices
from services.notify.sending import Sender
from services.notify.store import Contacts, Ledger, Receipts, Replies, Spending, Texting
from shared.vault import Vault


class Speaking(NamedTuple):
    """Who sends, and what keeps their lines up when nothing is sent."""

    senders: list[Sender]
    texting: Texting
    keeping: list[Coroutine[Any, Any, None]]


def speaking_by(config: Config, pool: asyncpg.Pool, vault: Vault, contacts: Contacts) -> Speaking:
    """Every provider that is set, with a sender of its own."""
    ledger, receipts, dispatcher = Ledger(pool), Receipts(pool), Dispatcher(config, contacts)
    replies = Replies(pool, vault, asks=config.sms_replies, count=metrics.count_reply)
    texting = Texting(pool, vault, limits_of(config), partial(take_ends, receipts), replies)
    texts = plugged(config, texting)
    most, spending = config.sms_announcements_per_day_max, Spending(pool)
    texts = texts._replace(providers=[Budgeted(each, spending, most) for each in texts.providers])
    found = switched(providers(config, texts), config)
    senders = [
        Sender(each, config, ledger, dispatcher, receipts, may_take=each.may_take) for each in found
    ]
    return Speaking(senders, texting, [keep() for keep in texts.keeping])


def providers(config: Config, texts: Plugged) -> list[Provider]:
    """Who takes messages, one for each channel that is spoken over."""
    mail = [Smtp(config, nth) for nth in range(len(config.smtp_servers))]
    spoken: list[Provider] = [*mail, *texts.providers, CallList()]
    if config.push_key:
        spoken.append(WebPush.of(config))
    if config.apns_key:
        spoken.append(MobilePush.of(config))
    return spoken


def pushed_by(config: Config) -> Push:
    """To whom a browser subscribes, and for which key; and which apps are pushed to."""
    services = PushServices.parse(config.push_services)
    key = WebPush.of(config).signer.public_key if config.push_key else None
    named = config.apns_apps if config.apns_key else ""
    return Push(services, key, KnownApps.parse(named, config.apns_environment))
