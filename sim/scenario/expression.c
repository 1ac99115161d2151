// expression - values that read like calls: exp(mean=1ms), p(99) < 300ms, 3..30 step 3.
//
// Precedence climbing over a table of operators; brackets, calls and prefixes nest at most
// EXPRESSION_DEPTH deep, which bounds the recursion.
#include "sim/scenario/expression.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/scenario/expression_token.h"

struct parser {
    struct arena *arena;
    const char *text;
    struct expression_error *error;
    struct expression_token token; // the next one
    size_t end;                    // of the last one taken
    uint32_t depth;
    bool failed;
};

enum { LEVEL_COMPARE = 4, LEVEL_RANGE = 5, LEVEL_PREFIX = 8 };

struct operation {
    const char *sign;
    int level;
};

static const struct operation *find_operator(const struct parser *parser)
{
    static const struct operation operators[] = {
        {"or", 1},
        {"and", 2},
        {"==", LEVEL_COMPARE},
        {"!=", LEVEL_COMPARE},
        {"<=", LEVEL_COMPARE},
        {">=", LEVEL_COMPARE},
        {"<", LEVEL_COMPARE},
        {">", LEVEL_COMPARE},
        {"..", LEVEL_RANGE},
        {"+", 6},
        {"-", 6},
        {"*", 7},
        {"/", 7},
    };
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        if (expression_token_is(parser->text, parser->token, operators[i].sign)) {
            return &operators[i];
        }
    }
    return NULL;
}

static struct expression *fail(struct parser *parser, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static struct expression *fail(struct parser *parser, const char *format, ...)
{
    if (!parser->failed) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(parser->error->text, sizeof parser->error->text, format, arguments);
        va_end(arguments);
        parser->error->offset = (uint32_t)parser->token.offset;
        parser->error->length = (uint32_t)parser->token.length;
    }
    parser->failed = true;
    return NULL;
}

static void advance(struct parser *parser)
{
    parser->end = parser->token.offset + parser->token.length;
    parser->token = expression_token_next(parser->text, parser->end);
}

static bool at_sign(const struct parser *parser, const char *wanted)
{
    return expression_token_is(parser->text, parser->token, wanted);
}

static struct expression *take_node(struct parser *parser, enum expression_kind kind, size_t offset)
{
    struct expression *node = arena_take(parser->arena, sizeof *node);
    node->kind = kind;
    node->offset = (uint32_t)offset;
    node->text = "";
    return node;
}

static const char *token_text(const struct parser *parser, struct expression_token token)
{
    const size_t quotes = token.kind == TOKEN_QUOTED ? 1 : 0;
    return arena_text_part(parser->arena, parser->text + token.offset + quotes,
                           token.length - 2 * quotes);
}

static void close(const struct parser *parser, struct expression *node)
{
    node->length = (uint32_t)parser->end - node->offset;
}

static void append(struct expression *parent, struct expression *child)
{
    if (parent->first == NULL) {
        parent->first = child;
    } else {
        parent->last->next = child;
    }
    parent->last = child;
    parent->count++;
}

static struct expression *parse_level(struct parser *parser, int level);

// name= before an argument; the name's token, of kind TOKEN_END if there is none.
static struct expression_token argument_name(struct parser *parser)
{
    const struct expression_token name = parser->token;
    const struct expression_token sign =
        expression_token_next(parser->text, name.offset + name.length);
    if (name.kind != TOKEN_WORD || !expression_token_is(parser->text, sign, "=")) {
        return (struct expression_token){.kind = TOKEN_END};
    }
    advance(parser);
    advance(parser);
    return name;
}

static bool parse_argument(struct parser *parser, struct expression *call)
{
    const struct expression_token name = argument_name(parser);
    struct expression *value = parse_level(parser, 1);
    if (value == NULL) {
        return false;
    }
    if (name.kind == TOKEN_WORD) {
        value->name = token_text(parser, name);
        value->name_offset = (uint32_t)name.offset;
        value->name_length = (uint32_t)name.length;
    }
    append(call, value);
    return true;
}

static struct expression *parse_call(struct parser *parser, struct expression *call)
{
    call->kind = EXPRESSION_CALL;
    advance(parser);
    while (!at_sign(parser, ")")) {
        if (!parse_argument(parser, call)) {
            return NULL;
        }
        if (!at_sign(parser, ")") && !at_sign(parser, ",")) {
            return fail(parser, "expected `,` or `)` in `%.40s(...)`", call->text);
        }
        if (at_sign(parser, ",")) {
            advance(parser);
        }
    }
    advance(parser);
    close(parser, call);
    return call;
}

static struct expression *parse_brackets(struct parser *parser)
{
    advance(parser);
    struct expression *inner = parse_level(parser, 1);
    if (inner == NULL) {
        return NULL;
    }
    if (!at_sign(parser, ")")) {
        return fail(parser, "expected `)`");
    }
    advance(parser);
    return inner;
}

static struct expression *parse_word(struct parser *parser)
{
    struct expression *word = take_node(parser, EXPRESSION_WORD, parser->token.offset);
    word->text = token_text(parser, parser->token);
    word->quoted = parser->token.kind == TOKEN_QUOTED;
    advance(parser);
    close(parser, word);
    return !word->quoted && at_sign(parser, "(") ? parse_call(parser, word) : word;
}

static struct expression *parse_number(struct parser *parser)
{
    struct expression *number = take_node(parser, EXPRESSION_NUMBER, parser->token.offset);
    number->text = token_text(parser, parser->token);
    advance(parser);
    close(parser, number);
    return number;
}

static struct expression *parse_prefix(struct parser *parser, const char *sign, int level)
{
    struct expression *node = take_node(parser, EXPRESSION_UNARY, parser->token.offset);
    node->text = sign;
    advance(parser);
    struct expression *operand = parse_level(parser, level);
    if (operand == NULL) {
        return NULL;
    }
    append(node, operand);
    close(parser, node);
    return node;
}

static struct expression *parse_operand(struct parser *parser)
{
    if (at_sign(parser, "not")) {
        return parse_prefix(parser, "not", 3);
    }
    if (at_sign(parser, "-")) {
        return parse_prefix(parser, "-", LEVEL_PREFIX);
    }
    if (at_sign(parser, "(")) {
        return parse_brackets(parser);
    }
    if (find_operator(parser) != NULL || at_sign(parser, "step")) {
        return fail(parser, "expected a value before `%.*s`", (int)parser->token.length,
                    parser->text + parser->token.offset);
    }
    switch (parser->token.kind) {
    case TOKEN_NUMBER:
        return parse_number(parser);
    case TOKEN_WORD:
    case TOKEN_QUOTED:
        return parse_word(parser);
    case TOKEN_END:
        return fail(parser, "expected a value; the text ends here");
    case TOKEN_WRONG:
        return parser->token.length > 1 ? fail(parser, "the quote is never closed")
                                        : fail(parser, "this character has no meaning here");
    case TOKEN_SIGN:
        break;
    }
    return fail(parser, "expected a value");
}

static bool parse_step(struct parser *parser, struct expression *range)
{
    if (!at_sign(parser, "step")) {
        return true;
    }
    advance(parser);
    struct expression *step = parse_level(parser, LEVEL_RANGE + 1);
    if (step != NULL) {
        append(range, step);
    }
    return step != NULL;
}

static struct expression *parse_right(struct parser *parser, struct expression *left,
                                      const struct operation *operation)
{
    const bool is_range = operation->level == LEVEL_RANGE;
    struct expression *node =
        take_node(parser, is_range ? EXPRESSION_RANGE : EXPRESSION_BINARY, left->offset);
    node->text = operation->sign;
    advance(parser);
    append(node, left);
    struct expression *right = parse_level(parser, operation->level + 1);
    if (right == NULL) {
        return NULL;
    }
    append(node, right);
    if (is_range && !parse_step(parser, node)) {
        return NULL;
    }
    close(parser, node);
    return node;
}

static struct expression *parse_operators(struct parser *parser, int level)
{
    struct expression *left = parse_operand(parser);
    int before = 0;
    while (left != NULL) {
        const struct operation *operation = find_operator(parser);
        if (operation == NULL || operation->level < level) {
            return left;
        }
        const bool single = operation->level == LEVEL_COMPARE || operation->level == LEVEL_RANGE;
        if (single && before == operation->level) {
            return fail(parser, "join comparisons with `and`");
        }
        before = operation->level;
        left = parse_right(parser, left, operation);
    }
    return NULL;
}

static struct expression *parse_level(struct parser *parser, int level)
{
    if (parser->depth == EXPRESSION_DEPTH) {
        return fail(parser, "nested more than %d levels deep", EXPRESSION_DEPTH);
    }
    parser->depth++;
    struct expression *expression = parse_operators(parser, level);
    parser->depth--;
    return expression;
}

const struct expression *expression_parse(struct arena *arena, const char *text,
                                          struct expression_error *error)
{
    struct parser parser = {.arena = arena, .text = text, .error = error};
    *error = (struct expression_error){0};
    if (strlen(text) > EXPRESSION_BYTES) {
        return fail(&parser, "longer than %d bytes", EXPRESSION_BYTES);
    }
    parser.token = expression_token_next(text, 0);
    const struct expression *expression = parse_level(&parser, 1);
    if (expression == NULL || parser.token.kind == TOKEN_END) {
        return expression;
    }
    return fail(&parser, "nothing can follow here");
}

bool expression_is_call(const char *text)
{
    const struct expression_token name = expression_token_next(text, 0);
    const struct expression_token bracket = expression_token_next(text, name.offset + name.length);
    return name.kind == TOKEN_WORD && expression_token_is(text, bracket, "(");
}

const struct expression *expression_child(const struct expression *expression, uint32_t index)
{
    const struct expression *child = expression->first;
    for (uint32_t i = 0; i < index && child != NULL; i++) {
        child = child->next;
    }
    return child;
}

const struct expression *expression_argument(const struct expression *expression, const char *name)
{
    const struct expression *child = expression->first;
    while (child != NULL && (child->name == NULL || strcmp(child->name, name) != 0)) {
        child = child->next;
    }
    return child;
}
