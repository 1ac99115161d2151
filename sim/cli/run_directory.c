// run_directory - names, completeness, manifest.
#include "sim/cli/run_directory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "sim/base/build.h"
#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/base/json_write.h"

enum { SHOWN_HEX = 8 };

void run_directory_executable(struct text *hex)
{
    struct text bytes, why;
    text_init(&bytes);
    text_init(&why);
    text_clear(hex);
    if (file_read("/proc/self/exe", &bytes, &why)) {
        char digest[DIGEST_ROOM];
        text_add(hex, digest_of(bytes.bytes, bytes.length, digest));
    } else {
        text_add(hex, "unknown");
    }
    text_release(&bytes);
    text_release(&why);
}

void run_directory_digest(const char *identity, char hex[DIGEST_ROOM])
{
    struct text both;
    text_init(&both);
    text_add(&both, build_id);
    text_add_char(&both, '\n');
    text_add(&both, identity);
    digest_of(both.bytes, both.length, hex);
    text_release(&both);
}

// A name as a file name: letters, digits, - and _ stay.
static void add_file_name(struct text *path, const char *name)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    for (; *name != '\0'; name++) {
        text_add_char(path, strchr(good, *name) != NULL ? *name : '_');
    }
}

void run_directory_init(struct run_directory *directory, const char *given, const char *name,
                        const char *identity)
{
    *directory = (struct run_directory){.is_default = given == NULL};
    text_init(&directory->path);
    if (given != NULL) {
        text_add(&directory->path, given);
        return;
    }
    char digest[DIGEST_ROOM];
    run_directory_digest(identity, digest);
    text_add(&directory->path, "runs/");
    add_file_name(&directory->path, name);
    text_format(&directory->path, "-%.*s", SHOWN_HEX, digest);
}

void run_directory_release(struct run_directory *directory)
{
    text_release(&directory->path);
}

static json_t *read_manifest(const struct run_directory *directory)
{
    struct text path;
    text_init(&path);
    text_format(&path, "%s/manifest.json", text_get(&directory->path));
    json_error_t error;
    json_t *root = json_load_file(text_get(&path), 0, &error);
    text_release(&path);
    return root;
}

bool run_directory_is_complete(const struct run_directory *directory, const char *identity)
{
    json_t *root = read_manifest(directory);
    const char *found =
        root == NULL ? NULL : json_string_value(json_object_get(root, "run_digest"));
    char digest[DIGEST_ROOM];
    run_directory_digest(identity, digest);
    const bool complete = found != NULL && strcmp(found, digest) == 0;
    json_decref(root);
    return complete;
}

bool run_directory_make(const struct run_directory *directory, struct text *why)
{
    return file_make_directory(text_get(&directory->path), why);
}

bool run_directory_write(const struct run_directory *directory, const char *name,
                         const char *content, struct text *why)
{
    struct text path;
    text_init(&path);
    text_format(&path, "%s/%s", text_get(&directory->path), name);
    const bool good = file_write_atomic(text_get(&path), content, strlen(content), why);
    text_release(&path);
    return good;
}

uint64_t run_directory_peak_bytes(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (uint64_t)usage.ru_maxrss * 1024 : 0;
}

static void write_host(struct json_write *json)
{
    struct utsname host;
    if (uname(&host) == 0) {
        json_write_object(json, "host");
        json_write_text(json, "name", host.nodename);
        json_write_text(json, "system", host.sysname);
        json_write_text(json, "release", host.release);
        json_write_text(json, "machine", host.machine);
        json_write_end(json);
    }
    char now[32];
    const time_t seconds = time(NULL);
    struct tm broken;
    strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &broken));
    json_write_text(json, "finished", now);
}

static void write_manifest(struct json_write *json, const struct result *result,
                           const struct run_directory_facts *facts)
{
    char digest[DIGEST_ROOM];
    struct text executable;
    text_init(&executable);
    run_directory_executable(&executable);
    run_directory_digest(facts->identity, digest);
    json_write_object(json, NULL);
    json_write_text(json, "schema", "orrery.manifest/1");
    json_write_text(json, "run_digest", digest);
    json_write_text(json, "digest", result->digest);
    json_write_text(json, "version", result->version);
    json_write_text(json, "build", build_id);
    json_write_text(json, "executable", text_get(&executable));
    json_write_text(json, "compiler", __VERSION__);
    json_write_array(json, "argv");
    for (int i = 0; i < facts->argc; i++) {
        json_write_text(json, NULL, facts->argv[i]);
    }
    json_write_end(json);
    json_write_integer(json, "exit_status", (uint64_t)facts->exit_status);
    json_write_integer(json, "workers", facts->workers);
    json_write_number(json, "elapsed_s", facts->elapsed_s);
    json_write_number(json, "events_per_s", (double)result->events / facts->elapsed_s);
    json_write_integer(json, "peak_bytes", facts->peak_bytes);
    write_host(json);
    json_write_end(json);
    text_release(&executable);
}

bool run_directory_finish(const struct run_directory *directory, const struct result *result,
                          const struct run_directory_facts *facts, struct text *why)
{
    struct json_write json;
    json_write_init(&json);
    write_manifest(&json, result, facts);
    bool good = run_directory_write(directory, "manifest.json", json_write_get(&json), why);
    json_write_release(&json);
    if (good && directory->is_default) {
        const char *name = strrchr(text_get(&directory->path), '/') + 1;
        good = file_link(name, "runs/latest", why);
    }
    return good;
}
