"""The engine: trains its lanes for one tick and scores them."""
