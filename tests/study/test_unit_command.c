// test_unit_command - the words that journals belong to are read as they were written, or refused.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/file.h"
#include "sim/study/unit_command.h"

static void make_folder(char folder[64])
{
    snprintf(folder, 64, "%s/orrery-command-XXXXXX", P_tmpdir);
    cr_assert_not_null(mkdtemp(folder));
}

Test(unit_command, words_come_back_as_they_were)
{
    char folder[64];
    struct unit_command written, read;
    struct text why;
    make_folder(folder);
    text_init(&why);
    unit_command_init(&written);
    unit_command_init(&read);
    unit_command_add_pair(&written, "run", "a b/it's \"one\".yaml");
    for (int i = 0; i < 40; i++) {
        unit_command_add_pair(&written, "--set", "n=\xC2\xB5\\");
    }
    cr_assert(unit_command_write(&written, folder, &why), "%s", text_get(&why));
    cr_assert(unit_command_read(&read, folder, &why), "%s", text_get(&why));
    cr_expect_eq(read.count, 82);
    cr_expect_str_eq(read.words[1], "a b/it's \"one\".yaml");
    cr_expect_str_eq(read.words[81], "n=\xC2\xB5\\");
    cr_expect(unit_command_equal(&written, &read));
    unit_command_add(&read, "--stop-on-fail");
    cr_expect(!unit_command_equal(&written, &read));
    unit_command_remove(folder);
    cr_expect_eq(rmdir(folder), 0);
    unit_command_release(&written);
    unit_command_release(&read);
    text_release(&why);
}

Test(unit_command, what_is_no_list_of_words_is_refused)
{
    static const char *const contents[] = {"",         "[]", "{\"run\": 1}", "[\"run\", 3]",
                                           "[\"run\"", "7"};
    char folder[64], path[128];
    make_folder(folder);
    snprintf(path, sizeof path, "%s/command.json", folder);
    for (size_t i = 0; i <= sizeof contents / sizeof contents[0]; i++) {
        struct unit_command command;
        struct text why;
        text_init(&why);
        unit_command_init(&command);
        cr_expect(!unit_command_read(&command, folder, &why));
        cr_expect(strstr(text_get(&why), "command.json cannot be read") != NULL);
        if (i < sizeof contents / sizeof contents[0]) {
            cr_assert(file_write_atomic(path, contents[i], strlen(contents[i]), &why));
        }
        unit_command_release(&command);
        text_release(&why);
    }
    unit_command_remove(folder);
    rmdir(folder);
}
