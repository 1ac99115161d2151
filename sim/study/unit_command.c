// unit_command - what the journals of a folder belong to, as an array of words in JSON.
#include "sim/study/unit_command.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/check.h"
#include "sim/base/file.h"

void unit_command_init(struct unit_command *command)
{
    *command = (struct unit_command){0};
    arena_init_small(&command->arena);
}

void unit_command_release(struct unit_command *command)
{
    arena_release(&command->arena);
    free(command->words);
    unit_command_init(command);
}

void unit_command_add(struct unit_command *command, const char *word)
{
    if (command->count == command->room) {
        command->room = command->room == 0 ? 16 : command->room * 2;
        command->words = check_realloc(command->words, command->room * sizeof *command->words);
    }
    command->words[command->count++] = arena_text(&command->arena, word);
}

void unit_command_add_pair(struct unit_command *command, const char *option, const char *value)
{
    unit_command_add(command, option);
    unit_command_add(command, value);
}

bool unit_command_equal(const struct unit_command *one, const struct unit_command *other)
{
    bool equal = one->count == other->count;
    for (uint32_t i = 0; i < one->count && equal; i++) {
        equal = text_same(one->words[i], other->words[i]);
    }
    return equal;
}

static void name_file(const char *folder, struct text *path)
{
    text_init(path);
    text_format(path, "%s/command.json", folder);
}

bool unit_command_write(const struct unit_command *command, const char *folder, struct text *why)
{
    json_t *words = json_array();
    for (uint32_t i = 0; i < command->count; i++) {
        json_array_append_new(words, json_string(command->words[i]));
    }
    char *content = json_dumps(words, JSON_INDENT(1));
    struct text path;
    name_file(folder, &path);
    const bool good =
        content != NULL && file_write_atomic(text_get(&path), content, strlen(content), why);
    text_release(&path);
    free(content);
    json_decref(words);
    return good;
}

bool unit_command_read(struct unit_command *command, const char *folder, struct text *why)
{
    struct text path;
    name_file(folder, &path);
    json_error_t error;
    json_t *words = json_load_file(text_get(&path), 0, &error);
    bool good = json_array_size(words) > 0;
    for (size_t i = 0; i < json_array_size(words) && good; i++) {
        const char *word = json_string_value(json_array_get(words, i));
        good = word != NULL;
        unit_command_add(command, good ? word : "");
    }
    if (!good) {
        text_format(why, "%s cannot be read", text_get(&path));
    }
    json_decref(words);
    text_release(&path);
    return good;
}

void unit_command_remove(const char *folder)
{
    struct text path;
    name_file(folder, &path);
    unlink(text_get(&path));
    text_release(&path);
}
