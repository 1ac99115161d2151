#!/usr/bin/env bash
# mutations - damaged scenarios give diagnostics: no crash, no hang, no more than 1 GiB.
#
# Three hundred seeded mutations of three scenarios: bytes flipped, lines dropped, doubled and
# swapped, values exchanged. `check` exits 0 or 2; some of those that pass are run for a second.
set -u
. "$(dirname "$0")/lib.sh"
count=${MUTATIONS:-300}
cp "$root/scenarios/examples/webshop.yaml" "$here/features.yaml" .
cp -r "$root/scenarios/constellation.yaml" "$root/scenarios/constellation" .

cat >mutate.py <<'PY'
import random, re, sys

WORDS = ["0", "-1", "1e999", "nan", "null", "~", "[]", "{}", "[[[[", "&a *a", "*x", "<<: *x", "'",
         '"', "9" * 30, "500m", "1h", "100%", "-5%", "0s", "const(0ns)", "exp(mean=0s)",
         "zipf(n=0, s=1)", "mix(1*exp(mean=1ms))", "x" * 5000, "\t", "\x00", "$peak", "$nothing",
         "true", "web", "api", "include: [webshop.yaml]", "uniform(min=5s, max=1s)",
         "pareto(min=1ms, alpha=0.1)", "1T", "k"]

def damage(chance, data):
    kind = chance.randrange(14)
    if kind >= 8 and re.search(rb"\d", data): # another number of the same unit
        spot = chance.choice(list(re.finditer(rb"\d+", data)))
        number = chance.choice([b"0", b"1", b"3", b"17", b"100", b"5000", b"1000000"])
        return data[:spot.start()] + number + data[spot.end():]
    if kind == 0:
        at = chance.randrange(len(data))
        return data[:at] + bytes([chance.randrange(256)]) + data[at + 1:]
    if kind == 1:
        at = chance.randrange(len(data))
        return data[:at] + data[at + chance.randrange(1, 40):]
    if kind == 2:
        return data[:chance.randrange(len(data))]
    kind = kind % 5 + 3
    lines = data.split(b"\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    if kind == 3:
        del lines[one]
    elif kind == 4:
        lines.insert(other, lines[one])
    elif kind == 5:
        lines[one], lines[other] = lines[other], lines[one]
    elif kind == 6:
        lines[one] = b"  " * chance.randrange(4) + lines[one].lstrip()
    else:
        values = list(re.finditer(rb"(?<=[:,\[] )[^,\[\]{}#\n]+", data))
        if not values:
            return data
        spot, word = chance.choice(values), chance.choice(WORDS + ["", ""])
        new = word.encode() if word else chance.choice(values).group()
        return data[:spot.start()] + new + data[spot.end():]
    return b"\n".join(lines)

for number in range(int(sys.argv[1])):
    source = sys.argv[2 + number % (len(sys.argv) - 2)]
    chance = random.Random(number)
    data = open(source, "rb").read()
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        data = damage(chance, data) or b"\n"
    open(f"mutant-{number}.yaml", "wb").write(data)
PY

ulimit -c 0
bad=0
limited() { # limited SECONDS COMMAND...: of processor time; of time, twenty times as many
    local seconds=$1
    shift
    (ulimit -v 1048576 -t "$seconds"; exec timeout -k 1 $((20 * seconds)) "$@") >out 2>err \
        </dev/null
    code=$?
}

complain() { # complain WHAT FILE
    bad=$((bad + 1))
    echo "# $1: exit code $code for ${KEEP:+$KEEP/}$2"
    tail -n 3 err | cut -c -200 | sed 's/^/# /'
    [ -z "${KEEP-}" ] || cp "$2" "$KEEP/"
}

sources=(webshop.yaml features.yaml constellation/core.yaml constellation/workloads.yaml
    constellation/faults.yaml constellation/datastores.yaml)
/usr/bin/python3 mutate.py "$count" "${sources[@]}"
judge $? "there are $count mutants"
passed=() refused=0
for ((i = 0; i < count; i++)); do
    source=${sources[i % ${#sources[@]}]}
    name=mutant-$i.yaml
    if [[ $source == constellation/* ]]; then # the part is damaged, the whole is read
        part=${source#constellation/}
        sed "s|constellation/$part|$name|" constellation.yaml >whole-$i.yaml
        name=whole-$i.yaml
    fi
    limited 10 "$orrery" check "$name"
    case $code in
    0) passed+=("$name") ;;
    2)
        refused=$((refused + 1))
        [ -s err ] || complain "check said nothing" "$name"
        ;;
    *) complain check "$name" ;;
    esac
done
judge $((bad > 0)) "check ends well for $count damaged scenarios ($refused refused)"
[ $refused -gt $((count / 4)) ] && [ ${#passed[@]} -gt 10 ]
judge $? "some are refused and some are not"

bad=0 runs=0
for name in "${passed[@]}"; do
    [[ $name == mutant-* ]] && [ $runs -lt 20 ] || continue
    runs=$((runs + 1))
    limited 10 "$orrery" run "$name" --duration 1s --warmup 0s --rep 1 --faults all --out json -j1 \
        --exit-zero -o run-dir
    case $code in
    0 | 2 | 3) ;;
    *) complain run "$name" ;;
    esac
done
judge $((bad > 0)) "$runs of those that pass run well"
finish
