#!/usr/bin/env bash
# coverage - 95 % intervals cover the truth in 92 to 98 % of 400 seeds, mean and p99 of an M/M/1.
#
# The sojourn is exponential with mean 1 / (mu - lambda) = 5 ms, so p99 is 5 ms ln 100. The seeds
# are 1 to 400 (or to COVERAGE_SEEDS); the number of replications is fixed.
set -u
cd "$(dirname "$0")/../.." || exit 3
program=${ORRERY:-build/orrery}
seeds=${COVERAGE_SEEDS:-400}
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT

for ((seed = 1; seed <= seeds; seed++)); do
    "$program" run tests/long/coverage.yaml --json --rerun --no-progress -q --seed "$seed" \
        -o "$work/run" >>"$work/summaries" 2>"$work/err" ||
        { cat "$work/err"; echo "not ok - seed $seed"; exit 1; }
done

covered() { # covered FIGURE TRUTH
    jq -n --argjson truth "$2" "[inputs.workloads.clients.latency.$1.ci
        | select(.[0] <= \$truth and \$truth <= .[1])] | length" "$work/summaries"
}

judge() { # judge FIGURE TRUTH
    local inside
    inside=$(covered "$1" "$2")
    if ((inside * 100 >= seeds * 92 && inside * 100 <= seeds * 98)); then
        echo "ok - the interval of the $1 covers the truth for $inside of $seeds seeds"
    else
        echo "not ok - the interval of the $1 covers the truth for $inside of $seeds seeds"
        return 1
    fi
}

failures=0
judge mean 0.005 || failures=$((failures + 1))
judge p99 0.023025850929940457 || failures=$((failures + 1))
exit $((failures > 0))
