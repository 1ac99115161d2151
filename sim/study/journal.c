// journal - units of work that are done, in a file that only grows: what survives the death of a
// worker at any byte.
#include "sim/study/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sim/base/check.h"
#include "sim/base/digest.h"

enum { HEAD_BYTES = 80, IDENTITY_BYTES = 64, FRAME_BYTES = 20, SUM_BYTES = 8 };
enum record_kind { RECORD_ATTEMPT = 1, RECORD_RESULT = 2, RECORD_TAKEN_BACK = 3 };

static const char MAGIC[16] = "orrery journal 1";

// ---- the place of a unit ------------------------------------------------------------------------

void journal_init(struct journal *journal, const char *identity)
{
    *journal = (struct journal){.file = -1, .identity = identity};
    map_init(&journal->places);
}

void journal_release(struct journal *journal)
{
    for (uint32_t i = 0; i < journal->path_count; i++) {
        free(journal->paths[i]);
    }
    free(journal->paths);
    free(journal->entries);
    map_release(&journal->places);
    if (journal->file >= 0) {
        fdatasync(journal->file);
        close(journal->file);
    }
    journal_init(journal, journal->identity);
}

static uint64_t key_of(uint64_t unit)
{
    return digest_mix(unit, 0x6a6f);
}

static struct journal_entry *entry_of(struct journal *journal, uint64_t unit)
{
    const uint32_t place = map_get(&journal->places, key_of(unit));
    if (place != 0) {
        return &journal->entries[place - 1];
    }
    if (journal->count == journal->room) {
        journal->room = journal->room == 0 ? 64 : journal->room * 2;
        journal->entries =
            check_realloc(journal->entries, journal->room * sizeof *journal->entries);
    }
    journal->entries[journal->count++] = (struct journal_entry){.unit = unit};
    map_set(&journal->places, key_of(unit), journal->count);
    return &journal->entries[journal->count - 1];
}

const struct journal_entry *journal_find(const struct journal *journal, uint64_t unit)
{
    const uint32_t place = map_get(&journal->places, key_of(unit));
    const struct journal_entry *entry = place == 0 ? NULL : &journal->entries[place - 1];
    return entry == NULL || entry->source == 0 ? NULL : entry;
}

static uint32_t add_path(struct journal *journal, const char *path)
{
    journal->paths =
        check_realloc(journal->paths, (journal->path_count + 1) * sizeof *journal->paths);
    char *copy = check_calloc(strlen(path) + 1, 1);
    memcpy(copy, path, strlen(path));
    journal->paths[journal->path_count++] = copy;
    return journal->path_count;
}

static void digest(const unsigned char *bytes, size_t length, uint64_t digests[2])
{
    digests[0] = digest_bytes(bytes, length, 0);
    digests[1] = digest_bytes(bytes, length, 1);
}

unsigned char *journal_load(const struct journal *journal, const struct journal_entry *entry)
{
    const int file = open(journal->paths[entry->source - 1], O_RDONLY | O_CLOEXEC);
    unsigned char *bytes = check_calloc(entry->length + 1, 1);
    size_t at = 0;
    ssize_t got = file < 0 ? 0 : 1;
    while (got > 0 && at < entry->length) {
        got = pread(file, bytes + at, entry->length - at, (off_t)(entry->offset + at));
        at += got > 0 ? (size_t)got : 0;
    }
    if (file >= 0) {
        close(file);
    }
    uint64_t digests[2];
    digest(bytes, at, digests);
    if (at < entry->length || memcmp(digests, entry->digests, sizeof digests) != 0) {
        free(bytes);
        return NULL;
    }
    return bytes;
}

bool journal_is_deadly(const struct journal *journal, uint64_t unit)
{
    const uint32_t place = map_get(&journal->places, key_of(unit));
    return place != 0 && journal->entries[place - 1].source == 0 &&
           journal->entries[place - 1].attempts >= JOURNAL_DEADLY;
}

// ---- reading ------------------------------------------------------------------------------------

static uint32_t number_at(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static uint64_t word_at(const unsigned char *bytes)
{
    return number_at(bytes) | (uint64_t)number_at(bytes + 4) << 32;
}

static void put_number(unsigned char *bytes, uint32_t number)
{
    for (int i = 0; i < 4; i++) {
        bytes[i] = (unsigned char)(number >> 8 * i);
    }
}

static void put_word(unsigned char *bytes, uint64_t word)
{
    put_number(bytes, (uint32_t)word);
    put_number(bytes + 4, (uint32_t)(word >> 32));
}

static void make_head(const struct journal *journal, unsigned char head[HEAD_BYTES])
{
    memset(head, 0, HEAD_BYTES);
    memcpy(head, MAGIC, sizeof MAGIC);
    const size_t length = strlen(journal->identity);
    CHECK(length <= IDENTITY_BYTES);
    memcpy(head + sizeof MAGIC, journal->identity, length);
}

// Where a result stands: in which file, at which byte.
struct place {
    uint32_t source;
    uint64_t offset;
};

static enum journal_status keep_result(struct journal *journal, uint64_t unit,
                                       const unsigned char *bytes, size_t length,
                                       struct place place)
{
    struct journal_entry *entry = entry_of(journal, unit);
    uint64_t digests[2];
    digest(bytes, length, digests);
    if (entry->source != 0) {
        const bool equal =
            entry->length == length && memcmp(entry->digests, digests, sizeof digests) == 0;
        return equal ? JOURNAL_OPEN : JOURNAL_UNEQUAL;
    }
    entry->source = place.source;
    entry->offset = place.offset;
    entry->length = length;
    memcpy(entry->digests, digests, sizeof digests);
    return JOURNAL_OPEN;
}

// The length of the record that begins here, 0: torn, or none.
static size_t record_length(const unsigned char *bytes, size_t length)
{
    if (length < FRAME_BYTES + SUM_BYTES) {
        return 0;
    }
    const uint32_t kind = number_at(bytes);
    const uint64_t payload = word_at(bytes + 12);
    if (kind < RECORD_ATTEMPT || kind > RECORD_TAKEN_BACK ||
        payload > length - FRAME_BYTES - SUM_BYTES) {
        return 0;
    }
    const size_t covered = FRAME_BYTES + (size_t)payload;
    const bool sound = digest_bytes(bytes, covered, 0) == word_at(bytes + covered);
    return sound ? covered + SUM_BYTES : 0;
}

// Reads records from `at` on; returns where the last whole one ends.
static size_t read_records(struct journal *journal, const unsigned char *bytes, size_t length,
                           enum journal_status *status)
{
    const uint32_t source = journal->path_count;
    size_t at = length < HEAD_BYTES ? length : HEAD_BYTES, more;
    while (*status == JOURNAL_OPEN && (more = record_length(bytes + at, length - at)) > 0) {
        const uint64_t unit = word_at(bytes + at + 4);
        const uint32_t kind = number_at(bytes + at);
        if (kind != RECORD_RESULT) {
            entry_of(journal, unit)->attempts += kind == RECORD_ATTEMPT ? 1 : UINT32_MAX;
        } else {
            *status =
                keep_result(journal, unit, bytes + at + FRAME_BYTES, more - FRAME_BYTES - SUM_BYTES,
                            (struct place){source, at + FRAME_BYTES});
        }
        at += more;
    }
    return at;
}

static unsigned char *read_file(int file, size_t *length)
{
    struct stat facts;
    if (fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        return NULL;
    }
    unsigned char *bytes = check_calloc((size_t)facts.st_size + 1, 1);
    size_t at = 0;
    while (at < (size_t)facts.st_size) {
        const ssize_t got = pread(file, bytes + at, (size_t)facts.st_size - at, (off_t)at);
        if (got <= 0) {
            break;
        }
        at += (size_t)got;
    }
    *length = at;
    return bytes;
}

// A file shorter than its head is one whose process has just begun, or ended there: it is empty.
static bool is_begun(const unsigned char head[HEAD_BYTES], const unsigned char *bytes,
                     size_t length)
{
    return length < HEAD_BYTES && memcmp(bytes, head, length) == 0;
}

static enum journal_status judge_head(const struct journal *journal, const unsigned char *bytes,
                                      size_t length, const char *path, struct text *why)
{
    unsigned char head[HEAD_BYTES];
    make_head(journal, head);
    if (is_begun(head, bytes, length)) {
        return JOURNAL_OPEN;
    }
    if (length < sizeof MAGIC || memcmp(bytes, MAGIC, sizeof MAGIC) != 0) {
        text_format(why, "%s is no journal of this program", path);
        return JOURNAL_FOREIGN;
    }
    if (length < HEAD_BYTES || memcmp(bytes, head, HEAD_BYTES) != 0) {
        text_format(why,
                    "%s belongs to another scenario, seed or version of the program (%.*s, here "
                    "%s); move it away, or run with what it was made with",
                    path, length < HEAD_BYTES ? 0 : IDENTITY_BYTES, bytes + sizeof MAGIC,
                    journal->identity);
        return JOURNAL_FOREIGN;
    }
    return JOURNAL_OPEN;
}

// Reads the open file; `end` is where its last whole record ends.
static enum journal_status read_all(struct journal *journal, int file, const char *path,
                                    size_t *end, struct text *why)
{
    size_t length = 0;
    unsigned char *bytes = read_file(file, &length);
    if (bytes == NULL) {
        text_format(why, "%s cannot be read: %s", path, strerror(errno));
        return JOURNAL_UNUSABLE;
    }
    enum journal_status status = judge_head(journal, bytes, length, path, why);
    if (status == JOURNAL_OPEN) {
        add_path(journal, path);
        *end = read_records(journal, bytes, length, &status);
        journal->cut += status == JOURNAL_OPEN ? length - *end : 0;
        if (status == JOURNAL_UNEQUAL) {
            text_format(why,
                        "%s holds a unit whose result differs from another copy of it: the "
                        "results of this machine cannot be trusted",
                        path);
        }
    }
    free(bytes);
    return status;
}

static int open_for_reading(const char *path, struct text *why)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        text_format(why, "%s cannot be opened: %s", path, strerror(errno));
    }
    return file;
}

enum journal_status journal_check(const struct journal *journal, const char *path,
                                  struct text *why)
{
    unsigned char head[HEAD_BYTES];
    const int file = open_for_reading(path, why);
    if (file < 0) {
        return JOURNAL_UNUSABLE;
    }
    const ssize_t length = pread(file, head, sizeof head, 0);
    if (length < 0) {
        text_format(why, "%s cannot be read: %s", path, strerror(errno));
    }
    close(file);
    return length < 0 ? JOURNAL_UNUSABLE : judge_head(journal, head, (size_t)length, path, why);
}

enum journal_status journal_read(struct journal *journal, const char *path, struct text *why)
{
    const int file = open_for_reading(path, why);
    if (file < 0) {
        return JOURNAL_UNUSABLE;
    }
    size_t end = 0;
    const enum journal_status status = read_all(journal, file, path, &end, why);
    close(file);
    return status;
}

// ---- writing ------------------------------------------------------------------------------------

static bool write_all(int file, const unsigned char *bytes, size_t length)
{
    while (length > 0) {
        const ssize_t done = write(file, bytes, length);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return false;
        }
        bytes += done;
        length -= (size_t)done;
    }
    return true;
}

static enum journal_status give_up(struct journal *journal, const char *path, struct text *why)
{
    text_format(why, "cannot write %s: %s", path, strerror(errno));
    if (journal->file >= 0) {
        close(journal->file);
        journal->file = -1;
    }
    return JOURNAL_UNUSABLE;
}

static bool is_fresh(int file, const unsigned char head[HEAD_BYTES])
{
    struct stat facts;
    unsigned char begun[HEAD_BYTES] = {0};
    if (fstat(file, &facts) != 0 || facts.st_size >= HEAD_BYTES) {
        return false;
    }
    const size_t size = (size_t)facts.st_size;
    return pread(file, begun, size, 0) == (ssize_t)size && is_begun(head, begun, size);
}

enum journal_status journal_append_to(struct journal *journal, const char *path, struct text *why)
{
    CHECK(journal->file < 0);
    journal->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (journal->file < 0) {
        return give_up(journal, path, why);
    }
    size_t end = HEAD_BYTES;
    unsigned char head[HEAD_BYTES];
    make_head(journal, head);
    if (is_fresh(journal->file, head)) {
        if (ftruncate(journal->file, 0) != 0 || !write_all(journal->file, head, HEAD_BYTES)) {
            return give_up(journal, path, why);
        }
    }
    const enum journal_status status = read_all(journal, journal->file, path, &end, why);
    if (status != JOURNAL_OPEN) {
        close(journal->file);
        journal->file = -1;
        return status;
    }
    if (ftruncate(journal->file, (off_t)end) != 0 ||
        lseek(journal->file, (off_t)end, SEEK_SET) < 0) {
        return give_up(journal, path, why);
    }
    journal->source = journal->path_count;
    journal->end = end;
    return JOURNAL_OPEN;
}

// One write, so that a death in between leaves a torn tail and nothing else.
static bool write_record(struct journal *journal, enum record_kind kind, uint64_t unit,
                         const unsigned char *bytes, size_t length)
{
    unsigned char *record = check_calloc(FRAME_BYTES + length + SUM_BYTES, 1);
    put_number(record, kind);
    put_word(record + 4, unit);
    put_word(record + 12, length);
    if (length > 0) {
        memcpy(record + FRAME_BYTES, bytes, length);
    }
    put_word(record + FRAME_BYTES + length, digest_bytes(record, FRAME_BYTES + length, 0));
    const bool good = write_all(journal->file, record, FRAME_BYTES + length + SUM_BYTES);
    journal->end += good ? FRAME_BYTES + length + SUM_BYTES : 0;
    free(record);
    return good;
}

static bool sync_now_and_then(struct journal *journal)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec == journal->synced_s) {
        return true;
    }
    journal->synced_s = now.tv_sec;
    return fdatasync(journal->file) == 0;
}

bool journal_note_attempt(struct journal *journal, uint64_t unit, struct text *why)
{
    if (journal->file < 0 || !write_record(journal, RECORD_ATTEMPT, unit, NULL, 0)) {
        give_up(journal, "the journal", why);
        return false;
    }
    entry_of(journal, unit)->attempts++;
    return true;
}

void journal_take_back(struct journal *journal, uint64_t unit)
{
    if (journal->file >= 0 && write_record(journal, RECORD_TAKEN_BACK, unit, NULL, 0)) {
        entry_of(journal, unit)->attempts--;
    }
}

enum journal_status journal_note_result(struct journal *journal, uint64_t unit,
                                        const unsigned char *bytes, size_t length, struct text *why)
{
    const struct place place = {journal->source, journal->end + FRAME_BYTES};
    const enum journal_status kept = keep_result(journal, unit, bytes, length, place);
    if (kept != JOURNAL_OPEN) {
        text_format(why,
                    "unit %llu of point %llu came out differently a second time: the "
                    "results of this machine cannot be trusted",
                    (unsigned long long)(unit & UINT32_MAX), (unsigned long long)(unit >> 32));
        return kept;
    }
    if (journal->file < 0 || !write_record(journal, RECORD_RESULT, unit, bytes, length) ||
        !sync_now_and_then(journal)) {
        return give_up(journal, "the journal", why);
    }
    return JOURNAL_OPEN;
}
