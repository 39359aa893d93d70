"""The refusals of this area, as the description and docs/reference/problems.md explain them."""

from __future__ import annotations

from typing import Final

from portal.problems import Known, add_to_catalogue

_LATER: Final = "Ask again later; everybody concerned is told when it goes on."

CATALOGUE: Final = (
    # Instructions and nominations
    Known("instruction_refused", 409, "The instruction cannot be taken as a whole.", "Read `detail`."),
    Known("no_hubs", 422, "The list names no hub.", "Give at least one GUID."),
    Known("time_not_wanted", 422, "Only an instruction takes a time.", "Leave `activate_at` out."),
    Known("too_long", 422, "A name or a key is too long.", "Shorten it."),
    Known("unreadable_file", 422, "The list cannot be read, or no column holds GUIDs.", "Read `detail`."),
    Known("malformed_id", 422, "A GUID cannot be read.", "Use the form 00-DB-12-34-56-78-9A-BC."),
    Known("AFTER_CUTOFF", 409, "It arrived after the cut-off.", "The hubs activate at the DCC's time."),
    Known("TIME_NOT_EARLIER", 409, "The time is not before the automatic time.", "Choose an earlier one."),
    Known("TIME_PASSED", 409, "The time had passed on arrival.", "Leave it out for as soon as possible."),
    Known("ROLLOUT_PAUSED", 409, "The update is suspended or paused.", _LATER),
    Known("ROLLOUT_STOPPED", 409, "The update was stopped."),
    Known("ROLLOUT_REVOKED", 409, "The notice of the update was revoked."),
    Known("ROLLOUT_COMPLETE", 409, "The update is complete."),
    Known("CPL_NOT_ACTIVE", 409, "The firmware is not active on the Central Products List.", _LATER),
    Known("no_pilot", 409, "The update has no pilot, or its pilot takes no more hubs."),
    Known(
        "OVER_PILOT_CAP",
        409,
        "More hubs than the pilot group has room for.",
        "Name fewer: `cap`, `room` and `asked` say how many.",
    ),
    Known(
        "nothing_nominated",
        409,
        "None of these hubs can be in the pilot.",
        "`rejected` gives each its reason.",
    ),
    # Criteria
    Known(
        "invalid_criteria",
        422,
        "The conditions or the sample cannot be read.",
        "`problems` names each mistake with a JSON pointer.",
    ),
    # Publishing and steps
    Known("AUTOMATIC_TOO_LATE", 409, "The automatic time is more than six months after the notice."),
    Known("AUTOMATIC_NOT_AHEAD", 409, "The automatic time is not ahead."),
    Known("cannot_publish", 409, "The draft is not fit to be published.", "See its preview."),
    Known("cpl_not_active", 409, "The firmware is not active on the Central Products List."),
    Known("smets1_out_of_scope", 409, "SMETS1 hubs are updated by another process."),
    Known("no_upgrade_path", 409, "The CPL entry names no version it may be reached from."),
    Known(
        "release_note_missing", 409, "A SEC Release is published with its Release Note.", "Give its address."
    ),
    Known("pilot_without_window", 409, "The date leaves Suppliers no window, whom a pilot needs."),
    Known("nobody_eligible", 409, "No hub qualifies for this firmware at present."),
    Known(
        "step_refused",
        409,
        "The update does not stand where the step begins.",
        "Its `steps` say what may be done.",
    ),
    Known("pilot_empty", 409, "There is no hub in the pilot group.", "Confirm nominations first."),
    Known("BATCH_TOO_LATE", 409, "A batch cannot be later than its update."),
    Known("BATCH_WITHOUT_WINDOW", 409, "The time of a batch must leave Suppliers more than a month."),
    Known("nothing_to_move", 409, "None of the hubs may be moved: they are answered for, or elsewhere."),
    Known(
        "needs_decision",
        409,
        "The step takes a recommendation of the DCC and its confirmation.",
        "Pause, resume and stop are decided, and signed by people in the portal.",
    ),
    Known("decision_closed", 409, "The decision has been made, or is not ready for this."),
    Known("recommendation_changed", 409, "The recommendation was worded anew.", "Read it again."),
    Known("sign_off_not_needed", 409, "The signature is not among those needed, or was given."),
    Known("DELAY_NOT_LATER", 409, "A delay moves the automatic time to a later one, still ahead."),
    Known(
        "image_refused",
        422,
        "The file is not the image the CPL entry describes.",
        "`problems` names every difference.",
    ),
    # Incidents
    Known("nothing_named", 409, "No hub named can be in the incident."),
    Known("incident_step_refused", 409, "The incident does not stand where the step begins."),
    Known("attachment_refused", 422, "The file cannot be taken.", "Read `detail`."),
    # The estate
    Known("bad_firmware_version", 422, "A firmware version cannot be read.", "Use the form 0C230000."),
    Known("not_searchable", 422, "What is searched for is no part of a GUID."),
    Known(
        "too_many_exports",
        409,
        "As many files of yours are being written as may be.",
        "Wait for one, or remove it.",
    ),
    Known("too_many_for_workbook", 409, "These are more hubs than a workbook holds.", "Take the CSV file."),
)

add_to_catalogue(*CATALOGUE)
