"""What the engine tells of itself: logs, metrics, health."""
