#!/usr/bin/env bash
# usage - every command explains itself; every misuse exits 2 and says what was meant.
set -u
. "$(dirname "$0")/lib.sh"
scenario

exits 0 "help" "$orrery" help
commands=$(sed -n 's/^  \([a-z]*\)  .*/\1/p' out)
[ "$(echo "$commands" | wc -w)" -ge 12 ]
judge $? "lists the commands"
has out "orrery init webshop" "and where to begin"
exits 2 "no command" "$orrery"
[ ! -s out ] && [ -s err ]
judge $? "prints help on stderr"
for option in --help -h; do
    exits 0 "$option" "$orrery" $option
done
exits 0 "--version" "$orrery" --version

for command in $commands; do
    exits 0 "help $command" "$orrery" help "$command"
    cp out help.txt
    [ -s out ] && [ ! -s err ] && ! grep -q '.\{101\}' out
    judge $? "is at most 100 columns of text on stdout"
    exits 0 "$command --help" "$orrery" "$command" --help
    cmp -s out help.txt
    judge $? "is the same text"
    exits 2 "$command --nonsense" "$orrery" "$command" --nonsense
    [ -s err ] && [ ! -s out ]
    judge $? "is refused with a sentence"
done

exits 2 "an unknown command" "$orrery" rnu queue.yaml
has err "did you mean \`run\`" "says what was meant"
exits 2 "an unknown global option" "$orrery" --colour always run queue.yaml
exits 2 "an unknown option" "$orrery" run queue.yaml --ouput dir
has err "did you mean \`--output\`" "says what was meant"
exits 2 "an option without its value" "$orrery" run queue.yaml --seed
has err "--seed" "names the option"
exits 2 "a flag with a value" "$orrery" run queue.yaml --json=yes
exits 2 "a wrong colour" "$orrery" --color sometimes run queue.yaml
for command in run check show explain report; do
    case $command in show | report) directory=empty ;; *) directory=. ;; esac
    mkdir -p empty
    (cd "$directory" && "$orrery" "$command") >out 2>err </dev/null
    code=$?
    [ $code -eq 2 ] || [ $code -eq 3 ]
    judge $? "$command without arguments is refused"
    [ -s err ] && [ ! -s out ]
    judge $? "with a sentence on stderr"
done
exits 2 "an unknown template" "$orrery" init webshp
has err "webshop" "says what was meant"
exits 2 "an unknown model" "$orrery" describe kafak
has err kafka "says what was meant"
exits 2 "an unknown code" "$orrery" explain E9999
exits 2 "an unknown key" "$orrery" explain components.*.replica
has err replicas "says what was meant"
exits 2 "an unknown list" "$orrery" list fault
has err faults "says what was meant"
exits 2 "a file that isn't there" "$orrery" check missing.yaml
exits 2 "one file of two that isn't there" "$orrery" check queue.yaml missing.yaml
exits 2 "options after -- are files" "$orrery" check -- --help

for shell in bash zsh fish; do
    exits 0 "completion $shell" "$orrery" completion $shell
    cp out "completion.$shell"
    for command in $commands; do
        grep -qw "$command" "completion.$shell" || echo "# no $command"
    done | { ! grep .; }
    judge $? "knows every command"
done
exits 0 "the completion is valid bash" bash -n completion.bash
exits 2 "a shell that nobody knows" "$orrery" completion csh

# What roff complains of, and options that a page lacks.
for command in $commands; do
    "$orrery" help --man "$command" >page 2>&1 || echo "# no page of $command"
    "$orrery" help "$command" | grep -oE -- ' --[a-z-]+ ' | tr -d ' ' | sort -u |
        while read -r option; do
            grep -qF -- "${option//-/\\-}" page || echo "# orrery-$command(1) lacks $option"
        done
    ! command -v groff >/dev/null || groff -man -ww -Tutf8 -z page
done >err 2>&1
[ ! -s err ]
judge $? "every command has a page for man(1), with all its options"
exits 0 "and the program" "$orrery" help --man
for command in $commands; do
    grep -qF "orrery\\-$command" out || echo "# no $command"
done | { ! grep .; }
judge $? "whose page names them all"
exits 2 "an unknown command has none" "$orrery" help --man rnu

exits 0 "version --json" "$orrery" version --json
jq -e .version out >jq.out
judge $? "is JSON"
exits 0 "schema" "$orrery" schema
jq -e '."$schema"' out >jq.out
judge $? "is JSON"
exits 0 "doctor" "$orrery" doctor
for what in dists faults metrics policies units models; do
    exits 0 "list $what" "$orrery" list $what
    ! grep -q ' $' out
    judge $? "has no blanks at the end of a line"
done
for template in $("$orrery" init --list 2>err | awk '{print $1}'); do
    exits 0 "init $template" "$orrery" init "$template"
    cp out template.yaml
    exits 0 "check of it" "$orrery" check template.yaml
done
exits 0 "colour on demand" "$orrery" --color always run queue.yaml --duration 2s --rep 2 -o colour
grep -q $'\033\[' out
judge $? "is there"
exits 0 "no colour in a file" "$orrery" run queue.yaml --duration 2s --rep 2 -o colour
! grep -q $'\033\[' out err
judge $? "is there"
exits 0 "without a terminal, a locale or a home" env -i PATH="$PATH" "$orrery" run queue.yaml \
    --duration 2s --rep 2 -o bare
finish
