// fuzz_escape - any name in any context: markup of none, valid text always.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reports/escape.h"
#include "sim/base/check.h"
#include "sim/base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const struct text *text)
{
    const char *at = text_get(text);
    for (size_t length = text->length; length > 0;) {
        const struct utf8_point point = utf8_next(at, length);
        CHECK(point.valid);
        at += point.bytes;
        length -= point.bytes;
    }
}

static void check_absent(void (*escape)(struct text *out, const char *from), const char *from,
                         const char *forbidden)
{
    struct text out;
    text_init(&out);
    escape(&out, from);
    check_text(&out);
    CHECK(strpbrk(text_get(&out), forbidden) == NULL);
    text_release(&out);
}

// In single quotes a quote ends the string unless it is doubled.
static void check_doubled(const char *from)
{
    struct text out;
    text_init(&out);
    escape_gnuplot(&out, from);
    for (const char *at = text_get(&out); *at != '\0'; at++) {
        if (*at == '\'') {
            CHECK(at[1] == '\'');
            at++;
        }
    }
    text_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *name = check_calloc(size + 1, 1);
    memcpy(name, data, size);
    check_absent(escape_html, name, "<>\"'");
    check_absent(escape_xml, name, "<>\"'\n");
    check_absent(escape_mermaid, name, "<>\"`[]{}|\n");
    check_absent(escape_markdown, name, "<>@\n");
    check_absent(escape_identifier, name, "<>\"'& \n#%");
    check_absent(escape_gnuplot, name, "\n\\");
    check_doubled(name);
    free(name);
    return 0;
}
