"""The survey proper: Quantity and Time at the door, `survey.astro` behind it."""

from survey.transfer.grid import DeltaVMap, Grid
from survey.transfer.parking import ParkingOrbit
from survey.transfer.porkchop import delta_v_map
from survey.transfer.ranking import FREE_M_S, rank
from survey.transfer.search import search_transfers
from survey.transfer.spacecraft import Spacecraft
from survey.transfer.targets import asteroid_state

__all__ = [
    "FREE_M_S",
    "DeltaVMap",
    "Grid",
    "ParkingOrbit",
    "Spacecraft",
    "asteroid_state",
    "delta_v_map",
    "rank",
    "search_transfers",
]
