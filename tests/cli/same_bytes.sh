#!/usr/bin/env bash
# same_bytes - the answer depends on no thread, place, language, time zone, environment or hour.
set -u
. "$(dirname "$0")/lib.sh"
cp "$here/features.yaml" .
options=(--no-progress --exit-zero -q)

same() { # same WHAT: the run in `other` is that in `reference`
    local file result=0
    for file in summary.json results.h5 report.md junit.xml log.jsonl metrics.om \
        scenario.resolved.yaml $(cd reference && ls plots/*.svg 2>/dev/null); do
        [ -e "reference/$file" ] || continue
        cmp -s "reference/$file" "other/$file" || { echo "# $file differs" >>err; result=1; }
    done
    judge $result "the same bytes $1"
    rm -rf other
}

exits 0 "the scenario runs" "$orrery" run features.yaml "${options[@]}" -o reference -j1
try "$orrery" run features.yaml "${options[@]}" -o other -j2
same "with two threads"
try "$orrery" run features.yaml "${options[@]}" -o other -j7
same "with seven threads"
mkdir -p far/away
try bash -c 'cd far/away && exec "$@"' - "$orrery" run ../../features.yaml "${options[@]}" \
    -o ../../other
same "from another directory"
mkdir -p "a b's"
cp features.yaml "a b's"
try "$orrery" run "$PWD/a b's/features.yaml" "${options[@]}" -o other
same "of a scenario in another directory"
try env LC_ALL=de_DE.UTF-8 LANG=tr_TR.UTF-8 TZ=Asia/Tokyo COLUMNS=40 NO_COLOR=1 \
    "$orrery" run features.yaml "${options[@]}" -o other
same "with another locale and time zone"
try env -i PATH="$PATH" "$orrery" run features.yaml "${options[@]}" -o other
same "without an environment"
try env GLIBC_TUNABLES=glibc.cpu.hwcaps=-FMA,-AVX2 MALLOC_PERTURB_=165 \
    "$orrery" run features.yaml "${options[@]}" -o other
same "without FMA and AVX2, in memory that isn't zero"
sleep 1
try "$orrery" run features.yaml "${options[@]}" -o other
same "at another time"
mkdir reported
cp reference/results.h5 reported/
exits 0 "report from results.h5 alone" "$orrery" report reported
for file in report.md junit.xml; do
    cmp -s "reported/$file" "reference/$file"
    judge $? "gives the same $file"
done

try "$orrery" run features.yaml "${options[@]}" -o seed --seed 7
! cmp -s seed/results.h5 reference/results.h5
judge $? "another seed gives another answer"
finish
