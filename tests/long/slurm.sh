#!/usr/bin/env bash
# slurm - a sweep of 1,000 points by the script for Slurm, through a real cluster of three virtual
# nodes on this host: the same bytes as without one.
#
# Needs root and Debian's slurm-wlm, which it installs if it may; skipped otherwise.
set -u
. "$(dirname "$0")/../cli/lib.sh"
# shellcheck disable=SC2154 # of lib.sh
cd "$root" && . scripts/lib.sh
[ "$(id -u)" -eq 0 ] || { echo "the daemons of Slurm need root"; exit 77; }
if ! command -v slurmctld >/dev/null || ! command -v slurmd >/dev/null; then
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
        --no-install-recommends slurm-wlm; } </dev/null >/dev/null 2>&1 ||
        { echo "slurm-wlm cannot be installed"; exit 77; }
fi
# shellcheck disable=SC2154 # of lib.sh
cd "$place" || exit 3
exec 2>"$place/errors"

# ---- the cluster --------------------------------------------------------------------------------

export SLURM_CONF=$place/slurm.conf
port=$((20000 + $$ % 10000))
cat >slurm.conf <<CONF
ClusterName=orrery
SlurmctldHost=$(hostname)(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
SelectType=select/cons_tres
SlurmdParameters=config_overrides
ReturnToService=2
MpiDefault=none
SlurmctldPort=$port
StateSaveLocation=$place/state
SlurmdSpoolDir=$place/spool-%n
SlurmctldPidFile=$place/slurmctld.pid
SlurmdPidFile=$place/slurmd-%n.pid
SlurmctldLogFile=$place/slurmctld.log
SlurmdLogFile=$place/slurmd-%n.log
SchedulerParameters=sched_interval=2,batch_sched_delay=1
NodeName=n1 NodeHostname=$(hostname) NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=2
NodeName=n2 NodeHostname=$(hostname) NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=2
NodeName=n3 NodeHostname=$(hostname) NodeAddr=127.0.0.1 Port=$((port + 3)) CPUs=2
PartitionName=all Nodes=n1,n2,n3 Default=YES MaxTime=INFINITE State=UP
CONF
mkdir state spool-n1 spool-n2 spool-n3
daemons=()
slurmctld -D -i >/dev/null &
daemons+=($!)
for node in n1 n2 n3; do
    slurmd -D -N $node >/dev/null &
    daemons+=($!)
done
# shellcheck disable=SC2064 # now
trap "kill ${daemons[*]}; wait; rm -rf '$place'" EXIT

for _ in {1..60}; do
    idle=$(sinfo -h -N -t idle -o %N | sort -u | wc -l)
    [ "$idle" -eq 3 ] && break
    sleep 0.5
done
if [ "$idle" -ne 3 ]; then
    tail -n 5 slurmctld.log
    echo "the virtual cluster does not come up here"
    exit 77
fi
echo "ok - three nodes are there"

# An array job over the limit of this cluster is refused: what the script must keep below.
printf '#!/bin/sh\n' >nothing
sbatch --array=0-1500 -o /dev/null nothing >out 2>err
[ $? -ne 0 ] && grep -q "Invalid job array" err
judge $? "an array of 1,501 jobs is refused by the cluster"

# ---- the sweep ----------------------------------------------------------------------------------

cat >mm1.yaml <<'YAML'
orrery: v1
name: mm1
params: {rate: 100/s, servers: 1}
simulation: {duration: 5s, warmup: 1s, replications: 1}
components:
  server: {kind: station, servers: $servers, service: exp(mean=1ms)}
workloads:
  clients: {target: server, rate: $rate}
slos:
  - {name: latency, target: clients, objectives: ["p(99) < 1s"]}
YAML
study=(sweep mm1.yaml --param 'rate=102/s..600/s step 2/s' --param servers=1,2,3,4)
"$orrery" "${study[@]}" --list >list 2>err
points=$(sed -n 's/^\([0-9]*\) points.*/\1/p' list)
[ "$points" = 1000 ]
judge $? "the sweep has 1,000 points"
began=$SECONDS
"$orrery" "${study[@]}" --no-progress -q -o alone >out 2>err
[ $? -le 1 ]
judge $? "it runs alone in $((SECONDS - began)) s"

sweep() { # sweep NAME SHARDS ARGUMENT...: through the cluster, to the end of its last job
    local name=$1 shards=$2 last state began=$SECONDS
    shift 2
    "$orrery" "${study[@]}" --emit slurm -o "$name" "$@" >"$name.slurm" 2>err
    grep -qx "shards=$shards" "$name.slurm"
    judge $? "$name: $shards shards"
    AT_ONCE=6 TIME_LIMIT=00:30:00 bash "$name.slurm" >out 2>err
    judge $? "$name: the cluster takes the jobs"
    last=$(sed -n 's/.*result: job \([0-9]*\).*/\1/p' out)
    for _ in {1..2400}; do
        state=$(scontrol show job "$last" -o | sed -n 's/.* JobState=\([A-Z]*\).*/\1/p')
        case $state in COMPLETED | FAILED | CANCELLED | '') break ;; esac
        sleep 0.5
    done
    [ "$state" = COMPLETED ]
    judge $? "$name: the last job is $state after $((SECONDS - began)) s"
    tail -n 3 "$name/log/merge.log" >err
}

same() { # same NAME
    local file different=0 compared=0
    while read -r file; do
        cmp -s "$file" "$1/${file#alone/}" || { different=1; echo "# $file differs" >>err; }
        compared=$((compared + 1))
    done < <(find alone -type f ! -name manifest.json)
    [ $different -eq 0 ] && [ $compared -ge 1000 ]
    judge $? "$1: the same bytes in $compared files"
}

sweep bundled 100
same bundled
used=$(grep -c 'Launching batch job' slurmd-n1.log slurmd-n2.log slurmd-n3.log | grep -vc ':0$')
[ "$used" -eq 3 ]
judge $? "jobs ran on $used of 3 nodes"

# ---- as many shards as there may be -------------------------------------------------------------

"$orrery" "${study[@]}" --rep 5 --emit slurm --batch 1 -o most >most.slurm 2>err
SBATCH_OPTIONS=--hold bash most.slurm >out 2>err && grep -qx "shards=1000" most.slurm
judge $? "5,000 units in the smallest shards: the cluster takes the array of 1,000"
scancel --user=root 2>/dev/null
finish
