#!/usr/bin/env bash
# report_page - report.html in a real browser without network, the other reports in their tools.
set -u
. "$(dirname "$0")/lib.sh"

scenario "p(99) < 1ms" "faults:
  - {name: outage, action: kill, select: {component: server}, at: 8s, duration: 3s}
description: '<script>alert(1)</script> <img src=http://example.com/x> \`touch pwned\`'"
exits 1 "a run that fails an objective" "$orrery" run queue.yaml --no-progress -o run
for name in report.html report.md junit.xml summary.json results.h5 plots/03-latency-1.svg \
    plots/03-latency-1.gp plots/03-latency-1.dat; do
    [ -s "run/$name" ]
    judge $? "writes $name"
done

grep -q 'id="exemplars"' run/report.html &&
    grep -qE '<summary>clients #[0-9]+: .*, (ok|unavailable|timeout)' run/report.html &&
    grep -q '<td style="padding-left:0.8rem;white-space:nowrap">server/0 serve' run/report.html
judge $? "the page has slow requests with their visits"
grep -q 'alt="Faults in force' run/report.html
judge $? "and the timeline of the fault"

# ---- the same from the archive alone -----------------------------------------------------------
mkdir alone && cp run/results.h5 alone/
exits 0 "report renders again from results.h5 alone" "$orrery" report alone
for name in report.html report.md junit.xml summary.json; do
    cmp -s "run/$name" "alone/$name"
    judge $? "the same $name"
done
head -c 20000 run/results.h5 >cut.h5
exits 2 "a cut archive is refused" "$orrery" report cut.h5
has err "cut off" "with its reason"

# ---- other people's tools ----------------------------------------------------------------------
if command -v h5dump >/dev/null; then
    h5dump -d /slo/table run/results.h5 2>/dev/null | grep -q FAIL
    judge $? "h5dump reads the objectives"
fi
if /usr/bin/python3 -c 'import h5py' 2>/dev/null; then
    # The recipe of reports/README.md, as it stands there.
    sed -n '/^```python$/,/^```$/p' "$root/reports/README.md" | grep -v '^```' >recipe.py
    (cd run && /usr/bin/python3 ../recipe.py >../recipe.out 2>../err)
    grep -q "^server " recipe.out && grep -q "^latency FAIL" recipe.out
    judge $? "h5py reads scales, units and tables"
fi
if command -v xmllint >/dev/null; then
    xmllint --noout run/junit.xml run/plots/*.svg 2>err
    judge $? "junit.xml and pictures are well-formed"
fi
if command -v gnuplot >/dev/null; then
    mkdir again && cp run/plots/*.gp run/plots/*.dat again/
    (cd again && gnuplot -d 03-latency-1.gp 2>../err &&
        cmp -s 03-latency-1.svg ../run/plots/03-latency-1.svg)
    judge $? "a plot is drawn again by gnuplot alone, byte for byte"
fi
mkdir bin && for tool in bash env; do ln -s "$(command -v $tool)" bin/; done
(PATH=$place/bin "$orrery" run queue.yaml --no-progress -o bare >out 2>err)
judge $(($? != 1)) "without gnuplot the verdict is the same"
[ "$(grep -c "gnuplot was not found" err)" -eq 1 ]
judge $? "and one warning says that it is missing"
grep -q "<table>" bare/report.html && ! grep -q "<img" bare/report.html
judge $? "and the page has tables instead"

# ---- the browser -------------------------------------------------------------------------------
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
page=file://$place/run/report.html
open_page --log-net-log="$place/net.json" --window-size=1280,1600 --screenshot="$place/wide.png" \
    "$page" >/dev/null
open_page --window-size=390,1600 --screenshot="$place/narrow.png" "$page" >/dev/null
[ -s wide.png ] && [ -s narrow.png ]
judge $? "is painted at 1280 and at 390 pixels"
! grep -q "CONSOLE" browser.log
judge $? "says nothing on the console"
# What the browser asks of its makers by itself is not the page's.
! grep -oE '"url":"(https?|wss?)://[^"]*"' net.json |
    grep -vE 'google(apis)?\.com|gstatic\.com' | grep -q .
judge $? "asks nobody for anything"
open_page --dump-dom "$page#component-server" >dom.html
grep -q '<details class="component" open="">' dom.html
judge $? "a link to a component opens its specification"
size=$(stat -c %s run/report.html)
[ "$size" -lt 1048576 ]
judge $? "is smaller than a mebibyte ($size bytes)"
! grep -qE '<(script|link rel="stylesheet")|(src|href)="(https?:)?//' run/report.html
judge $? "carries no script and no foreign address"
finish
