// manual - pages for man(1), printed from the table of commands: what --help says, as roff.
#include "sim/cli/manual.h"

#include <ctype.h>
#include <string.h>

// What roff would take for something else stands as its name.
static const char *escape_of(char byte)
{
    switch (byte) {
    case '\\':
        return "\\e";
    case '-':
        return "\\-";
    case '\'':
        return "\\(aq";
    case '`':
        return "\\(ga";
    case '^':
        return "\\(ha";
    case '~':
        return "\\(ti";
    default:
        return NULL;
    }
}

static void add(struct text *out, const char *words)
{
    bool begins = out->length == 0 || out->bytes[out->length - 1] == '\n';
    for (const char *at = words; *at != '\0'; at++) {
        const char *escape = escape_of(*at);
        if (begins && *at == '.') {
            text_add(out, "\\&");
        }
        if (escape != NULL) {
            text_add(out, escape);
        } else {
            text_add_char(out, *at);
        }
        begins = *at == '\n';
    }
}

static void add_section(struct text *out, const char *title)
{
    text_format(out, ".SH %s\n", title);
}

static void add_head(const struct command *command, struct text *out)
{
    text_add(out, ".TH ORRERY");
    for (const char *at = command == NULL ? "" : command->name; *at != '\0'; at++) {
        text_format(out, "%s%c", at == command->name ? "\\-" : "", toupper((unsigned char)*at));
    }
    text_add(out, " 1 \"\" \"orrery " ORRERY_VERSION "\" \"Orrery\"\n.SH NAME\norrery");
    if (command != NULL) {
        text_format(out, "\\-%s", command->name);
    }
    text_add(out, " \\- ");
    add(out, command != NULL
                 ? command->summary
                 : "simulates constellations of services: latency, availability, capacity");
    text_add(out, "\n");
}

static void add_options(const struct options_row *rows, struct text *out)
{
    if (rows->name != NULL) {
        add_section(out, "OPTIONS");
    }
    for (; rows->name != NULL; rows++) {
        text_add(out, ".TP\n\\fB");
        if (rows->letter != 0) {
            text_format(out, "\\-%c\\fR, \\fB", rows->letter);
        }
        text_add(out, "\\-\\-");
        add(out, rows->name);
        text_add(out, "\\fR");
        if (rows->value != NULL) {
            text_add(out, " \\fI");
            add(out, rows->value);
            text_add(out, "\\fR");
        }
        text_add(out, "\n");
        add(out, rows->meaning);
        text_add(out, "\n");
    }
}

static void write_command(const struct command *command, struct text *out)
{
    add_section(out, "SYNOPSIS");
    text_format(out, "\\fBorrery %s\\fR", command->name);
    if (command->options->name != NULL) {
        text_add(out, " [\\fIOPTION\\fR...]");
    }
    if (command->operands[0] != '\0') {
        text_add(out, " ");
        add(out, command->operands);
    }
    text_add(out, "\n");
    add_options(command->options, out);
    if (command->text != NULL) {
        add_section(out, "EXAMPLES AND NOTES");
        text_add(out, ".nf\n");
        add(out, command->text);
        text_add(out, ".fi\n");
    }
    add_section(out, "SEE ALSO");
    text_add(out, "\\fBorrery\\fR(1)\n");
}

static void write_program(struct text *out)
{
    add_section(out, "SYNOPSIS");
    text_add(out, "\\fBorrery\\fR [\\fB\\-\\-color\\fR auto|always|never] \\fICOMMAND\\fR ...\n");
    add_section(out, "COMMANDS");
    for (const struct command *const *command = cli_commands; *command != NULL; command++) {
        text_format(out, ".TP\n\\fBorrery\\-%s\\fR(1)\n", (*command)->name);
        add(out, (*command)->summary);
        text_add(out, "\n");
    }
    add_section(out, "EXIT STATUS");
    text_add(out, "0 done, 1 FAIL, NO DATA or a regression, 2 wrong usage or scenario, 3 broken "
                  "files or limits, 4 UNDECIDED, 5 two results of one replication differ\n");
    add_section(out, "ENVIRONMENT");
    text_add(out, ".TP\nNO_COLOR\nno colours unless \\fB\\-\\-color always\\fR\n");
}

void manual_write(const struct command *command, struct text *out)
{
    add_head(command, out);
    if (command == NULL) {
        write_program(out);
    } else {
        write_command(command, out);
    }
}
