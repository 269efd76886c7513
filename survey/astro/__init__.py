"""The mathematics: float64 in, float64 out; no units, dates, files, network or log."""
