#!/bin/bash
# The messages of a start, without the probe of the bus: see bus.py.
exec python3 -B "$(dirname "$0")/bus.py" 0 "$RUNTIME" runc crun
