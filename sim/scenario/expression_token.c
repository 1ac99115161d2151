// expression_token - the words, numbers and signs of an expression's text.
#include "sim/scenario/expression_token.h"

#include <string.h>

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           (unsigned char)byte >= 0x80;
}

static bool goes_on(char byte)
{
    return is_letter(byte) || is_digit(byte);
}

static size_t skip_digits(const char *text, size_t at)
{
    while (is_digit(text[at])) {
        at++;
    }
    return at;
}

// 12, 0.5, 1e-3; not the first dot of 3..30.
static size_t skip_decimal(const char *text, size_t at)
{
    at = skip_digits(text, at);
    if (text[at] == '.' && is_digit(text[at + 1])) {
        at = skip_digits(text, at + 1);
    }
    const bool has_sign = text[at] == 'e' && (text[at + 1] == '-' || text[at + 1] == '+');
    return has_sign && is_digit(text[at + 2]) ? skip_digits(text, at + 2) : at;
}

// A decimal with its unit: 30ms, 1h30m, 99.9%, 400/s, 10Gbit/s, 0.004/GiB/h, 5%/month.
static size_t skip_number(const char *text, size_t at)
{
    at = skip_decimal(text, at);
    while (goes_on(text[at])) {
        at++;
    }
    at += text[at] == '%';
    while (text[at] == '/' && is_letter(text[at + 1])) {
        at++;
        while (is_letter(text[at])) {
            at++;
        }
    }
    return at;
}

// Goes on over . - / when a letter or digit follows at once; `normal+(` is one word and a bracket.
static size_t skip_word(const char *text, size_t at)
{
    at += text[at] == '$';
    while (goes_on(text[at]) ||
           (text[at] != '\0' && strchr(".-/", text[at]) != NULL && goes_on(text[at + 1]))) {
        at++;
    }
    return text[at] == '+' && text[at + 1] == '(' ? at + 1 : at;
}

static struct expression_token quoted(const char *text, size_t at)
{
    const char *end = strchr(text + at + 1, text[at]);
    if (end == NULL) {
        return (struct expression_token){TOKEN_WRONG, at, strlen(text + at)};
    }
    return (struct expression_token){TOKEN_QUOTED, at, (size_t)(end - text) + 1 - at};
}

static struct expression_token sign(const char *text, size_t at)
{
    static const char *const signs[] = {"==", "!=", "<=", ">=", "..", "<", ">", "+",
                                        "-",  "*",  "/",  "(",  ")",  ",", "="};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        const size_t length = strlen(signs[i]);
        if (strncmp(text + at, signs[i], length) == 0) {
            return (struct expression_token){TOKEN_SIGN, at, length};
        }
    }
    return (struct expression_token){TOKEN_WRONG, at, 1};
}

struct expression_token expression_token_next(const char *text, size_t offset)
{
    while (text[offset] != '\0' && strchr(" \t\r\n", text[offset]) != NULL) {
        offset++;
    }
    const char byte = text[offset];
    if (byte == '\0') {
        return (struct expression_token){TOKEN_END, offset, 0};
    }
    if (is_digit(byte)) {
        return (struct expression_token){TOKEN_NUMBER, offset, skip_number(text, offset) - offset};
    }
    if (is_letter(byte) || (byte == '$' && is_letter(text[offset + 1]))) {
        return (struct expression_token){TOKEN_WORD, offset, skip_word(text, offset) - offset};
    }
    if (byte == '\'' || byte == '"') {
        return quoted(text, offset);
    }
    return sign(text, offset);
}

bool expression_token_is(const char *text, struct expression_token token, const char *wanted)
{
    return (token.kind == TOKEN_SIGN || token.kind == TOKEN_WORD) &&
           strlen(wanted) == token.length &&
           strncmp(text + token.offset, wanted, token.length) == 0;
}
