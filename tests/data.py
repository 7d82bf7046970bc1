"""Where recorded candles and captured messages lie; tests that need them fail with this path when they are missing."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"
SPOT_1H = SHARED / "spot-1h.parquet"
SPOT_5M = SHARED / "spot-5m.parquet"
CAPTURES = SHARED / "captures"
