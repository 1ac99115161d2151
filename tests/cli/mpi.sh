#!/usr/bin/env bash
# mpi - any number of MPI processes gives the same bytes, also killed and started again.
# shellcheck disable=SC2034,SC2154 # variables of lib.sh
set -u
. "$(dirname "$0")/lib.sh"
program=$(dirname "$orrery")/orrery-mpi
[ -x "$program" ] || { echo "there is no orrery-mpi: it is built where MPI is"; exit 77; }
command -v mpirun >/dev/null || { echo "there is no mpirun"; exit 77; }
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1

mpi() { # mpi PROCESSES ARGUMENT...
    local processes=$1
    shift
    try timeout 100 mpirun --oversubscribe -np "$processes" "$program" "$@" --out json -q
}

same() { # same DIR REFERENCE WHAT
    [ "$code" -eq "$(cat "$2/code")" ] && cmp -s "$2/results.h5" "$1/results.h5" &&
        cmp -s "$2/summary.json" "$1/summary.json" && [ ! -e "$1/journal" ]
    judge $? "$3"
}

reference() { # reference DIR ARGUMENT...
    local directory=$1
    shift
    try "$orrery" "$@" --no-progress --out json -q -o "$directory"
    echo "$code" >"$directory/code"
}

duration=5s
replications=40
scenario
reference plain run queue.yaml
for processes in 1 2 3 5; do
    mpi $processes run queue.yaml -o "np$processes"
    same "np$processes" plain "the same bytes with $processes processes"
done
mpi 2 run queue.yaml -o plain
grep -q "up to date" err
judge $? "both programs are of one build: a finished run is shown again"

# A rule of stopping, a warm-up that is found, a paired run without faults, a verdict FAIL.
stop='replications: {min: 6, max: 40, stop_at: 8%}'
sed "s/replications: [0-9]*/$stop/; s/warmup: [0-9a-z]*/warmup: auto/" \
    "$here/features.yaml" >grows.yaml
reference grows run grows.yaml --faults all
[ "$(jq .replications grows/summary.json)" -gt 6 ]
judge $? "a run that goes on after its first replications"
mpi 3 run grows.yaml --faults all -o grown
same grown grows "is the same by three processes"
cmp -s grows/without-faults/results.h5 grown/without-faults/results.h5
judge $? "and so is its pair without faults"
reference single run "$here/features.yaml" --rep 1
mpi 2 run "$here/features.yaml" --rep 1 -o one
same one single "a single replication in parts of its time"

# ---- interrupted --------------------------------------------------------------------------------

duration=3000s
scenario
reference long run queue.yaml

started() { # started DIR: three processes beside this one, until one of them has kept something
    timeout 100 mpirun --oversubscribe -np 3 \
        "$program" run queue.yaml --out json -q -o "$1" >out 2>err </dev/null &
    job=$!
    until kept "$1" || ! kill -0 $job 2>/dev/null; do
        sleep 0.01
    done
}

kept() { # kept DIR: the journals of its processes hold something
    [ "$(cat "$1"/journal/rank-*.journal 2>/dev/null | wc -c)" -gt 10000 ]
}
started killed
rank=$(pgrep -P "$(pgrep -P $job)" | tail -n 1)
kill -KILL "$rank"
wait $job
code=$?
[ $code -ne 0 ] && [ ! -e killed/results.h5 ] && kept killed
judge $? "a process that is killed ends the job, not what was done"
mpi 2 run queue.yaml -o killed
same killed long "another job goes on, with another number of processes"
started told
kill -TERM $job
wait $job
[ ! -e told/results.h5 ] && kept told
judge $? "a job that is told to end keeps what was done"
try "$orrery" run queue.yaml --no-progress --out json -q -o told
same told long "and orrery run goes on with it"

# ---- refusals -----------------------------------------------------------------------------------

sed 's/rate:/rat:/' queue.yaml >wrong.yaml
mpi 3 run wrong.yaml -o wrong
[ "$code" -eq 2 ] && [ "$(grep -c '^wrong.yaml: ' err)" -eq 1 ] && [ ! -e wrong ]
judge $? "a wrong scenario is said once, and nothing is simulated"
mpi 3 run queue.yaml --shard 1/2 -o wrong
[ "$code" -eq 2 ] && [ "$(grep -c '^orrery-mpi: ' err)" -eq 1 ]
judge $? "a part of a run is none for a job"
mkdir -p foreign/journal
printf 'no journal' >foreign/journal/all.journal
mpi 3 run queue.yaml -o foreign --resume
[ "$code" -eq 3 ] && grep -q "is no journal" err
judge $? "a foreign journal is refused by a job that goes on"
finish
