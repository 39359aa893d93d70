"""Who supplies the hubs: twelve fictitious Suppliers with their codes and their shares of the estate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DCC_USER_ID: Final = "90-B3-D5-1F-30-00-00-02"


@dataclass(frozen=True)
class Supplier:
    """A SEC Party that supplies energy. It has one identity however many market codes it holds."""

    name: str
    share: float
    mpids: tuple[str, ...]
    gas_codes: tuple[str, ...]
    user_ids: tuple[str, ...]


def _supplier(
    number: int, name: str, share: float, mpids: str, gas_codes: str, *, users: int = 1
) -> Supplier:
    user_ids = tuple(f"90-B3-D5-1F-30-{15 + number:02X}-{user:02X}-00" for user in range(users))
    return Supplier(name, share, tuple(mpids.split()), tuple(gas_codes.split()), user_ids)


# fmt: off
SUPPLIERS: Final = (
    # Two electricity codes and one gas code: same Party, different code.
    _supplier(1, "Ambergate Energy", 0.24, "AMBE AMBP", "AMG", users=2),
    _supplier(2, "Brackenmoor Power", 0.20, "BRKM", "BRG", users=2),
    _supplier(3, "Coldwater Energy", 0.17, "CDWA CDWB CDWC", "CDG CDH"),
    _supplier(4, "Dovedale Gas and Electric", 0.13, "DVDL", "DVG DVH"),
    _supplier(5, "Elmsworth Energy", 0.11, "ELMW", "ELG"),
    _supplier(6, "Foxglove Power", 0.08, "FOXG FOXP", "FXG FXH"),
    _supplier(7, "Greyfriars Energy", 0.018, "GREY", "GRG"),
    _supplier(8, "Hollowell Power", 0.014, "HOLL", "HOG"),
    _supplier(9, "Inglenook Gas", 0.010, "", "ING"),
    _supplier(10, "Juniper Hill Electric", 0.012, "JUNI", ""),
    _supplier(11, "Kingsmere Energy", 0.009, "KING", "KIG"),
    _supplier(12, "Larkrise Power", 0.007, "LARK", "LAG"),
)
# fmt: on

SPLIT_SHARE: Final = 0.13
DUAL_SHARE: Final = 0.62
ELECTRICITY_ONLY_SHARE: Final = 0.20
GAS_ONLY_SHARE: Final = 0.03
UNREGISTERED_SHARE: Final = 0.02


@dataclass(frozen=True)
class Registration:
    """Who is registered at a hub, by market code, and the share of hubs where it is so."""

    mpid: str
    gas_code: str
    share: float


def registrations() -> tuple[Registration, ...]:
    """Return every pair of codes a hub can have, with shares that add up to one."""
    electric = [(p, mpid, p.share / len(p.mpids)) for p in SUPPLIERS for mpid in p.mpids]
    gas = [(p, code, p.share / len(p.gas_codes)) for p in SUPPLIERS for code in p.gas_codes]
    dual = [
        Registration(mpid, code, weight / len(party.gas_codes))
        for party, mpid, weight in electric
        for code in party.gas_codes
    ]
    split = [
        Registration(mpid, code, weight * gas_weight)
        for party, mpid, weight in electric
        for gas_party, code, gas_weight in gas
        if gas_party is not party
    ]
    return (
        Registration("", "", UNREGISTERED_SHARE),
        *_scaled(dual, DUAL_SHARE),
        *_scaled(split, SPLIT_SHARE),
        *_scaled([Registration(mpid, "", weight) for _, mpid, weight in electric], ELECTRICITY_ONLY_SHARE),
        *_scaled([Registration("", code, weight) for _, code, weight in gas], GAS_ONLY_SHARE),
    )


def _scaled(pairs: list[Registration], share: float) -> list[Registration]:
    total = sum(pair.share for pair in pairs)
    return [Registration(pair.mpid, pair.gas_code, pair.share / total * share) for pair in pairs]
