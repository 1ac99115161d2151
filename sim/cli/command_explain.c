// command_explain - `orrery explain CODE|KEY`: a diagnostic's long text, or what a key means.
#include <stdio.h>
#include <string.h>

#include "sim/base/diagnostic_codes.h"
#include "sim/cli/commands.h"
#include "sim/scenario/explain.h"

static const struct options_row rows[] = {{0}};

static bool is_code(const char *word)
{
    return strlen(word) == 5 && strchr("EWew", word[0]) != NULL &&
           strspn(word + 1, "0123456789") == 4;
}

static bool explain_code(const char *word, struct text *out)
{
    const struct diagnostic_code *code = diagnostic_codes_find(word);
    if (code == NULL) {
        text_format(out, "there is no code `%s`\n", word);
        return false;
    }
    text_format(out, "%s: %s\n\n%s", code->code, code->title, code->text);
    return true;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    if (argc != 2) {
        return cli_misuse(&command_explain, "explain takes a code or a key");
    }
    struct text out;
    text_init(&out);
    int status = CLI_DONE;
    const bool found =
        is_code(argv[1]) ? explain_code(argv[1], &out) : explain_key(cli->catalog, argv[1], &out);
    if (found) {
        status = cli_print(&out) ? CLI_DONE : CLI_BROKEN;
    } else {
        fprintf(stderr, "orrery: %s", text_get(&out));
        status = CLI_WRONG;
    }
    text_release(&out);
    return status;
}

const struct command command_explain = {
    .name = "explain",
    .operands = "CODE|KEY",
    .summary = "says what a diagnostic's code or a key of a scenario means",
    .text = "  orrery explain E0107\n"
            "  orrery explain simulation\n"
            "  orrery explain 'components.*.operations.*.call.retry.budget'\n",
    .options = rows,
    .run = run,
};
