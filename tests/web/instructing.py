"""A list of hubs as people send it: checked first, then submitted."""

from __future__ import annotations

import re


def check(client, rollout, **changes):
    timing = (
        {} if "activate_at" in changes or changes.get("kind", "INSTRUCT") != "INSTRUCT" else {"timing": "any"}
    )
    fields = {"kind": "INSTRUCT", "source": "waiting", **timing, **changes}
    return client.post(f"/rollouts/{rollout.pk}/instruct/", fields)


def token_in(answer) -> str:
    return re.search(r'name="token" value="([^"]+)"', answer.content.decode())[1]


def submit(client, rollout, token):
    return client.post(f"/rollouts/{rollout.pk}/instruct/submit/", {"token": token, "is_sure": "on"})
