#!/usr/bin/env bash
# files - what a run leaves on the disk, and that it leaves it whole or not at all.
set -u
. "$(dirname "$0")/lib.sh"
scenario "p(99) < 100ms"
quick=(--no-progress --duration 3s --rep 2)

# ---- the default directory ----------------------------------------------------------------------
exits 0 "a run in an empty directory" "$orrery" run queue.yaml "${quick[@]}"
directory=$(echo runs/queue-*)
[[ $directory =~ ^runs/queue-[0-9a-f]{8}$ ]]
judge $? "results go to runs/NAME-DIGEST"
[ "$(readlink runs/latest)" = "${directory#runs/}" ]
judge $? "runs/latest points at them"
for file in results.h5 summary.json report.html report.md junit.xml scenario.yaml \
    scenario.resolved.yaml manifest.json; do
    [ -s "$directory/$file" ]
    judge $? "there is $file"
done
cmp -s queue.yaml "$directory/scenario.yaml"
judge $? "scenario.yaml is the scenario as given"
jq -e '.argv and .elapsed_s and .executable and .exit_status == 0' \
    "$directory/manifest.json" >jq.out
judge $? "manifest.json has what is not reproducible"
/usr/bin/h5dump -H "$directory/results.h5" >h5.out 2>&1
judge $? "h5dump reads results.h5"
exits 0 "check reads scenario.resolved.yaml" "$orrery" check "$directory/scenario.resolved.yaml"
no_litter . "no temporary file is left"

# ---- reuse --------------------------------------------------------------------------------------
cp out shown
stamp() { stat -c %y "$directory/$1"; }
before=$(stamp results.h5)
exits 0 "the same run again" "$orrery" run queue.yaml "${quick[@]}"
has err "up to date" "is up to date"
[ "$(stamp results.h5)" = "$before" ]
judge $? "and is not simulated"
cp "$directory/summary.json" summary.old
cp "$directory/results.h5" results.old
exits 0 "--rerun" "$orrery" run queue.yaml "${quick[@]}" --rerun
[ "$(stamp results.h5)" != "$before" ]
judge $? "simulates again"
cmp -s "$directory/summary.json" summary.old && cmp -s "$directory/results.h5" results.old
judge $? "with the same bytes"
rm "$directory/summary.json" "$directory/report.md"
exits 0 "a file is lost" "$orrery" run queue.yaml "${quick[@]}"
cmp -s "$directory/summary.json" summary.old && [ -s "$directory/report.md" ]
judge $? "and is written again"
head -c 5000 results.old >"$directory/results.h5"
exits 0 "results.h5 is cut off" "$orrery" run queue.yaml "${quick[@]}"
cmp -s "$directory/results.h5" results.old
judge $? "and is made anew"
for option in "--seed 7" "--set-path workloads.clients.rate=400/s" "--faults none"; do
    # shellcheck disable=SC2086 # options are words
    exits 0 "$option is another run" "$orrery" run queue.yaml "${quick[@]}" $option
    ! grep -q "up to date" err
    judge $? "and is simulated"
done
printf '0.5\n1.0\n1.5\n' >law.csv
sed 's/exp(mean=1ms)/empirical(law.csv)/' queue.yaml >empirical.yaml
printf 'time\n1ms\n' >law.csv
"$orrery" check empirical.yaml >out 2>err || printf '1ms\n1ms\n2ms\n' >law.csv
try "$orrery" run empirical.yaml "${quick[@]}" -o empirical
printf '3ms\n3ms\n2ms\n' >law.csv
try "$orrery" run empirical.yaml "${quick[@]}" -o empirical
! grep -q "up to date" err
judge $? "a changed file of measurements is another run"

# ---- the machine fails --------------------------------------------------------------------------
touch file
exits 3 "the directory is a file" "$orrery" run queue.yaml "${quick[@]}" -o file
has err "file" "and is named"
[ "$(wc -l <err)" -le 2 ] && [ ! -s file ]
judge $? "it is said once, the file stays as it was"
exits 3 "the directory's parent is a file" "$orrery" run queue.yaml "${quick[@]}" -o file/below

whole() { # whole DIR: what is there is complete
    no_litter "$1" "no temporary file is left"
    [ ! -e "$1/summary.json" ] || jq -e . "$1/summary.json" >jq.out
    judge $? "summary.json is complete or absent"
    [ ! -e "$1/results.h5" ] || h5dump -H "$1/results.h5" >h5.out 2>&1
    judge $? "results.h5 is complete or absent"
    [ ! -e "$1/manifest.json" ]
    judge $? "nobody takes it for a finished run"
}

exits 3 "files may not grow beyond 16 KiB" \
    bash -c 'ulimit -f 16; exec "$@"' - "$orrery" run queue.yaml "${quick[@]}" -o small
[ "$(grep -c '^orrery:' err)" = 1 ]
judge $? "it is said once"
whole small

mkdir full
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=64k tmpfs full 2>/dev/null; then
    exits 3 "the disk is full" "$orrery" run queue.yaml "${quick[@]}" -o full/run
    [ "$(grep -c '^orrery:' err)" = 1 ]
    judge $? "it is said once"
    whole full/run
    umount full
fi

as_nobody=()
if [ "$(id -u)" -eq 0 ]; then
    as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    chmod 755 .
    cp "$orrery" program
    orrery=$place/program
fi
mkdir -m 555 locked
exits 3 "the directory may not be written" "${as_nobody[@]}" "$orrery" run "$place/queue.yaml" \
    "${quick[@]}" -o locked/run
has err "locked" "and is named"
exits 3 "an existing directory may not be written" "${as_nobody[@]}" "$orrery" run \
    "$place/queue.yaml" "${quick[@]}" -o locked
chmod 000 queue.yaml
exits 2 "the scenario may not be read" "${as_nobody[@]}" "$orrery" run "$place/queue.yaml"
chmod 644 queue.yaml

# ---- tools that are not there -------------------------------------------------------------------
mkdir empty
exits 0 "without gnuplot and dot" env PATH="$place/empty" "$orrery" run queue.yaml "${quick[@]}" \
    -o plain
[ "$(grep -ci gnuplot err)" = 1 ]
judge $? "gnuplot's absence is one warning"
[ -s plain/report.html ] && grep -q '<table' plain/report.html
judge $? "the report has its tables"
[ ! -d plain/plots ] || [ -z "$(ls plain/plots/*.svg 2>/dev/null)" ]
judge $? "and no plots"
printf '#!/bin/sh\nexit 1\n' >empty/gnuplot
chmod +x empty/gnuplot
exits 0 "with a gnuplot that fails" env PATH="$place/empty:$PATH" "$orrery" run queue.yaml \
    "${quick[@]}" -o broken
[ "$(grep -ci gnuplot err)" = 1 ]
judge $? "is one warning too"
no_litter . "no temporary file is left"
finish
