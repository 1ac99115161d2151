#!/usr/bin/env bash
# swarm - random clusters under random strikes keep their invariants; a few seeds here, three
# hundred of each store in tests/long.
cd "$(dirname "$0")/../.." && exec scripts/swarm --check --runs 40
