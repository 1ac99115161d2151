#!/usr/bin/env bash
# journal - a run in parts, killed, resumed, merged or damaged gives the same bytes or a refusal.
set -u
. "$(dirname "$0")/lib.sh"
RANDOM=${SEED:-4711}
duration=2s
replications=24
scenario
options=(--out json --no-progress --exit-zero -q)
files=(results.h5 summary.json)

run() { # run ARGUMENT...: queue.yaml with the options of all
    try "$orrery" run queue.yaml "${options[@]}" "$@"
}

merge() { # merge ARGUMENT...
    try "$orrery" merge --out json -q "$@"
}

equal() { # equal DIR: it is the reference, byte for byte
    local file
    for file in "${files[@]}"; do
        cmp -s "reference/$file" "$1/$file" || { echo "# $1/$file differs" >>err; return 1; }
    done
}

same() { # same DIR WHAT
    [ "$code" -eq 0 ] && equal "$1"
    judge $? "$2"
    rm -rf "$1"
}

refused() { # refused CODE TEXT WHAT: the last command ended so and said so
    [ "$code" -eq "$1" ] || echo "# exit code $code instead of $1" >>err
    [ "$code" -eq "$1" ] && grep -qF -- "$2" err
    judge $? "$3"
}

flip() { # flip FILE OFFSET: another byte there
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    # shellcheck disable=SC2059 # the format is the byte
    printf "\\x$(printf %02x $((byte ^ 1)))" |
        dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

random() { # random MOST: 0 .. MOST - 1
    echo $(((RANDOM * 32768 + RANDOM) % $1))
}

# ---- threads, schedule, shards ------------------------------------------------------------------

run -o reference -j1
[ "$code" -eq 0 ] && [ ! -e reference/journal ]
judge $? "a whole run leaves no journal behind"
run -o two -j2
same two "the same bytes with two threads"
run -o reverse -j2 --schedule reverse
same reverse "with the last replication first"

shards() { # shards COUNT DIR ORDER...
    local count=$1 directory=$2 one
    shift 2
    for one in "$@"; do
        run --shard "$one/$count" -o "$directory"
        [ "$code" -eq 0 ] || return
    done
}
shards 1 one 1
merge one
same one "as one shard"
shards 3 three 2 3 1
merge three
same three "as three shards in another order"
shards 7 seven 7 3 1 6 2 5 4
merge seven
same seven "as seven shards"
for one in 1 2 3; do
    shards 3 "part$one" "$one"
done
cp -r part1 kept1
merge part3 part1 part2 -o joined
same joined "merged from three directories"
merge part2 part3 part1 part3 -o joined
same joined "with a shard given twice, in another order"
merge part1 part3 -o joined
refused 3 "--units 1,4,7,10,13,16,19,22 " "a missing shard is refused and its units are named"
[ ! -e joined/results.h5 ]
judge $? "and no result is written"
for one in 1 2 3; do # at once, in one directory
    "$orrery" run queue.yaml "${options[@]}" --shard "$one/3" -o crowd 2>"crowd$one" &
done
wait
merge crowd
same crowd "as three shards at once in one directory"
run --units 3,7-9,20-23 -o units
run --units 0-2,4-6,10-19 -o units --journal more
merge units
same units "in units by their numbers"
run --rep 400 --units 0-398,399 -o many
has err "400 replications simulated" "however many they are"
rm -rf many
run --units 0-9 -o grown
run -o grown
same grown "of a whole run that takes over what a part has done"

# ---- deaths -------------------------------------------------------------------------------------

run --shard 1/1 -o whole
journal=whole/journal/shard-1-of-1.journal
bytes=$(stat -c %s "$journal")
wrong=0
for _ in {1..25}; do # what a death in a write leaves: every byte up to some point
    cut=$(random "$bytes")
    mkdir -p torn/journal
    head -c "$cut" "$journal" >torn/journal/all.journal
    run -o torn -j2
    { [ "$code" -eq 0 ] && equal torn; } || { wrong=1; echo "# cut at $cut: $code" >>err; }
    rm -rf torn
done
judge $wrong "cut off at 25 random bytes of $bytes and resumed"

wrong=0
inside=0
sed 's/duration: 2s/duration: 16s/' queue.yaml >longer.yaml
whole_us=$(cost "$orrery" run longer.yaml "${options[@]}" -o reference-longer -j2)
for _ in {1..25}; do
    spend "$((1000 + $(random "$whole_us")))" \
        "$orrery" run longer.yaml "${options[@]}" -o killed -j2
    [ $? -eq 155 ] && [ ! -e killed/manifest.json ] && [ -s killed/journal/all.journal ] &&
        inside=$((inside + 1))
    try "$orrery" run longer.yaml "${options[@]}" -o killed --resume
    { [ "$code" -eq 0 ] && cmp -s killed/results.h5 reference-longer/results.h5 &&
        cmp -s killed/summary.json reference-longer/summary.json; } || wrong=1
    rm -rf killed
done
judge $wrong "killed at 25 random times and resumed"
[ $inside -ge 8 ]
judge $? "of which $inside struck before the end"

sed 's/duration: 2s/duration: 1000s/; s/replications: 24/replications: 6/' queue.yaml >longest.yaml
try "$orrery" run longest.yaml "${options[@]}" -o reference-longest
for pair in TERM:143 INT:130; do
    name=${pair%:*}
    "$orrery" run longest.yaml "${options[@]}" -o "stopped-$name" -j1 >out 2>err </dev/null &
    worker=$!
    reaches "stopped-$name/journal/all.journal" 1000
    kill -s "$name" $worker
    wait $worker
    code=$?
    refused "${pair#*:}" "the same command goes on" "SIG$name keeps what is done"
    try "$orrery" run longest.yaml "${options[@]}" -o "stopped-$name" --shard 1/1
    has err " were there" "what was kept"
    ! grep -qE '[^0-9]0 were there' err
    judge $? "is not simulated again"
    try "$orrery" run longest.yaml "${options[@]}" -o "stopped-$name"
    [ "$code" -eq 0 ] && cmp -s "stopped-$name/results.h5" reference-longest/results.h5
    judge $? "and the same command goes on"
done
run --rep 30 --shard 1/2 -o more
run -o more
same more "a journal of more replications stands in nobody's way"

# ---- a full disk --------------------------------------------------------------------------------

try bash -c 'ulimit -f "$1" && shift && exec "$@"' - $((bytes / 3072)) \
    "$orrery" run queue.yaml "${options[@]}" -o full
refused 3 "cannot write" "a full disk ends the run"
[ -s full/journal/all.journal ] && [ ! -e full/results.h5 ]
judge $? "with a journal and no result"
run -o full
same full "and with room again it goes on"

# A disk that fills in the middle of a run, where one may be mounted.
if [ "$(id -u)" -eq 0 ] && mkdir disk && mount -t tmpfs -o size=4m none disk 2>/dev/null; then
    trap 'umount -l "$place/disk"; rm -rf "$place"' EXIT
    dd if=/dev/zero of=disk/filler bs=1k count=$((4096 - bytes / 2048)) status=none
    run -o disk/run
    refused 3 "No space left on device" "a disk that fills in the middle ends the run"
    [ -s disk/run/journal/all.journal ] && [ ! -e disk/run/results.h5 ]
    judge $? "with a journal and no result"
    run -o disk/run
    refused 3 "No space left on device" "also when it is still full"
    rm disk/filler
    run -o disk/run
    same disk/run "and with room again it goes on"
fi

# ---- journals that are not to be trusted --------------------------------------------------------

other() { # other NAME: a copy of the whole part to be spoilt, its journal in $journal
    rm -rf spoilt
    cp -r whole spoilt
    journal=spoilt/journal/shard-1-of-1.journal
}

other
flip $journal 40
merge spoilt
refused 3 "version of the program" "a journal of another program is refused"
run --shard 1/1 -o spoilt
refused 3 "version of the program" "also by the shard that would go on"
other
flip $journal 3
merge spoilt
refused 3 "is no journal" "a file that is no journal is refused"
other
truncate -s 50 $journal
merge spoilt
refused 3 "24 replications are not there" "a journal without a whole head holds nothing"
run --shard 1/1 -o spoilt
merge spoilt
same spoilt "and its shard begins anew"
other
flip $journal 40
truncate -s 50 $journal
merge spoilt
refused 3 "belongs to another" "another's journal without a whole head is refused"
other
sed 's/500\/s/501\/s/' queue.yaml >changed.yaml
cp queue.yaml original.yaml
cp changed.yaml queue.yaml
merge spoilt
refused 3 "belongs to another scenario" "a journal of a scenario that was changed is refused"
run --shard 1/1 -o spoilt
refused 3 "belongs to another scenario" "also by the shard that would go on"
cp original.yaml queue.yaml
other
at=$((200 + $(random $((bytes - 400)))))
flip $journal $at
merge spoilt
refused 3 "--units " "a journal with a changed byte (at $at) lacks units"
grep -qF "were left out" err
judge $? "and says that bytes were left out"
run --shard 1/1 -o spoilt
merge spoilt
same spoilt "until its shard has gone on"

run --shard 1/1 --seed 7 -o seven
other
head -c 80 $journal >forged # under the head of this run the results of another seed
tail -c +81 seven/journal/shard-1-of-1.journal >>forged
merge whole seven -o joined
refused 3 "parts of different runs" "parts with another seed are refused"
cp forged spoilt/journal/forged.journal
merge spoilt
refused 5 "differs from another copy" "two results of one unit are refused"
other
cp forged $journal
run --shard 1/1 --audit 100% -o spoilt
refused 5 "a second time" "an audit finds a forged result"
other
run --shard 1/1 --audit 100% -o spoilt
[ "$code" -eq 0 ]
judge $? "and agrees with true ones"
run --shard 1/1 --audit 100% -o kept1
merge kept1 part2 part3 -o joined
same joined "whose merge is the same"
finish
