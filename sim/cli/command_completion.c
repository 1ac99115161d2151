// command_completion - `orrery completion SHELL`: words for the shell, printed from the tables.
#include "sim/cli/commands.h"

static const struct options_row rows[] = {{0}};

static void add_names(struct text *out)
{
    for (const struct command *const *command = cli_commands; *command != NULL; command++) {
        text_format(out, "%s%s", command == cli_commands ? "" : " ", (*command)->name);
    }
}

static void add_options(const struct command *command, struct text *out)
{
    for (const struct options_row *row = command->options; row->name != NULL; row++) {
        text_format(out, "%s--%s", row == command->options ? "" : " ", row->name);
    }
}

static void write_bash(struct text *out)
{
    text_add(out, "_orrery() {\n"
                  "    local word=${COMP_WORDS[COMP_CWORD]} words=\n"
                  "    if [ \"$COMP_CWORD\" -eq 1 ]; then words='");
    add_names(out);
    text_add(out, "'\n    else case ${COMP_WORDS[1]} in\n");
    for (const struct command *const *command = cli_commands; *command != NULL; command++) {
        text_format(out, "        %s) words='", (*command)->name);
        add_options(*command, out);
        text_add(out, "' ;;\n");
    }
    text_add(out, "    esac; fi\n"
                  "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\") "
                  "$(compgen -f -- \"$word\"))\n"
                  "}\ncomplete -o filenames -F _orrery orrery\n");
}

static void write_zsh(struct text *out)
{
    text_add(out, "#compdef orrery\nautoload -U +X bashcompinit && bashcompinit\n");
    write_bash(out);
}

static void write_fish(struct text *out)
{
    for (const struct command *const *command = cli_commands; *command != NULL; command++) {
        text_format(out, "complete -c orrery -n __fish_use_subcommand -a %s -d '%s'\n",
                    (*command)->name, (*command)->summary);
        for (const struct options_row *row = (*command)->options; row->name != NULL; row++) {
            text_format(out, "complete -c orrery -n '__fish_seen_subcommand_from %s' -l %s\n",
                        (*command)->name, row->name);
        }
    }
}

static int run(const struct cli *cli, int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*write)(struct text *out);
    } shells[] = {{"bash", write_bash}, {"zsh", write_zsh}, {"fish", write_fish}};
    (void)cli;
    for (size_t i = 0; argc == 2 && i < sizeof shells / sizeof shells[0]; i++) {
        if (text_same(shells[i].name, argv[1])) {
            struct text out;
            text_init(&out);
            shells[i].write(&out);
            const bool good = cli_print(&out);
            text_release(&out);
            return good ? CLI_DONE : CLI_BROKEN;
        }
    }
    return cli_misuse(&command_completion, "completion takes bash, zsh or fish");
}

const struct command command_completion = {
    .name = "completion",
    .operands = "bash|zsh|fish",
    .summary = "words for the shell's completion",
    .text = "  source <(orrery completion bash)\n",
    .options = rows,
    .run = run,
};
