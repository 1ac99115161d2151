# lib - what the shell tests of the program share: a place of their own, verdicts, small scenarios.
# shellcheck shell=bash
# Expects nothing; sets $orrery, $place (removed at the end), $here; the directory is $place.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
orrery=$(readlink -f "${ORRERY:-$root/build/orrery}")
export LC_ALL=C.UTF-8
place=$(mktemp -d) || exit 3
trap 'chmod -R u+w "$place"; rm -rf "$place"' EXIT
cd "$place" || exit 3
failures=0
[ -x "$orrery" ] || { echo "not ok - there is a program at ${ORRERY:-build/orrery}"; exit 1; }

judge() { # judge CODE WHAT
    if [ "$1" -eq 0 ]; then
        echo "ok - $2"
    else
        echo "not ok - $2"
        failures=$((failures + 1))
        [ -s err ] && tail -n 5 err | sed 's/^/# /'
    fi
}

# Runs a command with stdout in `out`, stderr in `err`; its exit code in $code.
try() {
    "$@" >out 2>err </dev/null
    code=$?
}

exits() { # exits CODE WHAT COMMAND...
    local expected=$1 what=$2
    shift 2
    try "$@"
    [ "$code" -eq "$expected" ] || echo "# exit code $code instead of $expected" >>err
    [ "$code" -eq "$expected" ]
    judge $? "$what"
}

has() { # has FILE TEXT WHAT
    grep -qF -- "$2" "$1"
    judge $? "$3"
}

# scenario [SLO-OBJECTIVE [MORE-YAML]]: a queue, half busy, as queue.yaml.
scenario() {
    cat >queue.yaml <<YAML
orrery: v1
name: queue
simulation: {duration: ${duration:-20s}, warmup: 1s, replications: ${replications:-4}}
components:
  server: {kind: station, service: exp(mean=1ms)}
workloads:
  clients: {target: server, rate: 500/s}
slos:
  - {name: latency, target: clients, objectives: ["${1:-p(99) < 100ms}"]}
${2-}
YAML
}

# Waits until $worker, a process beside this shell, has written a file with more bytes, or a
# directory where none are named; or until it has ended. However slow the machine, what happens next
# happens while the worker is at work, if its work is long enough.
reaches() { # reaches PATH [BYTES]
    until [ "$(stat -c %s "$1" 2>/dev/null || echo -1)" -gt "${2:--1}" ] ||
        ! kill -0 "$worker" 2>/dev/null; do
        sleep 0.005
    done
}

# Microseconds of processor time that a command takes.
cost() { # cost COMMAND...
    local TIMEFORMAT='%U %S'
    { time "$@" >out 2>err </dev/null; } 2>&1 | awk '{printf "%d\n", ($1 + $2) * 1e6}'
}

# Runs a command that ends after so many microseconds of processor time, as by SIGKILL: nothing
# catches SIGPROF. A busy machine makes that later, but nothing happens in between.
spend() { # spend MICROSECONDS COMMAND...; 155: so it ended
    { python3 -c 'import os, signal, sys
signal.setitimer(signal.ITIMER_PROF, int(sys.argv[1]) / 1e6)
os.execvp(sys.argv[2], sys.argv[2:])' "$@" >out 2>err </dev/null; } 2>/dev/null
}

no_litter() { # no_litter DIR WHAT: no temporary file is left
    ! find "$1" -name '*.tmp' 2>/dev/null | grep -q .
    judge $? "$2"
}

finish() {
    exit $((failures > 0))
}
