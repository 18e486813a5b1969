#!/bin/bash
# Run inside the machine as root: shim.sh with the containerd 2 of a later Debian (tests/vm/build).
export CONTAINERD=/opt/containerd-2/usr/bin
source "$(dirname "$0")/shim.sh"
