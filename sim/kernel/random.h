// random - named streams of random numbers: Philox4x32-10 (Random123), filled in blocks.
//
// Key = XXH3-64 of (seed, replication); counter = (64-bit stream, 64-bit block). A stream is the
// hash of a name, so adding a component moves nobody else's luck and two variants of a scenario
// share their numbers name by name. The SIMD paths give the same bits as the scalar one.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { RANDOM_BLOCK_WORDS = 32 }; // 64-bit words a refill

struct random_stream {
    uint64_t key;
    uint64_t stream;
    uint64_t block; // next Philox block number
    uint32_t next;  // next unused word
    // What inversion.h has made of the words, all at once: those ends are 0 or RANDOM_BLOCK_WORDS.
    uint8_t exponentials, normals; // which of the two `values` are, up to here
    bool sought;                   // the words before `next` were never filled
    uint64_t words[RANDOM_BLOCK_WORDS];
    double values[RANDOM_BLOCK_WORDS];
};

uint64_t random_key(uint64_t seed, uint64_t replication);
void random_stream_init(struct random_stream *stream, uint64_t key, uint64_t name_hash);
void random_stream_fill(struct random_stream *stream);

// The words of the next fill by one given path, for comparison; false if this CPU lacks it.
enum random_path { RANDOM_SCALAR, RANDOM_SSE2, RANDOM_AVX2, RANDOM_AVX512 };
bool random_fill_by(enum random_path path, const struct random_stream *at, uint64_t *words);

static inline uint64_t random_word(struct random_stream *stream)
{
    if (stream->next == RANDOM_BLOCK_WORDS) {
        random_stream_fill(stream);
    }
    return stream->words[stream->next++];
}

// Uniform in [0, 1) on a grid of 2^-53; in (0, 1) with the half step added.
static inline double random_unit(struct random_stream *stream)
{
    return (double)(random_word(stream) >> 11) * 0x1p-53;
}

static inline double random_open_unit(struct random_stream *stream)
{
    return ((double)(random_word(stream) >> 12) + 0.5) * 0x1p-52;
}

// Uniform in [0, bound), without bias (Lemire's multiplication with rejection). bound > 0.
uint64_t random_below(struct random_stream *stream, uint64_t bound);

// True with the given probability.
static inline int random_chance(struct random_stream *stream, double probability)
{
    return random_unit(stream) < probability;
}

// A stream that stands at draw `index` (below 2^56) of the stream of that name: 512 words an index,
// the first two at the price of one block. For values that are derived again instead of being kept.
void random_stream_seek(struct random_stream *stream, uint64_t key, uint64_t name_hash,
                        uint64_t index);
