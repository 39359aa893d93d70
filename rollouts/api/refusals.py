"""The refusals of this area, as the description and docs/reference/problems.md explain them."""

from __future__ import annotations

from typing import Final

from portal.problems import ProblemType, add_to_catalogue

_LATER: Final = "Ask again later; everybody concerned is told when it goes on."

#: Why a rollout takes no answers and no hubs.
NOT_OPEN: Final = (
    "ROLLOUT_PAUSED",
    "ROLLOUT_STOPPED",
    "ROLLOUT_REVOKED",
    "ROLLOUT_COMPLETE",
    "CPL_NOT_ACTIVE",
)

CATALOGUE: Final = (
    # The catalogue
    ProblemType("import_not_held", 409, "The file does not wait: it is being read, or has been."),
    ProblemType("not_a_cpl", 422, "The file lacks a column of the list.", "Name its columns."),
    ProblemType("bad_firmware_hash", 422, "The text is no SHA-256 hash.", "Give 64 hexadecimal digits."),
    ProblemType("already_listed", 409, "The catalogue has this model, entry or number already."),
    # Instructions and nominations
    ProblemType("instruction_refused", 409, "The instruction cannot be taken as a whole.", "Read `detail`."),
    ProblemType(
        "service_requests_off",
        503,
        "The portal is not set up for Service Requests.",
        "Use the pages or REST.",
    ),
    ProblemType(
        "client_certificate_refused",
        403,
        "The connection was made without a client certificate that counts.",
        "Connect with a certificate that the DCC has accepted for one of your User IDs.",
    ),
    ProblemType("request_id_reused", 409, "The RequestID came before, with another message.", "Count on."),
    ProblemType("counter_too_low", 409, "The originator has sent a higher counter before.", "Count on."),
    ProblemType("bad_certificate", 422, "The certificate cannot sign messages.", "Read `detail`."),
    ProblemType("certificate_refused", 409, "The certificate cannot be taken, or no longer changes."),
    ProblemType("no_hubs", 422, "The list names no hub.", "Give at least one GUID."),
    ProblemType("time_not_wanted", 422, "Only an instruction takes a time.", "Leave `activate_at` out."),
    ProblemType("too_long", 422, "A name or a key is too long.", "Shorten it."),
    ProblemType(
        "unreadable_file", 422, "The list cannot be read, or no column holds GUIDs.", "Read `detail`."
    ),
    ProblemType("malformed_id", 422, "A GUID cannot be read.", "Use the form 00-DB-12-34-56-78-9A-BC."),
    ProblemType("AFTER_CUTOFF", 409, "It arrived after the cut-off.", "Each hub keeps the time it has."),
    ProblemType(
        "TIME_NOT_EARLIER", 409, "The time is not before the automatic time.", "Choose an earlier one."
    ),
    ProblemType(
        "TIME_PASSED", 409, "The time had passed on arrival.", "Leave it out for as soon as possible."
    ),
    ProblemType("ROLLOUT_PAUSED", 409, "The rollout is suspended or paused.", _LATER),
    ProblemType("ROLLOUT_STOPPED", 409, "The rollout was stopped."),
    ProblemType("ROLLOUT_REVOKED", 409, "The notice of the rollout was revoked."),
    ProblemType("ROLLOUT_COMPLETE", 409, "The rollout is complete."),
    ProblemType("CPL_NOT_ACTIVE", 409, "The firmware is not active on the Central Products List.", _LATER),
    ProblemType("no_pilot", 409, "The rollout has no pilot, or its pilot takes no more hubs."),
    ProblemType(
        "OVER_PILOT_CAP",
        409,
        "More hubs than the pilot group has room for.",
        "Name fewer: `cap`, `room` and `asked` say how many.",
    ),
    ProblemType(
        "nothing_nominated",
        409,
        "None of these hubs can be in the pilot.",
        "`rejected` gives each its reason.",
    ),
    ProblemType(
        "nothing_proposed",
        409,
        "The conditions choose no hub that could still join the pilot.",
        "Widen them.",
    ),
    ProblemType(
        "nobody_to_remind", 409, "Every Supplier has nominated, or was reminded within the last day."
    ),
    # Criteria
    ProblemType(
        "invalid_criteria",
        422,
        "The conditions or the sample cannot be read.",
        "`problems` names each mistake with a JSON pointer.",
    ),
    # Publishing and steps
    ProblemType("AUTOMATIC_TOO_LATE", 409, "The automatic time is more than six months after the notice."),
    ProblemType("AUTOMATIC_NOT_AHEAD", 409, "The automatic time is not ahead."),
    ProblemType(
        "PILOT_DATES",
        409,
        "The planned dates of the pilot make no sense, or have passed.",
        "Read `detail`.",
    ),
    ProblemType("cannot_publish", 409, "The draft is not fit to be published.", "See its preview."),
    ProblemType("cpl_not_active", 409, "The firmware is not active on the Central Products List."),
    ProblemType("smets1_out_of_scope", 409, "SMETS1 hubs are updated by another process."),
    ProblemType("no_upgrade_path", 409, "The CPL entry names no version it may be reached from."),
    ProblemType(
        "release_note_missing", 409, "A SEC Release is published with its Release Note.", "Give its address."
    ),
    ProblemType("nobody_eligible", 409, "No hub qualifies for this firmware at present."),
    ProblemType(
        "step_refused",
        409,
        "The rollout does not stand where the step begins.",
        "Its `steps` say what may be done.",
    ),
    ProblemType("pilot_empty", 409, "There is no hub in the pilot group.", "Confirm nominations first."),
    ProblemType("BATCH_TOO_LATE", 409, "A batch cannot be later than its rollout."),
    ProblemType("BATCH_WITHOUT_WINDOW", 409, "The time of a batch must leave Suppliers more than a month."),
    ProblemType(
        "nothing_to_move", 409, "None of the hubs may be moved: they are answered for, or elsewhere."
    ),
    ProblemType(
        "needs_decision",
        409,
        "The step takes a recommendation of the DCC and its confirmation.",
        "Pause, resume and stop are decided, and signed by people in the portal.",
    ),
    ProblemType("decision_closed", 409, "The decision has been made, or is not ready for this."),
    ProblemType("recommendation_changed", 409, "The recommendation was worded anew.", "Read it again."),
    ProblemType("sign_off_not_needed", 409, "The signature is not among those needed, or was given."),
    ProblemType("DELAY_NOT_LATER", 409, "A delay moves the automatic time to a later one, still ahead."),
    ProblemType(
        "FORWARD_NOT_EARLIER", 409, "A date brought forward is earlier than the present one, and still ahead."
    ),
    ProblemType(
        "image_refused",
        422,
        "The file is not the image the CPL entry describes.",
        "`problems` names every difference.",
    ),
    # Incidents
    ProblemType("nothing_named", 409, "No hub named can be in the incident."),
    ProblemType("incident_step_refused", 409, "The incident does not stand where the step begins."),
    ProblemType("attachment_refused", 422, "The file cannot be taken.", "Read `detail`."),
    # The estate
    ProblemType("bad_firmware_version", 422, "A firmware version cannot be read.", "Use the form 0C230000."),
    ProblemType("not_searchable", 422, "What is searched for is no part of a GUID."),
    ProblemType(
        "too_many_exports",
        409,
        "As many files of yours are being written as may be.",
        "Wait for one, or remove it.",
    ),
    ProblemType(
        "too_many_for_workbook", 409, "These are more hubs than a workbook holds.", "Take the CSV file."
    ),
)

add_to_catalogue(*CATALOGUE)
