"""Suppliers' rules as values: conditions on hubs and releases, samples, scores and times of activation.

Pure, all of it: a document goes in; a value, a sentence, or a piece of SQL comes out.
"""

from __future__ import annotations

from portal.kernel.statements import Sql
from rollouts.rules.criteria.cells import (
    MATCHING_COLUMNS,
    NOT_KNOWN,
    Cell,
    breakdown,
    categories,
    cell_of,
    count_cells,
)
from rollouts.rules.criteria.changes import ChangeKind, CriteriaChange, differences
from rollouts.rules.criteria.compiling import compile_hub
from rollouts.rules.criteria.explaining import explain, explain_node
from rollouts.rules.criteria.facts import Context, HubFacts, ModelFacts, ReleaseFacts
from rollouts.rules.criteria.fields import CriteriaField, Kind, Subject, fields_of
from rollouts.rules.criteria.matching import failing_conditions, matches, matches_release
from rollouts.rules.criteria.policies import explain_policy, parse_time_policy
from rollouts.rules.criteria.reading import CriteriaProblem, InvalidCriteria, parse, read
from rollouts.rules.criteria.sampling import (
    SamplePlan,
    SampleSpec,
    Stratum,
    allot,
    draw,
    draw_sql,
    parse_sample,
    plan_sample,
)
from rollouts.rules.criteria.scoring import DIMENSIONS, distance_by_dimension, representativeness
from rollouts.rules.criteria.spreading import spread, spread_sql
from rollouts.rules.criteria.timing import (
    ActivationHours,
    Milestone,
    Milestones,
    Night,
    NightPlan,
    TimePolicy,
    activation_time,
    plan_nights,
)
from rollouts.rules.criteria.trees import (
    MAX_CONDITIONS,
    MAX_DEPTH,
    AllOf,
    AnyOf,
    Condition,
    Criteria,
    Not,
    everything,
)
from rollouts.rules.criteria.vocabulary import CodedChoice, Op, Shape

__all__ = [
    "DIMENSIONS",
    "MATCHING_COLUMNS",
    "MAX_CONDITIONS",
    "MAX_DEPTH",
    "NOT_KNOWN",
    "ActivationHours",
    "AllOf",
    "AnyOf",
    "Cell",
    "ChangeKind",
    "CodedChoice",
    "Condition",
    "Context",
    "Criteria",
    "CriteriaChange",
    "CriteriaField",
    "CriteriaProblem",
    "HubFacts",
    "InvalidCriteria",
    "Kind",
    "Milestone",
    "Milestones",
    "ModelFacts",
    "Night",
    "NightPlan",
    "Not",
    "Op",
    "ReleaseFacts",
    "SamplePlan",
    "SampleSpec",
    "Shape",
    "Sql",
    "Stratum",
    "Subject",
    "TimePolicy",
    "activation_time",
    "allot",
    "breakdown",
    "categories",
    "cell_of",
    "compile_hub",
    "count_cells",
    "differences",
    "distance_by_dimension",
    "draw",
    "draw_sql",
    "everything",
    "explain",
    "explain_node",
    "explain_policy",
    "failing_conditions",
    "fields_of",
    "matches",
    "matches_release",
    "parse",
    "parse_sample",
    "parse_time_policy",
    "plan_nights",
    "plan_sample",
    "read",
    "representativeness",
    "spread",
    "spread_sql",
]
