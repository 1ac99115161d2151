#!/usr/bin/env bash
# durability - the same as tests/campaign/durability.sh with the fault at two thousand instants.
cd "$(dirname "$0")/../.." && exec scripts/durability --check --runs 2000
