"""What every layer may know: types, errors, exit codes, settings, time."""
