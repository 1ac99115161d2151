// shell - words as a POSIX shell reads them back.
#include "sim/cli/shell.h"

#include <string.h>

void shell_quote(struct text *out, const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,%+@";
    if (*word != '\0' && strspn(word, plain) == strlen(word)) {
        text_add(out, word);
        return;
    }
    text_add_char(out, '\'');
    for (; *word != '\0'; word++) {
        if (*word == '\'') {
            text_add(out, "'\\''");
        } else {
            text_add_char(out, *word);
        }
    }
    text_add_char(out, '\'');
}
