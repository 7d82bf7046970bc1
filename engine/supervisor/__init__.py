"""The supervisor process: owns feeds, candles, schedule, workers, signals and the door for operators."""
