// expression_token - the words, numbers and signs of an expression's text.
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum expression_token_kind {
    TOKEN_END,
    TOKEN_NUMBER,
    TOKEN_WORD,
    TOKEN_QUOTED,
    TOKEN_SIGN,  // == != <= >= .. < > + - * / ( ) , =
    TOKEN_WRONG, // a byte that begins nothing, or a quote that never ends
};

struct expression_token {
    enum expression_token_kind kind;
    size_t offset, length; // of quoted text with its quotes
};

// The first token at or behind an offset.
struct expression_token expression_token_next(const char *text, size_t offset);

// True if the token is this sign or this word.
bool expression_token_is(const char *text, struct expression_token token, const char *wanted);
