#!/usr/bin/env bash
# compare - the recipe for continuous integration on a good and on a bad change, and what cannot be
# compared.
set -u
. "$(dirname "$0")/lib.sh"
cp -r "$root/scenarios/examples/ci" .
compare=("$orrery" compare --no-progress)
design=ci/checkout.yaml

# ---- the recipe ---------------------------------------------------------------------------------
exits 0 "an unchanged design passes" \
    "${compare[@]}" ci/baseline $design --fail-on regression -o same
[ "$(jq -r '[.metrics[].verdict] | unique | join(",")' same/compare.json)" = "=" ]
judge $? "and is equal in every row"
exits 1 "a step 3 % slower at 70 % utilisation fails" \
    "${compare[@]}" ci/baseline $design --set "work=exp(mean=2884us)" -o slower
jq -e '.metrics[] | select(.metric == "shoppers.p99") | .verdict == "REGRESSION"' \
    slower/compare.json >jq.out
judge $? "at the p99 of its workload"
jq -e '.margin == 0.01 and .variance_reduction >= 10 and .new.replications <= 20' \
    slower/compare.json >jq.out
judge $? "at a margin of 1 %, in 20 replications, pairing worth ten times as many"
xmllint --noout slower/junit.xml && grep -q '<failure message="shoppers.p99: +' slower/junit.xml
judge $? "as JUnit says"
grep -q "^## FAIL: checkout" slower/compare.md &&
    grep -q 'REGRESSION (margin 1 %)' slower/compare.md
judge $? "and as Markdown says"
has slower/compare.txt 'components.checkout.operations.buy.0.cpu' "the step that changed is named"
exits 0 "a step 3 % faster passes" \
    "${compare[@]}" ci/baseline $design --set 'work=exp(mean=2716us)' -o faster
jq -e '[.metrics[].verdict] | index("better") != null' faster/compare.json >jq.out
judge $? "and is better"
exits 0 "a margin of 20 % lets a slower step pass" \
    "${compare[@]}" ci/baseline $design --set 'work=exp(mean=2884us)' --margin 20%
exits 0 "--fail-on nothing" \
    "${compare[@]}" ci/baseline $design --set 'work=exp(mean=2884us)' --fail-on nothing

# ---- results ------------------------------------------------------------------------------------
scenario
exits 0 "a run" "$orrery" run queue.yaml -o one --no-progress
exits 0 "is equal to itself" "${compare[@]}" one one
has out "identical in all replications" "bit for bit"
"$orrery" run queue.yaml -o two --rep 6 --no-progress >out 2>err
exits 0 "replications pair over those that both have" "${compare[@]}" one two
has out "2 that only one side has" "and it says so"
"$orrery" run queue.yaml -o other --seed 7 --no-progress >out 2>err
exits 2 "other random numbers" "${compare[@]}" one other
has err "the seeds differ" "are refused"
exits 0 "unless forced" "${compare[@]}" one other --force --fail-on nothing
"$orrery" run queue.yaml -o longer --duration 40s --no-progress >out 2>err
exits 2 "another duration" "${compare[@]}" one longer
has err "durations or warm-ups differ" "is refused"

# ---- a base in git ------------------------------------------------------------------------------
if command -v git >/dev/null; then
    export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null TMPDIR=$place/temporary
    mkdir -p temporary repository/team repository/shared
    cd repository || exit 3
    printf 'x-service: &work {service: exp(mean=1ms)}\n' >shared/parts.yaml
    printf '0.5\n1\n' >shared/day.csv
    cat >team/design.yaml <<'YAML'
orrery: v1
name: design
include: [../shared/parts.yaml]
simulation: {duration: 5s, warmup: 1s, replications: 6}
components:
  server: {kind: station, <<: *work}
workloads:
  clients: {target: server, rate: {profile: ../shared/day.csv, period: 1d, scale: 600/s}}
slos:
  - {name: latency, target: clients, objectives: ["p(99) < 100ms"]}
YAML
    git init -q . && git -c user.name=a -c user.email=a@b add . &&
        git -c user.name=a -c user.email=a@b commit -qm one
    sed -i 's/1ms/1300us/' shared/parts.yaml
    sed -i 's/^0.5/0.6/' shared/day.csv
    git status --porcelain -uno >../before
    cd team || exit 3
    exits 1 "a design is compared with what it was, its included parts too" \
        "${compare[@]}" git:HEAD:design.yaml design.yaml --force
    has out "git:HEAD:design.yaml" "under the name that was given"
    has out "components.server.service" "and the scenario diff says what changed"
    exits 0 "a revision is equal to itself" \
        "${compare[@]}" git:HEAD:design.yaml git:HEAD~0:design.yaml
    has out "identical in all replications" "bit for bit"
    cd .. || exit 3
    exits 0 "from any folder" "${compare[@]}" git:HEAD:team/design.yaml git:HEAD:team/design.yaml
    git status --porcelain -uno | cmp -s - ../before
    judge $? "the repository stays as it was"
    [ -z "$(ls ../temporary)" ]
    judge $? "and no temporary directory is left"
    "$orrery" run team/design.yaml -o result --no-progress >out 2>err
    mkdir baseline && cp result/summary.json result/scenario.yaml baseline/
    git add baseline && git -c user.name=a -c user.email=a@b commit -qm two
    rm -r baseline
    exits 0 "a committed baseline is a base, too" "${compare[@]}" git:HEAD:baseline result
    sed -i 's/rate:/rat:/' team/design.yaml
    git add team && git -c user.name=a -c user.email=a@b commit -qm three
    git checkout -q HEAD~1 -- team/design.yaml
    exits 2 "a mistake of the older file" "${compare[@]}" git:HEAD:team/design.yaml \
        team/design.yaml
    has err " --> git:HEAD:team/design.yaml:8:" "has its place as git names it"
    refuse() { # refuse CODE NAME TEXT
        exits "$1" "$2 is refused" "${compare[@]}" "$2" team/design.yaml
        has err "$3" "because: $3"
    }
    refuse 2 git:HEAD:nowhere.yaml "the revision has no such file"
    refuse 2 git:nobody:team/design.yaml "git knows no such revision"
    refuse 2 git:--all:team/design.yaml "git knows no such revision"
    refuse 2 git:design.yaml "is no git:REVISION:FILE"
    refuse 2 git:HEAD:/etc/passwd "is no git:REVISION:FILE"
    mkdir ../bare && cd ../bare || exit 3
    GIT_CEILING_DIRECTORIES=$place refuse 2 git:HEAD:design.yaml "no working tree of git"
    mkdir bin && for tool in bash env; do ln -s "$(command -v $tool)" bin/; done
    try env PATH="$place/bare/bin" "$orrery" compare git:HEAD:a.yaml b.yaml
    [ "$code" -eq 3 ] && grep -q "git was not found" err
    judge $? "without git it says so"
    [ -z "$(ls ../temporary)" ]
    judge $? "and leaves nothing behind"
    cd "$place" || exit 3
fi

# ---- wrong input --------------------------------------------------------------------------------
exits 2 "one side" "${compare[@]}" one
exits 3 "a directory without result" "${compare[@]}" one nowhere
echo '{"schema": "orrery.summary/1"}' >empty.json
exits 2 "a summary without metrics" "${compare[@]}" empty.json one
has err "not whole" "is refused"
echo '{"schema": ' >torn.json
exits 2 "a torn summary" "${compare[@]}" torn.json one
exits 2 "an unknown metric" "${compare[@]}" one one --metric 'x.*'
exits 2 "a wrong margin" "${compare[@]}" one one --margin wide
[ "$failures" -eq 0 ]
