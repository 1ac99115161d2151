// options - --name value, --name=value, -n value, -nvalue, operands anywhere, -- ends the options.
#include "sim/cli/options.h"

#include <string.h>

#include "sim/base/suggest.h"

enum { MOST_NAMES = 64 };

void options_init(struct options *options, const struct options_row *rows, int argc, char **argv)
{
    *options = (struct options){.rows = rows, .argc = argc, .next = 1, .argv = argv};
    text_init(&options->wrong);
}

void options_release(struct options *options)
{
    text_release(&options->wrong);
}

static int unknown(struct options *options, const char *word, size_t length)
{
    const char *names[MOST_NAMES];
    size_t count = 0;
    while (options->rows[count].name != NULL && count < MOST_NAMES) {
        names[count] = options->rows[count].name;
        count++;
    }
    struct text name;
    text_init(&name);
    text_add_part(&name, word, length);
    const char *nearest = suggest_nearest(text_get(&name), names, count);
    text_clear(&options->wrong);
    text_format(&options->wrong, "unknown option `--%s`", text_get(&name));
    if (nearest != NULL) {
        text_format(&options->wrong, "; did you mean `--%s`?", nearest);
    }
    text_release(&name);
    return OPTIONS_WRONG;
}

static int lacks_value(struct options *options, const struct options_row *row)
{
    text_clear(&options->wrong);
    text_format(&options->wrong, "option `--%s` needs a value: --%s %s", row->name, row->name,
                row->value);
    return OPTIONS_WRONG;
}

// `inside` is the value written in the same word, NULL if there is none.
static int take_value(struct options *options, int index, const char *inside)
{
    const struct options_row *row = &options->rows[index];
    options->value = inside;
    if (row->value == NULL) {
        if (inside == NULL) {
            return index;
        }
        text_clear(&options->wrong);
        text_format(&options->wrong, "option `--%s` takes no value", row->name);
        return OPTIONS_WRONG;
    }
    if (inside == NULL && options->next >= options->argc) {
        return lacks_value(options, row);
    }
    if (inside == NULL) {
        options->value = options->argv[options->next++];
    }
    return index;
}

static int read_long(struct options *options, const char *word)
{
    const size_t length = strcspn(word, "=");
    for (int i = 0; options->rows[i].name != NULL; i++) {
        const char *name = options->rows[i].name;
        if (strlen(name) == length && strncmp(name, word, length) == 0) {
            return take_value(options, i, word[length] == '=' ? word + length + 1 : NULL);
        }
    }
    return unknown(options, word, length);
}

static int read_short(struct options *options, const char *word)
{
    for (int i = 0; options->rows[i].name != NULL; i++) {
        if (options->rows[i].letter == *word) {
            return take_value(options, i, word[1] == '\0' ? NULL : word + 1);
        }
    }
    text_clear(&options->wrong);
    text_format(&options->wrong, "unknown option `-%c`", *word);
    return OPTIONS_WRONG;
}

int options_next(struct options *options)
{
    if (!options->operands_only && options->next < options->argc &&
        strcmp(options->argv[options->next], "--") == 0) {
        options->operands_only = true;
        options->next++;
    }
    if (options->next >= options->argc) {
        return OPTIONS_END;
    }
    const char *word = options->argv[options->next++];
    if (options->operands_only || word[0] != '-' || word[1] == '\0') {
        options->value = word;
        return OPTIONS_OPERAND;
    }
    return word[1] == '-' ? read_long(options, word + 2) : read_short(options, word + 1);
}
