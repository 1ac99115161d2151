#!/usr/bin/env bash
# durability - what was acknowledged survives where the system promises it, and some of it is lost
# where it does not; a few instants here, all of them in tests/long.
cd "$(dirname "$0")/../.." && exec scripts/durability --check --runs 60
