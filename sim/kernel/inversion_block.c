// inversion_block - exponentials and normals of all words of a fill at once.
//
// A draw by itself is a chain of some fifty cycles; 32 of them side by side keep the processor
// busy, and the event that asks for one finds it ready. The operations and their order are those of
// inversion.h, so the bits are the same.
#include "sim/kernel/inversion.h"

#include "sim/base/path.h"

enum { WORDS = RANDOM_BLOCK_WORDS };

static void make_exponentials(struct random_stream *stream)
{
    for (int i = 0; i < WORDS; i++) {
        stream->values[i] = inversion_exponential_of(stream->words[i]);
    }
    stream->exponentials = WORDS;
}

// The middle of the law first, then its tails, whose places are noted without a branch.
static void make_normals(struct random_stream *stream)
{
    double units[WORDS];
    for (int i = 0; i < WORDS; i++) {
        units[i] = inversion_open_unit_of(stream->words[i]);
    }
    for (int i = 0; i < WORDS; i++) {
        stream->values[i] = inversion_normal_middle(units[i]);
    }
    uint32_t tails[WORDS], count = 0;
    for (uint32_t i = 0; i < WORDS; i++) {
        tails[count] = i;
        count += inversion_is_tail(units[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        stream->values[tails[i]] = inversion_normal_tail(units[tails[i]]);
    }
    stream->normals = WORDS;
}

// True if something can be made of the present words: nothing has been yet, and all are there.
static bool is_fresh(struct random_stream *stream)
{
    if (stream->next == WORDS) {
        random_stream_fill(stream);
    }
    return stream->exponentials == 0 && stream->normals == 0 && !stream->sought;
}

PATH_APART double inversion_exponential_anew(struct random_stream *stream)
{
    if (!is_fresh(stream)) {
        return inversion_exponential_of(random_word(stream));
    }
    make_exponentials(stream);
    return stream->values[stream->next++];
}

PATH_APART double inversion_normal_anew(struct random_stream *stream)
{
    if (!is_fresh(stream)) {
        return inversion_normal(inversion_open_unit(stream));
    }
    make_normals(stream);
    return stream->values[stream->next++];
}
