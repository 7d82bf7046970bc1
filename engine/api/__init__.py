"""The door for operators and platforms: health, metrics, state and control over HTTP."""
