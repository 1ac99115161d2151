#!/usr/bin/env bash
# emit - the scripts for Slurm, GNU parallel and Kubernetes simulate the same bytes in shards.
# shellcheck disable=SC2034,SC2154 # variables of lib.sh
set -u
. "$(dirname "$0")/lib.sh"
duration=2s
replications=24
scenario
mkdir "a b"
mv queue.yaml "a b/it's.yaml"
study=(run "a b/it's.yaml" --set-path workloads.clients.rate=400/s --seed 5)
try "$orrery" "${study[@]}" --out json --no-progress -q -o reference

emit() { # emit KIND ARGUMENT...: into the file KIND
    local kind=$1
    shift
    try "$orrery" "${study[@]}" --emit "$kind" "$@"
    cp out "$kind"
}

same() { # same DIR WHAT
    [ "$code" -eq 0 ] && cmp -s reference/results.h5 "$1/results.h5" &&
        cmp -s reference/summary.json "$1/summary.json"
    judge $? "$2"
}

shards() { # shards NUMBER WHAT ARGUMENT...
    local expected=$1 what=$2
    shift 2
    emit slurm -o x "$@"
    grep -qx "shards=$expected" slurm
    judge $? "$what"
}

exits 2 "an unknown executor is refused" "$orrery" "${study[@]}" --emit pbs
has err "slurm, parallel or k8s" "and the known ones are named"
exits 2 "a shard emits nothing" "$orrery" "${study[@]}" --emit slurm --shard 1/2
shards 2 "ten replications a shard"
shards 24 "or as many as are asked for" --batch 1
shards 1 "at least one shard" --batch 1000
shards 1000 "at most as many as an array of jobs may have" --rep 100000
shards 1000 "also of the smallest batches" --rep 5000 --batch 1
[ ! -e x ]
judge $? "and nothing is simulated"

if command -v shellcheck >/dev/null; then
    emit slurm -o "to be" --batch 5 --out json
    exits 0 "the script for Slurm is clean" shellcheck slurm
    emit parallel -o "to be" --rep 5..50
    exits 0 "the script for GNU parallel is clean" shellcheck parallel
fi

# ---- Slurm, as far as a stand-in goes: tests/long/slurm.sh has the real one ----------------------

mkdir bin
cat >bin/sbatch <<'SBATCH'
#!/usr/bin/env bash
# Runs what is submitted at once, task after task, and notes how it was submitted.
set -eu
printf '%s\n' "$*" >>submitted
first=1 last=1
while [[ $1 == -* ]]; do
    if [[ $1 == --array=* ]]; then
        IFS=-% read -r first last _ <<<"${1#--array=}"
    fi
    shift
done
for ((task = first; task <= last; task++)); do
    SLURM_ARRAY_TASK_ID=$task bash "$@" >&2
done
echo 17
SBATCH
chmod +x bin/sbatch
emit slurm -o "by slurm" --batch 5 --out json
try env PATH="$PWD/bin:$PATH" AT_ONCE=3 bash slurm
same "by slurm" "the same bytes by the script for Slurm"
has submitted "--array=1-4%3 --requeue" "as an array of four, three at once, queued again"
has submitted "--signal=B:USR1@60" "told a minute before its end"
has submitted "--dependency=afterok:17" "and the last job waits for all"
[ "$(find "by slurm/journal" -name 'shard-*-of-4.journal' | wc -l)" -eq 4 ]
judge $? "every shard has its journal"

# ---- the end of a job's time --------------------------------------------------------------------

cat >bin/scontrol <<'SCONTROL'
#!/usr/bin/env bash
echo "$*" >requeued
SCONTROL
chmod +x bin/scontrol
try "$orrery" "${study[@]}" --duration 200s --rep 4000 --emit slurm -o late --batch 4000
cp out late.slurm
PATH="$PWD/bin:$PATH" SLURM_ARRAY_TASK_ID=1 SLURM_JOB_ID=23 bash late.slurm shard >out 2>err &
worker=$!
reaches late/journal/shard-1-of-1.journal 5000
kill -USR1 $worker
wait $worker
code=$?
[ $code -eq 0 ] && [ "$(cat requeued)" = "requeue 23" ] && grep -q "the same command goes on" err
judge $? "a shard whose time ends keeps what is done and is queued again"

# ---- GNU parallel -------------------------------------------------------------------------------

if command -v parallel >/dev/null && parallel --version 2>/dev/null | grep -q GNU; then
    emit parallel -o "by parallel" --batch 5 --out json
    try bash parallel
    same "by parallel" "the same bytes by the script for GNU parallel"
    [ "$(wc -l <"by parallel/shards.log")" -eq 5 ]
    judge $? "whose log has a line a shard"

    # One shard dies in the middle of its work; started again, the script goes on with it alone.
    cat >bin/dies <<'DIES'
#!/usr/bin/env bash
printf '%s\n' "$*" >>begun
[[ "$*" == *"--shard 2/"* && ! -e died ]] || exec "$REAL" "$@"
touch died
"$REAL" "$@" &
until [ "$(stat -c %s again/journal/shard-2-of-4.journal 2>/dev/null || echo 0)" -gt 80 ]; do
    kill -0 $! 2>/dev/null || break
done
kill -KILL $!
wait $!
exit 137
DIES
    chmod +x bin/dies
    emit parallel -o again --batch 5 --out json
    try env ORRERY="$PWD/bin/dies" REAL="$orrery" bash parallel
    [ "$code" -ne 0 ] && [ ! -e again/results.h5 ] && [ "$(grep -c shard begun)" -eq 4 ]
    judge $? "a shard that dies ends the script without a result"
    try env ORRERY="$PWD/bin/dies" REAL="$orrery" bash parallel
    same again "which goes on when it is started again"
    [ "$(grep -c shard begun)" -eq 5 ]
    judge $? "with the shard that died, and no other"
fi

# ---- Kubernetes: the commands of its pods --------------------------------------------------------

emit k8s -o "by k8s" --batch 5 --out json
cat >pods.py <<'PODS'
"""Judges the manifest as the API would, as far as an Indexed Job goes, and takes its commands."""
import re, yaml
jobs = list(yaml.safe_load_all(open("k8s")))
assert len(jobs) == 2, jobs
for job in jobs:
    assert job["apiVersion"] == "batch/v1" and job["kind"] == "Job", job
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", job["metadata"]["name"]), job
    spec = job["spec"]
    pod = spec["template"]["spec"]
    assert set(spec) <= {"template", "backoffLimit", "completionMode", "completions",
                         "parallelism", "suspend"}, spec
    assert isinstance(spec["backoffLimit"], int) and spec["backoffLimit"] >= 0
    assert set(pod) == {"restartPolicy", "volumes", "containers"}, pod
    assert pod["restartPolicy"] in ("OnFailure", "Never"), pod
    (container,) = pod["containers"]
    assert container["command"][:2] == ["sh", "-c"] and len(container["command"]) == 3
    assert container["resources"]["requests"]["cpu"] >= 1 and container["image"]
    mounts = {mount["name"] for mount in container["volumeMounts"]}
    assert mounts == {volume["name"] for volume in pod["volumes"]}
shards, last = (job["spec"] for job in jobs)
assert shards["completionMode"] == "Indexed" and "suspend" not in shards
assert 1 <= shards["parallelism"] <= shards["completions"] <= 1000
assert last["suspend"] is True and "completionMode" not in last
assert jobs[1]["metadata"]["name"] == jobs[0]["metadata"]["name"] + "-merge"
print(shards["completions"])
for spec, name in ((shards, "shard.sh"), (last, "last.sh")):
    open(name, "w").write(spec["template"]["spec"]["containers"][0]["command"][2])
PODS
exits 0 "the file for Kubernetes is two jobs" python3 pods.py
completions=$(cat out)
[ "$completions" = 4 ]
judge $? "of four shards"
ln -s "$orrery" bin/orrery
for ((index = 0; index < 4; index++)); do
    try env PATH="$PWD/bin:$PATH" JOB_COMPLETION_INDEX=$index sh shard.sh
done
try env PATH="$PWD/bin:$PATH" sh last.sh
same "by k8s" "the same bytes by the commands of its pods"

# ---- a sweep ------------------------------------------------------------------------------------

sed "s|^name: queue|&\\nparams: {load: 500/s}|; s|rate: 500/s|rate: \$load|" \
    "a b/it's.yaml" >points.yaml
study=(sweep points.yaml --param "load=200/s..900/s step 50/s" --rep 2)
try "$orrery" "${study[@]}" --no-progress -q -o all-points

swept() { # swept DIR WHAT
    [ "$code" -le 4 ] &&
        diff -rq -x manifest.json -x journal -x log -x shards.log all-points "$1" >err
    judge $? "$2"
}

for kind in slurm parallel k8s; do
    emit $kind -o "x" --batch 4
    grep -q "30 units of work in 7 shards" $kind
    judge $? "units of all points are bundled for $kind"
done
emit slurm -o "swept by slurm" --batch 4
try env PATH="$PWD/bin:$PATH" bash slurm
swept "swept by slurm" "a sweep has the same bytes by the script for Slurm"
emit k8s -o "swept by k8s" --batch 4
exits 0 "its file for Kubernetes is sound" python3 pods.py
for ((index = 0; index < 7; index++)); do
    try env PATH="$PWD/bin:$PATH" JOB_COMPLETION_INDEX=$index sh shard.sh
done
try env PATH="$PWD/bin:$PATH" sh last.sh
swept "swept by k8s" "and simulates the same bytes"
if command -v parallel >/dev/null && parallel --version 2>/dev/null | grep -q GNU; then
    rm -f died begun
    sed -i 's/again\/journal\/shard-2-of-4/again-swept\/journal\/shard-2-of-7/' bin/dies
    emit parallel -o again-swept --batch 4
    try env ORRERY="$PWD/bin/dies" REAL="$orrery" bash parallel
    [ "$code" -ne 0 ] && [ ! -e again-swept/sweep.json ] && [ "$(grep -c shard begun)" -eq 7 ]
    judge $? "a shard of a sweep that dies ends the script without an answer"
    try env ORRERY="$PWD/bin/dies" REAL="$orrery" bash parallel
    swept again-swept "which goes on when it is started again"
    [ "$(grep -c shard begun)" -eq 8 ]
    judge $? "with that shard alone"
fi

study=(sweep points.yaml --param "load=200/s..900/s step 50/s" --rep 2..20)
try "$orrery" "${study[@]}" --no-progress -q -o grown-points
rm -rf all-points
mv grown-points all-points
emit slurm -o "grown by slurm" --batch 4
grep -q '"$orrery" merge "$directory"' slurm
judge $? "with a rule of stopping, shards of whole points need nobody who goes on"
try env PATH="$PWD/bin:$PATH" bash slurm
swept "grown by slurm" "and give the same bytes"

# ---- a rule of stopping: the last process goes on ------------------------------------------------

sed 's/replications: 24/replications: {min: 6, max: 60, stop_at: 1%}/' "a b/it's.yaml" >grows.yaml
study=(run grows.yaml)
try "$orrery" run grows.yaml --out json --no-progress -q -o reference
[ "$(jq .replications reference/summary.json)" -gt 6 ]
judge $? "more replications than the first six are needed"
emit slurm -o grown --batch 2 --out json
try env PATH="$PWD/bin:$PATH" bash slurm
same grown "the last job simulates what the rule of stopping asks for"
finish
