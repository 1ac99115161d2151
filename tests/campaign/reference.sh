#!/usr/bin/env bash
# reference - every published figure that a model reproduces is within its band.
cd "$(dirname "$0")/../.." && exec scripts/reference --check
