// command_init - `orrery init [TEMPLATE]`: a commented scenario to begin with, on standard output.
#include "sim/base/suggest.h"
#include "sim/cli/commands.h"
#include "sim/cli/templates.h"

static const struct options_row rows[] = {
    {"list", 0, NULL, "the templates, one line each"},
    {"help", 'h', NULL, "this list"},
    {0},
};

static int print(struct text *out)
{
    const bool good = cli_print(out);
    text_release(out);
    return good ? CLI_DONE : CLI_BROKEN;
}

static int print_list(void)
{
    struct text out;
    text_init(&out);
    for (const struct template *template = templates; template->name != NULL; template ++) {
        text_format(&out, "%-10s %s\n", template->name, template->summary);
    }
    return print(&out);
}

static int print_template(const char *name)
{
    const char *names[16];
    size_t count = 0;
    for (const struct template *template = templates; template->name != NULL; template ++) {
        if (text_same(template->name, name)) {
            struct text out;
            text_init(&out);
            text_add_part(&out, template->bytes, (size_t)(template->end - template->bytes));
            return print(&out);
        }
        names[count++] = template->name;
    }
    const char *near = suggest_nearest(name, names, count);
    return cli_misuse(&command_init, "there is no template `%s`%s%s%s", name,
                      near == NULL ? "" : "; did you mean `", near == NULL ? "" : near,
                      near == NULL ? "" : "`?");
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct options options;
    const char *name = "minimal";
    bool list = false;
    int status = CLI_DONE;
    (void)cli;
    options_init(&options, rows, argc, argv);
    for (int option; (option = options_next(&options)) != OPTIONS_END;) {
        if (option == OPTIONS_WRONG) {
            status = cli_misuse(&command_init, "%s", text_get(&options.wrong));
            break;
        }
        list = list || option == 0;
        name = option == OPTIONS_OPERAND ? options.value : name;
    }
    options_release(&options);
    if (status != CLI_DONE) {
        return status;
    }
    return list ? print_list() : print_template(name);
}

const struct command command_init = {
    .name = "init",
    .operands = "[TEMPLATE]",
    .summary = "prints a commented scenario to begin with",
    .text = "  orrery init > system.yaml\n"
            "  orrery init webshop > webshop.yaml\n",
    .options = rows,
    .run = run,
};
