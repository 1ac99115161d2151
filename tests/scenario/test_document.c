// test_document - YAML becomes a located tree, or a located diagnostic; nothing in between.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/diagnostic_render.h"
#include "sim/scenario/document.h"

static struct diagnostic_list list;
static struct document document;
static struct text out;

static bool load_with(const char *bytes, size_t length, const struct document_overrides *overrides)
{
    const struct document_bytes file = {"t.yaml", bytes, length};
    diagnostic_init(&list);
    text_init(&out);
    return document_load_bytes(&document, file, overrides, &list);
}

static bool load(const char *bytes)
{
    return load_with(bytes, strlen(bytes), NULL);
}

static void release(void)
{
    document_release(&document);
    diagnostic_release(&list);
    text_release(&out);
}

static const char *text_at(const char *path)
{
    const struct document_node *node = document_at(&document, path);
    return node == NULL ? "(nothing)" : node->kind == DOCUMENT_SCALAR ? node->text : "(not text)";
}

// The diagnostics of a text, one a line, exactly.
static void expect_problems(const char *bytes, size_t length, const char *wanted)
{
    cr_expect(!load_with(bytes, length, NULL), "%s", bytes);
    diagnostic_render(&list, DIAGNOSTIC_SHORT, false, &out);
    cr_expect_str_eq(text_get(&out), wanted);
    release();
}

static void expect_problem(const char *bytes, const char *wanted)
{
    expect_problems(bytes, strlen(bytes), wanted);
}

// The first diagnostic begins so.
static void expect_begin(const char *bytes, const char *wanted)
{
    cr_expect(!load(bytes), "%s", bytes);
    diagnostic_render(&list, DIAGNOSTIC_SHORT, false, &out);
    cr_expect(strncmp(text_get(&out), wanted, strlen(wanted)) == 0, "%s", text_get(&out));
    release();
}

Test(document, gives_every_value_with_its_place)
{
    cr_assert(load("a: 1\nb:\n  - x\n  - {c: 'q', d: \xC3\xA9\xC3\xA9}\n"));
    const struct document_node *d = document_at(&document, "b.1.d");
    cr_assert(d != NULL);
    cr_expect_str_eq(d->text, "\xC3\xA9\xC3\xA9");
    cr_expect(d->place.line == 4 && d->place.column == 17 && d->place.length == 2);
    cr_expect(d->key_place.column == 14 && d->key_place.length == 1);
    cr_expect(!d->quoted && document_at(&document, "b.1.c")->quoted);
    cr_expect_str_eq(text_at("b.0"), "x");
    cr_expect(document_at(&document, "b.2") == NULL);
    cr_expect(document_at(&document, "b.x") == NULL);
    release();
}

Test(document, takes_bom_crlf_and_unusual_line_breaks)
{
    cr_assert(load("\xEF\xBB\xBF"
                   "a: 1\r\nb: \"x\xE2\x80\xA8y\"\r\nc: 3\r\n"));
    cr_expect_str_eq(text_at("c"), "3");
    cr_expect(document_at(&document, "a")->place.column == 4);
    cr_expect(document_at(&document, "c")->place.line == 3);
    release();
}

Test(document, reports_what_was_never_asked_for)
{
    cr_assert(load("a: 1\nb: 2\nc: 3\n"));
    cr_expect(document_get(document.root, "b") != NULL);
    cr_expect(document_get(document.root, "none") == NULL);
    const struct document_node *first = document_unused(document.root, NULL);
    cr_expect_str_eq(first->key, "a");
    const struct document_node *second = document_unused(document.root, first);
    cr_expect_str_eq(second->key, "c");
    cr_expect(document_unused(document.root, second) == NULL);
    cr_expect(document_get(first, "x") == NULL && document_get(NULL, "x") == NULL);
    release();
}

Test(document, aliases_are_copies_that_know_their_use)
{
    cr_assert(load("x-a: &a {k: [1, 2], l: v}\nb: *a\nc: {<<: *a, l: own}\n"));
    cr_expect_str_eq(text_at("b.k.1"), "2");
    cr_expect_str_eq(text_at("c.l"), "own");
    cr_expect_str_eq(text_at("c.k.0"), "1");
    cr_expect(document_peek(document.root, "x-a") == NULL);
    const struct document_node *copy = document_at(&document, "c.k.0");
    cr_assert(copy->use != NULL);
    cr_expect_str_eq(copy->use->text, "*a");
    cr_expect(copy->use->place.line == 3 && copy->place.line == 1);
    cr_expect(document_at(&document, "c.l")->use == NULL);
    release();
}

Test(document, merges_several_maps_and_the_first_wins)
{
    cr_assert(load("x: &a {k: 1, l: 1}\ny: &b {l: 2, m: 2}\nz: {<<: [*a, *b], m: 3}\n"
                   "w: {<<: *b, <<: *a}\nv: {<<: &i {n: 1}, o: 2}\nu: *i\n"));
    cr_expect_str_eq(text_at("z.k"), "1");
    cr_expect_str_eq(text_at("z.l"), "1");
    cr_expect_str_eq(text_at("z.m"), "3");
    cr_expect_str_eq(text_at("w.l"), "2");
    cr_expect_str_eq(text_at("v.n"), "1");
    cr_expect(document_at(&document, "u")->count == 1);
    release();
}

Test(document, list_items_from_aliases_have_no_key)
{
    cr_assert(load("a: &a 5\nb: [*a]\n"));
    cr_expect(document_at(&document, "b.0")->key == NULL);
    release();
}

Test(document, an_anchor_may_be_given_again)
{
    cr_assert(load("a: &a 1\nb: *a\nc: &a 2\nd: *a\n"));
    cr_expect_str_eq(text_at("b"), "1");
    cr_expect_str_eq(text_at("d"), "2");
    release();
}

Test(document, refuses_broken_yaml_with_a_place)
{
    expect_problem("a: b: c\n", "t.yaml:1:5: error[E0101]: a `:` where no key can be; quote the "
                                "value if the `:` belongs to it, or check the indentation\n");
    expect_begin("a:\n\tb: 1\n", "t.yaml:2:1: error[E0101]: a tab in the indentation");
    expect_begin("a: \"x\nb: 1\n", "t.yaml:1:4: error[E0103]: `\"` is never closed");
    expect_begin("a: {b: [1, 2\n", "t.yaml:1:8: error[E0103]: `[` is never closed");
    expect_begin("a: 'x", "t.yaml:1:4: error[E0103]: `'` is never closed");
    expect_begin("a:\n  b: 1\n c: 2\n", "t.yaml:3:2: error[E0101]: the indentation does not fit");
    expect_begin("a\nb: 1\n", "t.yaml:2:2: error[E0101]: a `:` where no key can be");
    expect_begin("a: \"\\q\"\n", "t.yaml:1:5: error[E0101]: no such escape");
    expect_begin("[1, 2]\n", "t.yaml:1:1: error[E0123]: a scenario is a map of sections");
    expect_begin("hello", "t.yaml:1:1: error[E0123]");
    expect_begin("", "t.yaml: error[E0123]: the file is empty");
    expect_begin("# nothing\n", "t.yaml: error[E0123]: the file is empty");
}

Test(document, refuses_bytes_that_are_no_text)
{
    expect_begin("a: 1\nb: \xC3\xA9\xFF\n", "t.yaml:2:5: error[E0102]: the file is not UTF-8");
    expect_problems("a: \0b\n", 7,
                    "t.yaml:1:4: error[E0102]: a control character in the file; U+0000 cannot "
                    "stand in YAML\n");
    expect_problems("\xFF\xFE"
                    "a\0:\0",
                    6, "t.yaml:1:1: error[E0102]: the file is UTF-16, scenarios are UTF-8\n");
    expect_begin("a: \"x\\0y\"\n", "t.yaml:1:4: error[E0102]: a NUL character in a text");
    expect_begin("a: \xED\xA0\x80\n", "t.yaml:1:4: error[E0102]");
    expect_begin("a: \xC0\x80\n", "t.yaml:1:4: error[E0102]");
}

Test(document, refuses_what_yaml_allows_and_scenarios_do_not)
{
    expect_problem("a: !!int 5\n", "t.yaml:1:4: error[E0108]: the tag `!!int` is not allowed; "
                                   "types come from the field; remove the tag\n");
    expect_begin("a: !env X\n", "t.yaml:1:4: error[E0108]: the tag `!env` is not allowed");
    expect_begin("a: 1\n---\nb: 2\n", "t.yaml:2:1: error[E0109]");
    expect_begin("? [a, b]\n: 1\n", "t.yaml:1:3: error[E0114]: a key must be plain text");
    expect_begin("a: {'': 1}\n", "t.yaml:1:5: error[E0114]");
    expect_begin("a: *b\n", "t.yaml:1:4: error[E0110]: unknown alias `*b`");
    expect_begin("a: &a [*a]\n", "t.yaml:1:8: error[E0111]: `*a` stands inside its own anchor");
    expect_begin("a: &a {<<: *a}\n", "t.yaml:1:12: error[E0111]");
    expect_begin("a: {<<: 30s}\n", "t.yaml:1:9: error[E0113]: `<<` needs a map");
    expect_begin("a: {<<: [{}, 3]}\n", "t.yaml:1:14: error[E0113]");
}

Test(document, takes_plain_tags)
{
    cr_assert(load("a: !!str 5\nb: !!seq [1]\nc: !!map {d: 1}\ne: ! 7\n"));
    cr_expect(document_at(&document, "a")->quoted);
    cr_expect_str_eq(text_at("b.0"), "1");
    release();
}

Test(document, shows_both_places_of_a_duplicate_key)
{
    cr_expect(!load("q: {capacity: 100, capacity: 200}\n"));
    cr_assert(list.count == 1);
    const struct diagnostic *entry = list.entries[0];
    cr_expect_str_eq(entry->code, "E0112");
    cr_expect(entry->place.column == 20 && entry->place.length == 8);
    cr_expect(entry->labels->place.column == 5);
    release();
}

Test(document, finds_duplicates_in_large_maps_quickly)
{
    struct text big;
    text_init(&big);
    for (int i = 0; i < 50000; i++) {
        text_format(&big, "k%d: 1\n", i);
    }
    text_add(&big, "k777: 2\n");
    cr_expect(!load_with(text_get(&big), big.length, NULL));
    cr_expect(list.count == 1 && list.entries[0]->place.line == 50001);
    text_release(&big);
    release();
}

Test(document, explains_values_cut_at_a_comma)
{
    expect_problem(
        "a: {latency: lognormal(median=250us, p99=1ms), loss: 1%}\n",
        "t.yaml:1:14: error[E0121]: unbalanced `(`; the value was cut at a comma; inside "
        "{ } a comma ends a value: quote it, \"lognormal(median=250us, p99=1ms)\"\n");
    expect_problem(
        "a: [gamma(mean=3ms, cv=0.8), exp(mean=1ms), mix(f(1,2),g(3,4))]\n",
        "t.yaml:1:5: error[E0121]: unbalanced `(`; the value was cut at a comma; inside [ "
        "] a comma ends a value: quote it, \"gamma(mean=3ms, cv=0.8)\"\n"
        "t.yaml:1:45: error[E0121]: unbalanced `(`; the value was cut at a comma; inside "
        "[ ] a comma ends a value: quote it, \"mix(f(1,2),g(3,4))\"\n");
    cr_expect(!load("a: {b: f(1, 2, 3), c: 4}\n"));
    cr_expect(document_at(&document, "a")->count == 2);
    cr_expect_str_eq(text_at("a.b"), "f(1, 2, 3)");
    cr_expect_str_eq(text_at("a.c"), "4");
    release();
}

Test(document, leaves_calls_alone_where_commas_end_nothing)
{
    cr_assert(load("a: gamma(mean=3ms, cv=0.8)\nb: {c: \"f(1, 2)\", d: exp(mean=1ms)}\n"
                   "e: [smile :(, 1]\n") == false);
    cr_expect(list.count == 1);
    release();
    cr_assert(load("a: gamma(mean=3ms, cv=0.8)\nb: {c: \"f(1, 2)\", d: exp(mean=1ms)}\n"));
    release();
}

static void nest(struct text *text, const char *open, const char *close, int depth)
{
    text_add(text, "a: ");
    for (int i = 0; i < depth; i++) {
        text_add(text, open);
    }
    for (int i = 0; i < depth; i++) {
        text_add(text, close);
    }
}

Test(document, limits_the_depth)
{
    struct text deep;
    text_init(&deep);
    nest(&deep, "[", "]", DOCUMENT_DEPTH - 1);
    cr_expect(load(text_get(&deep)));
    release();
    text_clear(&deep);
    nest(&deep, "[", "]", 5000);
    expect_begin(text_get(&deep), "t.yaml:1:67: error[E0105]: nested more than 64 levels deep");
    text_clear(&deep);
    text_add(&deep, "a: &a [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]\n"
                    "b: &b [[[[[[[[[[[[[[[[[[[[*a]]]]]]]]]]]]]]]]]]]]\n"
                    "c: &c [[[[[[[[[[[[[[[[[[[[*b]]]]]]]]]]]]]]]]]]]]\n"
                    "d: &d [[[[[[[[[[[[[[[[[[[[*c]]]]]]]]]]]]]]]]]]]]\n");
    expect_begin(text_get(&deep), "t.yaml:4:27: error[E0105]");
    text_release(&deep);
}

Test(document, stops_a_billion_laughs_at_once)
{
    struct text laughs;
    text_init(&laughs);
    text_add(&laughs, "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for (int i = 1; i < 30; i++) {
        text_format(&laughs, "a%d: &a%d [", i, i);
        for (int j = 0; j < 10; j++) {
            text_format(&laughs, "*a%d%s", i - 1, j < 9 ? ", " : "]\n");
        }
    }
    cr_expect(!load(text_get(&laughs)));
    cr_expect(document.node_count <= DOCUMENT_NODES);
    cr_expect(list.count == 1);
    cr_expect_str_eq(list.entries[0]->code, "E0106");
    cr_expect(document.arena.total < 64 << 20);
    text_release(&laughs);
    release();
}

Test(document, limits_the_number_of_values)
{
    struct text many;
    text_init(&many);
    text_add(&many, "a: [");
    for (int i = 0; i < 300000; i++) {
        text_add(&many, "1,");
    }
    text_add(&many, "1]");
    expect_begin(text_get(&many), "t.yaml:1:");
    text_release(&many);
}

Test(document, long_chains_of_merges_stay_small)
{
    struct text chain;
    text_init(&chain);
    text_add(&chain, "m0: &m0 {k: v}\n");
    for (int i = 1; i < 20000; i++) {
        text_format(&chain, "m%d: &m%d {<<: *m%d}\n", i, i, i - 1);
    }
    cr_expect(load(text_get(&chain)));
    cr_expect_str_eq(text_at("m19999.k"), "v");
    cr_expect(document.arena.total < 128 << 20);
    text_release(&chain);
    release();
}

Test(document, a_large_file_is_refused)
{
    char *bytes = calloc(1, DOCUMENT_BYTES + 2);
    cr_assert(bytes != NULL);
    memset(bytes, ' ', DOCUMENT_BYTES + 1);
    expect_problems(bytes, DOCUMENT_BYTES + 1,
                    "t.yaml: error[E0104]: the file has more than 16 MiB\n");
    free(bytes);
}

Test(document, parameters_stand_for_values)
{
    cr_assert(load("params: {peak: 2000/s, n: 6}\na: {rate: $peak, n: $n, t: \"$peak\"}\n"));
    const struct document_node *rate = document_at(&document, "a.rate");
    cr_expect_str_eq(rate->text, "2000/s");
    cr_expect(rate->place.line == 2 && rate->place.length == 5);
    cr_assert(rate->definition != NULL);
    cr_expect_str_eq(rate->definition->key, "peak");
    cr_expect(rate->definition->place.line == 1);
    cr_expect_str_eq(text_at("a.t"), "$peak");
    const struct diagnostic *entry = document_error(&document, rate, "E0201", "shown");
    cr_assert(entry->labels != NULL);
    cr_expect_str_eq(entry->labels->text, "`peak` is defined here");
    release();
}

Test(document, unknown_parameters_are_errors)
{
    expect_problem("params: {peak: 1}\na: $paek\n", "t.yaml:2:4: error[E0118]: unknown parameter "
                                                    "`$paek`; did you mean `$peak`?\n");
    expect_begin("a: $x\n", "t.yaml:1:4: error[E0118]: unknown parameter `$x`; declare it");
    expect_begin("params: {a: [1]}\n", "t.yaml:1:13: error[E0119]");
    expect_begin("params: {a-b: 1}\n", "t.yaml:1:10: error[E0119]");
    expect_begin("params: {a: $b, b: 1}\n", "t.yaml:1:13: error[E0119]");
    expect_begin("params: [1]\n", "t.yaml:1:9: error[E0119]");
}

Test(document, unused_parameters_can_be_found)
{
    cr_assert(load("params: {a: 1, b: 2}\nx: $a\n"));
    const struct document_node *params = document_peek(document.root, "params");
    const struct document_node *unused = document_unused(params, NULL);
    cr_assert(unused != NULL);
    cr_expect_str_eq(unused->key, "b");
    cr_expect(document_param(&document, "b") != NULL);
    cr_expect(document_unused(params, NULL) == NULL);
    release();
}

static bool load_set(const char *bytes, const char *name, const char *value, bool is_path)
{
    const struct document_override item = {name, value, is_path};
    const struct document_overrides overrides = {&item, 1};
    return load_with(bytes, strlen(bytes), &overrides);
}

Test(document, the_command_line_overrides_parameters)
{
    cr_assert(load_set("params: {n: 6}\na: $n\n", "n", "9", false));
    cr_expect_str_eq(text_at("a"), "9");
    const struct document_node *definition = document_at(&document, "a")->definition;
    cr_expect_str_eq(diagnostic_source(&list, definition->place.source)->name, "command line");
    cr_expect(definition->place.column == 9);
    release();
    cr_expect(!load_set("params: {number: 6}\na: $number\n", "nunber", "9", false));
    diagnostic_render(&list, DIAGNOSTIC_SHORT, false, &out);
    cr_expect_str_eq(text_get(&out), "command line:1:7: error[E0120]: `--set nunber` names no "
                                     "parameter; did you mean `number`?\n");
    release();
    cr_expect(!load_set("a: 1\n", "n", "9", false));
    release();
}

Test(document, the_command_line_overrides_values_by_path)
{
    cr_assert(load_set("a: {b: [1, {c: 2}]}\n", "a.b.1.c", "7", true));
    cr_expect_str_eq(text_at("a.b.1.c"), "7");
    release();
    cr_assert(load_set("params: {n: 6}\na: 1\n", "a", "$n", true));
    cr_expect_str_eq(text_at("a"), "6");
    release();
    cr_expect(!load_set("a: {b: 1}\n", "a", "7", true));
    cr_expect_str_eq(list.entries[0]->code, "E0122");
    release();
    cr_expect(!load_set("a: {b: 1}\n", "a.c", "7", true));
    release();
}

Test(document, errors_in_an_alias_show_the_use)
{
    cr_assert(load("x-call: &call {timeout: 30ss}\na: {b: {<<: *call}}\n"));
    const struct document_node *node = document_at(&document, "a.b.timeout");
    struct diagnostic *entry = document_error(&document, node, "E0203", "`30ss` is not a duration");
    cr_expect(entry->place.line == 1);
    cr_assert(entry->labels != NULL);
    cr_expect(entry->labels->place.line == 2 && entry->labels->place.column == 13);
    cr_expect_str_eq(entry->labels->text, "used here as `*call`");
    release();
}

Test(document, places_inside_a_text_are_exact_where_they_can_be)
{
    cr_assert(load("a: \"f(x, y)\"\nb: f(x, y)\nc: \"f(\\x78, y)\"\nd: >\n  f(x, y)\n"));
    const struct place quoted = document_place_in(&document, document_at(&document, "a"), 5, 1);
    const struct place plain = document_place_in(&document, document_at(&document, "b"), 5, 1);
    const struct place escaped = document_place_in(&document, document_at(&document, "c"), 5, 1);
    cr_expect(quoted.line == 1 && quoted.column == 10 && quoted.length == 1);
    cr_expect(plain.line == 2 && plain.column == 9);
    cr_expect(escaped.column == 4 && escaped.length > 5);
    release();
}

Test(document, the_digest_knows_content_and_order_only)
{
    static const char *const same[] = {
        "a: 1\nb: {c: [x, y]}\n",
        "# comment\na:   1\nb:\n  c:\n  - x\n  - \"y\"\n",
        "x-y: &z [x, y]\na: 1\nb: {c: *z}\n",
    };
    char first[33];
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        char hex[33];
        cr_assert(load(same[i]));
        document_digest(&document, hex);
        release();
        memcpy(first, i == 0 ? hex : first, sizeof first);
        cr_expect_str_eq(hex, first);
    }
    static const char *const different[] = {"b: {c: [x, y]}\na: 1\n", "a: 1\nb: {c: [y, x]}\n",
                                            "a: 1\nb: {c: [x, y], d: 1}\n", "a: 1\nb: {c: xy}\n"};
    for (size_t i = 0; i < sizeof different / sizeof different[0]; i++) {
        char hex[33];
        cr_assert(load(different[i]));
        document_digest(&document, hex);
        release();
        cr_expect(strcmp(hex, first) != 0);
    }
}

Test(document, the_resolved_text_is_read_again_to_the_same_digest)
{
    static const char bytes[] =
        "params: {p: \"12:30\"}\na: $p\nb: ['', ~, \"x: y\", \"tab\\there\", '# no', \"- z\"]\n"
        "c: {\"k k\": {}, l: [], m: [[1, [2]], {n: o}]}\nd: \"multi\\nline \\\"q\\\" \\\\\"\n"
        "e: caf\xC3\xA9\n";
    char first[33];
    char second[33];
    cr_assert(load(bytes));
    document_digest(&document, first);
    struct text resolved;
    text_init(&resolved);
    document_render_resolved(&document, &resolved);
    release();
    cr_assert(load(text_get(&resolved)), "%s", text_get(&resolved));
    document_digest(&document, second);
    cr_expect_str_eq(first, second, "%s", text_get(&resolved));
    release();
    cr_expect(strstr(text_get(&resolved), "# t.yaml:1") != NULL);
    text_release(&resolved);
}
