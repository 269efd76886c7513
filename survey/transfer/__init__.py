"""The survey proper: Quantity and Time at the door, `survey.astro` behind it."""

from survey.transfer.absences import left_out
from survey.transfer.ephemerides import Ephemerides, default_cache, valid_span
from survey.transfer.grid import DeltaVMap, Grid
from survey.transfer.parking import ParkingOrbit
from survey.transfer.porkchop import delta_v_map
from survey.transfer.ranking import FREE_M_S, as_ranked, assess_ranking, rank
from survey.transfer.search import make_ephemerides, search_transfers
from survey.transfer.spacecraft import Spacecraft
from survey.transfer.states import asteroid_state
from survey.transfer.three_body_model import SearchWindow

__all__ = [
    "FREE_M_S",
    "DeltaVMap",
    "Ephemerides",
    "Grid",
    "ParkingOrbit",
    "SearchWindow",
    "Spacecraft",
    "as_ranked",
    "assess_ranking",
    "asteroid_state",
    "default_cache",
    "delta_v_map",
    "left_out",
    "make_ephemerides",
    "rank",
    "search_transfers",
    "valid_span",
]
