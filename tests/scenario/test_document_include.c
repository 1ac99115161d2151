// test_document_include - files join: maps merge, lists replace, $append adds, anchors go along.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/diagnostic_render.h"
#include "sim/scenario/document.h"

static char folder[64];
static struct diagnostic_list list;
static struct document document;
static struct text out;

static void set_up(void)
{
    snprintf(folder, sizeof folder, "%s/orrery-XXXXXX", P_tmpdir);
    cr_assert(mkdtemp(folder) != NULL);
    diagnostic_init(&list);
    text_init(&out);
}

static void path_of(char path[128], const char *name)
{
    snprintf(path, 128, "%s/%s", folder, name);
}

static void write_file(const char *name, const char *bytes)
{
    char path[128];
    path_of(path, name);
    FILE *file = fopen(path, "wb");
    cr_assert(file != NULL);
    fputs(bytes, file);
    fclose(file);
}

static bool load(const char *name)
{
    char path[128];
    path_of(path, name);
    return document_load(&document, path, NULL, &list);
}

static void tear_down(void)
{
    static const char *const names[] = {"main.yaml", "a.yaml", "b.yaml", "sub/c.yaml", "sub"};
    document_release(&document);
    diagnostic_release(&list);
    text_release(&out);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[128];
        path_of(path, names[i]);
        remove(path);
    }
    rmdir(folder);
}

static const char *text_at(const char *path)
{
    const struct document_node *node = document_at(&document, path);
    return node == NULL ? "(nothing)" : node->kind == DOCUMENT_SCALAR ? node->text : "(not text)";
}

TestSuite(document_include, .init = set_up, .fini = tear_down);

Test(document_include, maps_merge_lists_replace_and_append_adds)
{
    write_file("a.yaml", "m: {k: 1, l: {x: 1}}\nr: [1, 2]\ns: [1]\nt: old\n");
    write_file("main.yaml", "include: a.yaml\nm: {l: {y: 2}, n: 3}\nr: [9]\ns: {$append: [2, 3]}\n"
                            "t: new\nu: {$append: [5]}\n");
    cr_assert(load("main.yaml"));
    cr_expect_str_eq(text_at("m.k"), "1");
    cr_expect_str_eq(text_at("m.l.x"), "1");
    cr_expect_str_eq(text_at("m.l.y"), "2");
    cr_expect_str_eq(text_at("m.n"), "3");
    cr_expect(document_at(&document, "r")->count == 1);
    cr_expect_str_eq(text_at("s.2"), "3");
    cr_expect_str_eq(text_at("t"), "new");
    cr_expect_str_eq(text_at("u.0"), "5");
    cr_expect(document_peek(document.root, "include") == NULL);
}

Test(document_include, later_files_win_and_anchors_go_along)
{
    write_file("a.yaml", "x-a: &shared {k: v}\nt: a\n");
    write_file("b.yaml", "t: b\nfrom_b: *shared\n");
    write_file("main.yaml", "include: [a.yaml, ./b.yaml]\nhere: {<<: *shared}\n");
    cr_assert(load("main.yaml"));
    cr_expect_str_eq(text_at("t"), "b");
    cr_expect_str_eq(text_at("from_b.k"), "v");
    cr_expect_str_eq(text_at("here.k"), "v");
}

Test(document_include, paths_are_relative_to_the_including_file)
{
    char path[128];
    path_of(path, "sub");
    mkdir(path, 0700);
    write_file("sub/c.yaml", "include: ../a.yaml\nc: 1\n");
    write_file("a.yaml", "a: 1\n");
    write_file("main.yaml", "include: sub/c.yaml\n");
    cr_assert(load("main.yaml"));
    cr_expect_str_eq(text_at("a"), "1");
    cr_expect_str_eq(text_at("c"), "1");
}

static void expect_code(const char *code, uint32_t line, uint32_t column)
{
    cr_assert(list.count >= 1);
    cr_expect_str_eq(list.entries[0]->code, code);
    cr_expect(list.entries[0]->place.line == line && list.entries[0]->place.column == column);
}

Test(document_include, a_circle_is_an_error)
{
    write_file("a.yaml", "include: main.yaml\n");
    write_file("main.yaml", "include: a.yaml\n");
    cr_expect(!load("main.yaml"));
    expect_code("E0116", 1, 10);
    diagnostic_render(&list, DIAGNOSTIC_HUMAN, false, &out);
    cr_expect(strstr(text_get(&out), "= note: included from") != NULL, "%s", text_get(&out));
}

Test(document_include, a_missing_file_is_an_error_at_its_name)
{
    write_file("main.yaml", "a: 1\ninclude: [none.yaml]\n");
    cr_expect(!load("main.yaml"));
    expect_code("E0100", 2, 11);
    cr_expect_str_eq(text_at("a"), "1");
}

Test(document_include, devices_and_folders_are_no_files)
{
    write_file("main.yaml", "include: /dev/zero\n");
    cr_expect(!load("main.yaml"));
    expect_code("E0100", 1, 10);
}

Test(document_include, malformed_includes_are_errors)
{
    write_file("main.yaml", "include: {a: b}\n");
    cr_expect(!load("main.yaml"));
    expect_code("E0115", 1, 10);
}

Test(document_include, append_needs_a_list)
{
    write_file("a.yaml", "m: {k: 1}\n");
    write_file("main.yaml", "include: a.yaml\nm: {$append: [1]}\n");
    cr_expect(!load("main.yaml"));
    expect_code("E0117", 2, 5);
}

Test(document_include, append_stands_alone)
{
    write_file("main.yaml", "m: {$append: [1], k: 2}\n");
    cr_expect(!load("main.yaml"));
    expect_code("E0117", 1, 5);
}

Test(document_include, a_missing_main_file_is_an_error_without_a_place)
{
    cr_expect(!load("none.yaml"));
    expect_code("E0100", 0, 0);
    cr_expect(document.root != NULL && document.root->count == 0);
}

Test(document_include, a_folder_as_argument_is_an_error)
{
    cr_expect(!document_load(&document, folder, NULL, &list));
    expect_code("E0100", 0, 0);
    cr_expect(strstr(list.entries[0]->message, "directory") != NULL);
}
