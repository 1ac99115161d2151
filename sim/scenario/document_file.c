// document_file - data files that a scenario names: measured values, profiles, traces.
#include "sim/scenario/document_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/base/check.h"
#include "sim/base/digest.h"
#include "sim/scenario/document_source.h"

// The folder that a node's paths are relative to, with its stroke; "" for the working folder.
static const char *folder_of(const struct document *document, const struct document_node *node,
                             int *length)
{
    const struct document_node *written = node->definition == NULL ? node : node->definition;
    const struct diagnostic_source *source =
        diagnostic_source(document->diagnostics, written->place.source);
    const bool from_file = source != NULL && written->place.source >= document->source &&
                           written->place.source < document->overrides_source;
    const char *path = from_file ? source->name : document->path;
    const char *slash = strrchr(path, '/');
    *length = slash == NULL ? 0 : (int)(slash + 1 - path);
    return path;
}

static const char *full_path(struct document *document, const struct document_node *node,
                             const char *name)
{
    int length = 0;
    const char *folder = folder_of(document, node, &length);
    if (name[0] == '/') {
        return arena_text(&document->arena, name);
    }
    return arena_format(&document->arena, "%.*s%s", length, folder, name);
}

static void attach(struct document *document, const struct document_file *file)
{
    document->data_hash =
        digest_mix(document->data_hash, digest_bytes(file->bytes, file->length, 0));
    document->data_files++;
}

static bool refuse(struct document *document, const struct document_node *node, const char *path,
                   const char *why)
{
    document_error(document, node, "E0100", "cannot read `%s`: %s", path, why);
    return false;
}

bool document_file_init(struct document_file *file, struct document *document,
                        const struct document_node *node, const char *name)
{
    *file = (struct document_file){.path = full_path(document, node, name)};
    struct stat status;
    if (stat(file->path, &status) == 0 && !S_ISREG(status.st_mode)) {
        return refuse(document, node, file->path, "it is no ordinary file");
    }
    struct document_source_content content;
    const enum document_source_outcome outcome =
        document_source_read(file->path, DOCUMENT_FILE_BYTES, &content);
    if (outcome != DOCUMENT_SOURCE_READ) {
        free(content.bytes);
        return refuse(document, node, file->path,
                      outcome == DOCUMENT_SOURCE_LARGE ? "it has more than 256 MiB" : content.why);
    }
    file->bytes = check_realloc(content.bytes, content.length + 1);
    file->bytes[content.length] = '\0';
    file->length = content.length;
    attach(document, file);
    return true;
}

void document_file_release(struct document_file *file)
{
    free(file->bytes);
    *file = (struct document_file){0};
}

bool document_file_line(struct document_file *file, size_t *at, char **line)
{
    if (*at == 0 && file->length >= 3 && memcmp(file->bytes, "\xEF\xBB\xBF", 3) == 0) {
        *at = 3;
    }
    if (*at >= file->length) {
        return false;
    }
    *line = file->bytes + *at;
    size_t end = *at;
    while (end < file->length && file->bytes[end] != '\n' && file->bytes[end] != '\r') {
        end++;
    }
    const bool two =
        end + 1 < file->length && file->bytes[end] == '\r' && file->bytes[end + 1] == '\n';
    file->bytes[end] = '\0';
    *at = end + (two ? 2 : 1);
    return true;
}
