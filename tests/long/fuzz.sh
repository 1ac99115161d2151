#!/usr/bin/env bash
# fuzz - every libFuzzer program under ASan and UBSan for FUZZ_SECONDS (600), without a finding.
#
# A corpus to begin with may stand in tests/fuzz/corpus/NAME/ for tests/fuzz/fuzz_NAME.c; what is
# found stays in build/fuzz/found/.
set -u
cd "$(dirname "$0")/../.." || exit 3
. scripts/lib.sh
mkdir -p build/log build/fuzz/found
build fuzz 2>build/log/fuzz.log || { tail -n 20 build/log/fuzz.log; exit 1; }
failures=0
for source in tests/fuzz/fuzz_*.c; do
    name=$(basename "$source" .c)
    new=build/fuzz/corpus/$name
    mkdir -p "$new"
    corpora=("$new")
    [ -d "tests/fuzz/corpus/${name#fuzz_}" ] && corpora+=("tests/fuzz/corpus/${name#fuzz_}")
    if build/fuzz/"$name" -max_total_time="${FUZZ_SECONDS:-600}" -timeout=10 -rss_limit_mb=1024 \
        -max_len=65536 -print_final_stats=1 -artifact_prefix=build/fuzz/found/ "${corpora[@]}" \
        >"build/fuzz/$name.log" 2>&1 </dev/null; then
        echo "ok - $name: $(grep -o 'number_of_executed_units: *[0-9]*' "build/fuzz/$name.log")"
    else
        grep -E 'ERROR|SUMMARY|runtime error' "build/fuzz/$name.log" | head -n 5
        echo "not ok - $name"
        failures=$((failures + 1))
    fi
done
exit $((failures > 0))
