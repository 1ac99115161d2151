#!/usr/bin/env bash
# swarm - the same as tests/campaign/swarm.sh with three hundred seeds of each store.
cd "$(dirname "$0")/../.." && exec scripts/swarm --check --runs 300
