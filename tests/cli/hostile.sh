#!/usr/bin/env bash
# hostile - names, titles and descriptions are text in every output, and no shell ever sees them.
set -u
. "$(dirname "$0")/lib.sh"

cat >hostile.yaml <<'YAML'
orrery: v1
name: "shop <script>alert(1)</script>"
description: |
  `touch canary1` $(touch canary2) ${HOME} <img src=x onerror=alert(2)> ]]> & "quoted" 'single'
  second line | with | pipes, *stars*, _lines_ and # marks; ünïcödé ✓ 日本語
simulation: {duration: 5s, warmup: 1s, replications: 2}
components:
  front:
    kind: service
    title: "`touch canary3`; \"; set output '|touch canary4'; plot x #"
    description: "</td><script>alert(3)</script>\x07\x1b[31m"
    assumed: "because | <b>we</b> `touch canary5` say so ${x} \"&amp;\""
    operations:
      go: [{cpu: 1ms}, {call: {to: back.go, protocol: "<script>x</script>"}}]
  back:
    kind: service
    title: "a\\nb ${} %s %n {/Symbol a} ^2 _x @y ~z"
    operations: {go: [{cpu: 1ms}]}
workloads:
  users:
    target: front.go
    rate: 50/s
    title: "<script>alert(4)</script>"
    assumed: "<i>x</i>`touch canary6`"
slos:
  - name: "fast <script>alert(5)</script> `touch canary7` \"q\" ${s} |"
    target: users
    objectives: ["p(99) < 1s"]
faults:
  - name: "cut <script>6</script> `touch canary8` $(touch canary9) 'q' |"
    action: slow
    select: {component: back}
    factor: 2
    at: 2s
    duration: 1s
YAML

# Names of components, workloads and operations may be refused; then they are, with a diagnostic.
for name in '<script>' '`touch canaryA`' '"; touch canaryB; "' '${x}' $'a\nb' 'a|b' \
    '$(touch canaryC)' 'ünï' '../../up' 'a b' '-rf' '' "it's"; do
    # Double quotes and JSON's escapes are YAML's.
    quoted=$(jq -n --arg name "$name" '$name')
    jq -rn --arg q "$quoted" '"orrery: v1\nname: \($q)
simulation: {duration: 3s, warmup: 1s, replications: 2}
components:\n  \($q): {kind: station, service: 1ms}
workloads:\n  \($q): {target: \($q), rate: 50/s}
slos:\n  - {name: \($q), target: \($q), objectives: [\"p(99) < 1s\"]}"' >name.yaml
    rm -rf named
    try "$orrery" run name.yaml --no-progress --exit-zero -o named
    { [ "$code" -eq 0 ] && [ -s named/report.html ]; } || { [ "$code" -eq 2 ] && [ -s err ]; }
    judge $? "the name $quoted is text or refused"
    if [ "$code" -eq 0 ]; then
        jq -e . named/summary.json >jq.out && /usr/bin/python3 -c \
            'import sys, xml.dom.minidom as d; d.parse("named/junit.xml")' 2>err
        judge $? "its JSON and XML are well-formed"
        try "$orrery" run name.yaml --only-rep 0 --events named.jsonl -q
        jq -es . named.jsonl >jq.out 2>err
        judge $? "its event log is JSON"
        [ "$(grep -c '<script' named/report.html)" -le 2 ]
        judge $? "it is no script"
    fi
done

exits 0 "a hostile scenario runs" "$orrery" run hostile.yaml --no-progress --exit-zero -o out.d
! grep -q $'[\001-\010\013-\037]' out err
judge $? "no control byte reaches the terminal"
! ls -d canary* out.d/canary* "$HOME"/canary* 2>/dev/null | grep .
judge $? "nothing of it was executed"
for file in report.html report.md junit.xml $(cd out.d && ls plots/*.svg 2>/dev/null); do
    [ -s "out.d/$file" ] &&
        ! grep -q '<script>alert\|<script>x\|<img src=x\|<b>we</b>\|<i>x</i>' "out.d/$file"
    judge $? "$file shows it as text"
done
/usr/bin/python3 - >py.out 2>err <<'PY'
import glob, html.parser, xml.dom.minidom
for name in ["out.d/junit.xml"] + glob.glob("out.d/plots/*.svg"):
    xml.dom.minidom.parse(name)
class Reader(html.parser.HTMLParser):
    scripts, handlers, text = 0, [], ""
    def handle_starttag(self, tag, attributes):
        self.scripts += tag == "script"
        self.handlers += [key for key, _ in attributes if key.startswith("on")]
    def handle_data(self, data):
        self.text += data
reader = Reader()
reader.feed(open("out.d/report.html", encoding="utf-8").read())
assert not reader.handlers, reader.handlers
assert reader.scripts <= 2, reader.scripts
assert "<script>alert(5)</script>" in reader.text
assert "ünïcödé ✓ 日本語" in reader.text or "<script>alert(1)" in reader.text
PY
judge $? "XML is well-formed, and the page has no script and no handler of it"
jq -e '.slos[0].name | contains("<script>alert(5)</script>") and contains("`touch canary7`")' \
    out.d/summary.json >jq.out
judge $? "summary.json has the name byte for byte"
exits 0 "report does it again" "$orrery" report out.d
! ls -d canary* out.d/canary* 2>/dev/null | grep .
judge $? "without executing anything"
exits 0 "its resolved scenario is a scenario" "$orrery" check out.d/scenario.resolved.yaml
reproduce=$(sed -n 's/^Worst replication: *//p' out)
[ -z "$reproduce" ] || bash -n -c "$reproduce"
judge $? "the command to reproduce is valid"

source="it's \`touch canaryD\` \$(touch canaryE)"
target="o \`touch canaryF\` '\" \$(touch canaryG)"
mkdir -p "$source"
cp "$root/scenarios/examples/queue.yaml" "$source/x y.yaml"
exits 0 "a hostile path of a scenario" "$orrery" run "$source/x y.yaml" --duration 3s --warmup 1s \
    --rep 2 --no-progress --exit-zero -o "$target"
[ -s "$target/report.html" ]
judge $? "and of a directory"
find . -name 'canary*' | { ! grep .; }
judge $? "execute nothing"
finish
