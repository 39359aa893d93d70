"""The journal (coarse facts, kept for ever, hash-chained) and the feed of each party."""

from __future__ import annotations

from django.db import models


class Event(models.Model):
    """One fact: what happened, to what, by whom, when. Written once, in the transaction it speaks of.

    `position`, `previous_hash` and `hash` are given by the sequencer after the commit, so
    that a long transaction never holds back a short one.
    """

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=60)
    subject = models.CharField(max_length=80)
    organisation_id = models.IntegerField()
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=120, blank=True)
    happened_at = models.DateTimeField()
    facts = models.JSONField(default=dict)
    position = models.BigIntegerField(null=True, unique=True)
    previous_hash = models.BinaryField(max_length=32, null=True)
    hash = models.BinaryField(max_length=32, null=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="events_event_unsequenced", condition=models.Q(position=None)),
            models.Index(fields=["subject", "id"], name="events_event_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.subject}"


class FeedOutbox(models.Model):
    """Feed entries as use cases write them, in no order, until the sequencer gives them their places."""

    id = models.BigAutoField(primary_key=True)
    guid = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    party_id = models.IntegerField()
    rollout_id = models.IntegerField(null=True)
    version_id = models.IntegerField(null=True)
    kind = models.SmallIntegerField()
    code = models.SmallIntegerField(default=0)
    data = models.JSONField(null=True)

    class Meta:
        db_table = "events_feed_outbox"

    def __str__(self) -> str:
        return f"{self.party_id} {self.kind}"


class FeedHead(models.Model):
    """The last position given out to a party, without gaps, and up to where its entries are forgotten."""

    party_id = models.IntegerField(primary_key=True)
    position = models.BigIntegerField(default=0)
    dropped_to = models.BigIntegerField(
        default=0, db_default=0, help_text="entries up to here are no longer kept"
    )

    class Meta:
        db_table = "events_feed_head"

    def __str__(self) -> str:
        return f"{self.party_id}: {self.position}"


class FeedJump(models.Model):
    """Positions of a party, after one and up to another, that no entry is given: `resume_positions.sql`."""

    party_id = models.IntegerField()
    after = models.BigIntegerField()
    position = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        db_table = "events_feed_jump"

    def __str__(self) -> str:
        return f"{self.party_id}: {self.after} to {self.position}"


class FeedEntry(models.Model):
    """One happening one party may know of, at its place in that party's feed. Partitioned by month of `at`.

    `guid` none = a coarse fact (it also reaches the inbox); otherwise one hub.
    `version_id` is the CPL entry whose firmware version the entry speaks of.
    """

    pk = models.CompositePrimaryKey("party_id", "position", "at")
    position = models.BigIntegerField()
    guid = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    party_id = models.IntegerField()
    rollout_id = models.IntegerField(null=True)
    version_id = models.IntegerField(null=True)
    kind = models.SmallIntegerField()
    code = models.SmallIntegerField(default=0)
    data = models.JSONField(null=True)

    class Meta:
        managed = False
        db_table = "events_feed_entry"

    def __str__(self) -> str:
        return f"{self.party_id}@{self.position}"
