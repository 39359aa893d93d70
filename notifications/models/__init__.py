"""What people and systems are told, and how far."""

from __future__ import annotations

from notifications.models.inbox import Message, MessageQuerySet, Reader, ReadMark
from notifications.models.webhooks import WebhookDelivery, WebhookEndpoint, WebhookSecret

__all__ = [
    "Message",
    "MessageQuerySet",
    "ReadMark",
    "Reader",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookSecret",
]
