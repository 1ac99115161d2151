#!/usr/bin/env bash
# sweep_page - the page of a parameter study: what it says, its pictures, a real browser.
set -u
. "$(dirname "$0")/lib.sh"
cat >knobs.yaml <<'YAML'
orrery: v1
name: '<script>alert(1)</script>'
params: {load: 500/s, n: 1, most: 1000000}
simulation: {duration: 2s, warmup: 200ms, replications: 4, max_events: $most}
components:
  server: {kind: station, service: const(1ms), replicas: $n, queue: {capacity: 50}}
workloads:
  clients: {target: server, rate: $load}
slos:
  - {name: latency, target: clients, objectives: ["p(99) < 20ms", "carried >= 99%"]}
sweep:
  vary: {load: 300/s..2400/s step 300/s, n: [1, 2]}
YAML
options=(--no-progress --exit-zero -q)

page_has() { # page_has DIR TEXT WHAT
    grep -qF -- "$2" "$1/report.html"
    judge $? "$3"
}

try "$orrery" sweep knobs.yaml "${options[@]}" -o grid
page_has grid '<p class="verdict">FAIL</p>' "the page begins with the verdict"
holds=$(awk -F, '$3 == 1 && $5 != "PASS" {exit} $3 == 1 {load = $2} END {print load}' \
    grid/sweep.csv)
page_has grid "<li>n=1: holds up to load=$holds.</li>" "says what load a curve carries ($holds)"
page_has grid 'orrery run knobs.yaml --set load=1200/s --set n=1</code>' \
    "tells the command of a point that fails"
page_has grid '<tr id="point-15">' "has a row a point"
[ "$(grep -c '<span class="badge knee">' grid/report.html)" -eq \
    "$(grep -c '"knee": {' grid/sweep.json)" ]
judge $? "and marks as many knees as sweep.json has"
! grep -q '<script' grid/report.html
judge $? "a hostile name stays text"
try "$orrery" sweep knobs.yaml "${options[@]}" -o other -j3 --schedule reverse
cmp -s grid/report.html other/report.html
judge $? "the page has the same bytes in whatever order it is simulated"
try "$orrery" sweep knobs.yaml "${options[@]}" --param most=100,1000000 -o broken
page_has broken 'id="broken"' "broken points have a table"
page_has broken '<p class="verdict">BROKEN</p>' "and stand above all verdicts"
mkdir bin && for tool in bash env; do ln -s "$(command -v $tool)" bin/; done
(PATH=$place/bin "$orrery" sweep knobs.yaml "${options[@]}" -o bare >out 2>err)
grep -q 'class="notice">gnuplot was not found' bare/report.html && ! grep -q '<img' bare/report.html
judge $? "without gnuplot the page says so and has its tables"

# ---- the same from the archive alone -----------------------------------------------------------
mkdir alone && cp grid/results.h5 alone/
exits 0 "report renders a sweep again from results.h5 alone" "$orrery" report alone
for name in sweep.json sweep.csv sweep.txt report.md report.html plots/10-p99-1.dat; do
    cmp -s "grid/$name" "alone/$name"
    judge $? "the same $name"
done
mkdir half && cp broken/results.h5 half/
exits 0 "and one with broken points" "$orrery" report half
cmp -s broken/sweep.json half/sweep.json
judge $? "with their reasons"
head -c 9000 grid/results.h5 >cut.h5
exits 2 "a cut archive is refused" "$orrery" report cut.h5
has err "cut off" "with its reason"
exits 0 "show prints its table again" "$orrery" show grid
cmp -s out grid/sweep.txt
judge $? "the same"
try "$orrery" show grid/results.h5 --as csv
cmp -s out grid/sweep.csv
judge $? "and as CSV"
try "$orrery" show grid --as json
cmp -s out grid/sweep.json
judge $? "and as JSON"
exits 2 "a sweep has no figure by name" "$orrery" show grid server
exits 2 "a sweep is not taken for a run" "$orrery" compare grid grid
has err "holds the points of a sweep" "and the message says what it is"
if /usr/bin/python3 -c 'import h5py' 2>/dev/null; then
    /usr/bin/python3 - >numbers 2>err <<'PYTHON'
import h5py
with h5py.File("grid/results.h5", "r") as file:
    p99 = file["/campaign/workloads/p99"]
    load = file["/campaign/params/number"][:, 0]
    names = p99.dims[1][0].asstr()[:]
    words = {n: w for w, n in h5py.check_enum_dtype(file["/campaign/slos/verdict"].dtype).items()}
    verdicts = [words[v] for v in file["/campaign/slos/verdict"][:, 1]]
    print(names[0], p99.attrs["units"], len(load), load.max(), verdicts.count("FAIL"))
PYTHON
    failing=$(awk -F, 'NR > 1 && $5 == "FAIL"' grid/sweep.csv | wc -l)
    grep -q "^clients s 16 2400.0 [1-$failing]" numbers
    judge $? "h5py reads scales, units, numbers and verdicts ($(cat numbers))"
fi

# ---- pictures ----------------------------------------------------------------------------------
if command -v gnuplot >/dev/null; then
    for alt in "p99 latency over throughput of clients" "Throughput over offered requests" \
        "verdicts over load and n" "p99 over load and n"; do
        page_has grid "alt=\"$alt" "shows $alt"
    done
    try "$orrery" sweep knobs.yaml "${options[@]}" --param 'load=300/s..2400/s' --param n=1..4 \
        --design sobol:16 -o sample
    [ "$(grep -c 'alt="p99 of each point over ' sample/report.html)" -eq 2 ]
    judge $? "a sample is drawn over each parameter"
    [ ! -e sample/plots/10-throughput-latency-1.gp ]
    judge $? "and has no curves"
    try "$orrery" sweep knobs.yaml "${options[@]}" --param 'load=300/s..900/s step 300/s' \
        --param n=1,2 --param most=1000000,2000000 -o three
    [ "$(grep -c 'alt="verdicts over load and n at most=' three/report.html)" -eq 2 ]
    judge $? "a third parameter makes a map for each of its values"
    try "$orrery" sweep knobs.yaml "${options[@]}" --param n=1,2 -o single
    page_has single 'alt="p99 of each point over n' "a single parameter has its picture, too"
fi

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -z "$browser" ]; then
    echo "# no Chromium: the page was not opened"
    finish
fi
open_page() { # open_page ARGUMENTS...
    timeout 60 "$browser" --headless --no-sandbox --disable-gpu --no-first-run \
        --disable-background-networking --disable-component-update --disable-sync \
        --disable-default-apps --hide-scrollbars --user-data-dir="$place/browser" \
        --proxy-server=127.0.0.1:9 --enable-logging=stderr "$@" 2>>browser.log
}
open_page --log-net-log="$place/net.json" --window-size=1280,1600 --screenshot="$place/wide.png" \
    "file://$place/grid/report.html" >/dev/null
[ -s wide.png ] && ! grep -q "CONSOLE" browser.log
judge $? "is painted, and says nothing on the console"
! grep -oE '"url":"(https?|wss?)://[^"]*"' net.json |
    grep -vE 'google(apis)?\.com|gstatic\.com' | grep -q .
judge $? "asks nobody for anything"
finish
