"""What a notice about a pilot says in sentences, from the facts of its entry. Pure."""

from __future__ import annotations

from notifications.notice_facts import OWN, Data, at, count, hubs, until, verb


def nominated(data: Data) -> str:
    """Return what was nominated for a pilot; DCC is told by whom."""
    who = f"{data['supplier']} nominates" if data.get("supplier") else "You nominate"
    rejected = f" {count(data, 'rejected'):,} could not be taken." if count(data, "rejected") else ""
    return f"{who} {hubs(count(data, 'hubs'))}.{rejected} DCC decides which take part."


def decided(data: Data) -> str:
    """Return how many hubs of one's own take part in a pilot, and what is asked of a second Supplier."""
    sentences = []
    if count(data, "declined"):
        sentences.append(f"DCC has declined your nomination of {hubs(count(data, 'declined'))}.")
    elif "hubs" in data:
        of = f" You nominated {count(data, 'nominated'):,}." if count(data, "nominated") else ""
        sentences.append(f"{hubs(count(data, 'hubs'))} of yours joined the pilot.{of}")
    if count(data, "split"):
        split = count(data, "split")
        which = "It has" if count(data, "hubs") == 1 else f"{split:,} of them {verb(split, 'has', 'have')}"
        sentences.append(f"{which} a second Supplier.")
    if waiting := count(data, "awaiting_your_answer"):
        sentences.append(
            f"{hubs(waiting)} {verb(waiting, 'waits', 'wait')} for your answer: "
            "agree with the pilot time, or give another."
        )
    return " ".join(sentences)


def planned(data: Data) -> str:
    """Say when the pilot is planned to start and to end, old dates and new ones."""
    sentences = []
    for name, words in (("starts_at", "The pilot starts"), ("ends_at", "The pilot ends")):
        planned, before = at(data, name), at(data, f"{name}_before")
        if planned or before:
            was = f", before: {before}" if before and before != planned else ""
            sentences.append(f"{words}: {planned or 'not planned'}{was}.")
    return "\n".join(sentences)


def wanted(data: Data) -> str:
    """Say that a pilot waits for nominations, until when, and what happens without."""
    return (
        f"You have nominated no hubs for the pilot; {hubs(count(data, 'hubs'))} of yours could take part. "
        f"Nominate until {until(data, 'cutoff_at')}. DCC may propose hubs of yours, or go on without a pilot."
    )


def proposed(data: Data) -> str:
    """Say how many hubs of one's own DCC proposes for the pilot, and what accepting means."""
    split = count(data, "split")
    which = "It has" if count(data, "hubs") == 1 else f"{split:,} of them {verb(split, 'has', 'have')}"
    shared = (
        f" {which} a second Supplier, who is asked too: such a hub takes part once both accept."
        if split
        else ""
    )
    wanted = at(data, "activate_at")
    they, them = verb(count(data, "hubs"), "It", "They"), verb(count(data, "hubs"), "it", "them")
    soon = f"in the next activation hours, once the image is on {them}"
    when = f"{they} would activate {f'on {wanted}' if wanted else soon}."
    return (
        f"DCC proposes {hubs(count(data, 'hubs'))} of yours for the pilot.{shared} {when}\n"
        f"Accept or decline with one answer, until {until(data, 'cutoff_at')}."
    )


def withdrawn(data: Data) -> str:
    """Say that a proposal need not be answered any more."""
    number = count(data, "hubs")
    they = verb(number, "It takes part in the rollout", "They take part in the rollout")
    return f"DCC no longer proposes {hubs(number)} of yours for the pilot. {they} as all others do."


def answered(data: Data) -> str:
    """Say to the DCC what a Supplier has answered to a proposal."""
    who, many = data.get("supplier", "A Supplier"), count(data, "hubs")
    number = f"{hubs(many)} {verb(many, 'takes', 'take')} part"
    comment = f" It writes: {data['comment']}" if data.get("comment") else ""
    if not data.get("is_accepted"):
        return f"{who} does not accept that {number} in the pilot.{comment}"
    return f"{who} accepts that {number} in the pilot; {count(data, 'joined'):,} joined with it.{comment}"


def standing(data: Data) -> str:
    """Return how the pilot stands with one's own hubs in it; the boards read the whole."""
    own = data.get("own_pilot") or data.get("pilot") or {}
    if not own.get("hubs"):
        return "None of your hubs takes part in the pilot." if data.get(OWN) else ""
    whose = " of yours" if data.get(OWN, True) else ""
    activated = count(own.get("states") or {}, "ACTIVATED")
    return f"Pilot hubs{whose}: {own['hubs']:,}, of which {activated:,} activated."


def skipped(data: Data) -> str:
    """Say what it means that there is no pilot."""
    stand = " Your instructions stand." if data.get(OWN, True) else ""
    return f"The safe launch is open from now on, and hubs nominated for the pilot take part in it.{stand}"


def outcome(data: Data) -> str:
    """Return the outcome of the whole pilot in tenths, from which nobody can subtract their own hubs."""
    percent = data.get("pilot_percent") or {}
    named = [f"about {percent[name]}% {name}" for name in ("activated", "failed") if name in percent]
    return f"Of all pilot hubs so far: {', '.join(named)}." if named else ""
