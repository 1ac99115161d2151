// random - Philox4x32-10 block by block: the scalar definition, and SIMD paths of the same bits.
//
// A lane of a SIMD register holds one 32-bit word of one block in its low half. The product of two
// low halves is then one instruction, and the rubbish that later stands in a high half never enters
// a product. Sixteen blocks (32 words) a fill are independent chains, enough to hide the
// multiplier.
#include "sim/kernel/random.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "sim/base/check.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { ROUNDS = 10, BLOCKS = RANDOM_BLOCK_WORDS / 2 };

static const uint32_t MULTIPLIER_0 = 0xD2511F53, MULTIPLIER_1 = 0xCD9E8D57;
static const uint32_t WEYL_0 = 0x9E3779B9, WEYL_1 = 0xBB67AE85;

// One block: counter (block, stream), key; the output words 0 and 1, 2 and 3 are joined low word
// first.
static void fill_block(uint64_t key, uint64_t stream, uint64_t block, uint64_t *words)
{
    uint32_t a = (uint32_t)block, b = (uint32_t)(block >> 32);
    uint32_t c = (uint32_t)stream, d = (uint32_t)(stream >> 32);
    uint32_t key_0 = (uint32_t)key, key_1 = (uint32_t)(key >> 32);
    for (int round = 0; round < ROUNDS; round++) {
        const uint64_t one = (uint64_t)MULTIPLIER_0 * a;
        const uint64_t two = (uint64_t)MULTIPLIER_1 * c;
        a = (uint32_t)(two >> 32) ^ b ^ key_0;
        b = (uint32_t)two;
        c = (uint32_t)(one >> 32) ^ d ^ key_1;
        d = (uint32_t)one;
        key_0 += WEYL_0;
        key_1 += WEYL_1;
    }
    words[0] = (uint64_t)b << 32 | a;
    words[1] = (uint64_t)d << 32 | c;
}

static void fill_scalar(const struct random_stream *at, uint64_t *words)
{
    for (uint64_t i = 0; i < BLOCKS; i++) {
        fill_block(at->key, at->stream, at->block + i, words + 2 * i);
    }
}

#if defined(__x86_64__)

#define SSE2 __attribute__((target("sse2")))
#define AVX2 __attribute__((target("avx2")))
#define AVX512 __attribute__((target("avx512f")))

struct lanes_128 {
    __m128i a, b, c, d;
};

SSE2 static inline void round_128(struct lanes_128 *lanes, __m128i key_0, __m128i key_1)
{
    const __m128i one = _mm_mul_epu32(lanes->a, _mm_set1_epi64x(MULTIPLIER_0));
    const __m128i two = _mm_mul_epu32(lanes->c, _mm_set1_epi64x(MULTIPLIER_1));
    lanes->a = _mm_xor_si128(_mm_srli_epi64(two, 32), _mm_xor_si128(lanes->b, key_0));
    lanes->b = two;
    lanes->c = _mm_xor_si128(_mm_srli_epi64(one, 32), _mm_xor_si128(lanes->d, key_1));
    lanes->d = one;
}

SSE2 static inline struct lanes_128 start_128(const struct random_stream *at, uint64_t skip)
{
    const uint64_t block = at->block + skip;
    const __m128i a = _mm_set_epi64x((int64_t)(block + 1), (int64_t)block);
    const __m128i c = _mm_set1_epi64x((int64_t)at->stream);
    return (struct lanes_128){a, _mm_srli_epi64(a, 32), c, _mm_srli_epi64(c, 32)};
}

SSE2 static inline __m128i join_128(__m128i low, __m128i high)
{
    const __m128i mask = _mm_set1_epi64x(UINT32_MAX);
    return _mm_or_si128(_mm_and_si128(low, mask), _mm_slli_epi64(high, 32));
}

SSE2 static inline void store_128(const struct lanes_128 *lanes, uint64_t *words)
{
    const __m128i even = join_128(lanes->a, lanes->b), odd = join_128(lanes->c, lanes->d);
    _mm_storeu_si128((__m128i *)words, _mm_unpacklo_epi64(even, odd));
    _mm_storeu_si128((__m128i *)(words + 2), _mm_unpackhi_epi64(even, odd));
}

SSE2 static void fill_sse2(const struct random_stream *at, uint64_t *words)
{
    for (uint64_t i = 0; i < BLOCKS; i += 4) {
        struct lanes_128 first = start_128(at, i), second = start_128(at, i + 2);
        __m128i key_0 = _mm_set1_epi64x((int64_t)at->key);
        __m128i key_1 = _mm_set1_epi64x((int64_t)(at->key >> 32));
        for (int round = 0; round < ROUNDS; round++) {
            round_128(&first, key_0, key_1);
            round_128(&second, key_0, key_1);
            key_0 = _mm_add_epi64(key_0, _mm_set1_epi64x(WEYL_0));
            key_1 = _mm_add_epi64(key_1, _mm_set1_epi64x(WEYL_1));
        }
        store_128(&first, words + 2 * i);
        store_128(&second, words + 2 * i + 4);
    }
}

struct lanes_256 {
    __m256i a, b, c, d;
};

AVX2 static inline void round_256(struct lanes_256 *lanes, __m256i key_0, __m256i key_1)
{
    const __m256i one = _mm256_mul_epu32(lanes->a, _mm256_set1_epi64x(MULTIPLIER_0));
    const __m256i two = _mm256_mul_epu32(lanes->c, _mm256_set1_epi64x(MULTIPLIER_1));
    lanes->a = _mm256_xor_si256(_mm256_srli_epi64(two, 32), _mm256_xor_si256(lanes->b, key_0));
    lanes->b = two;
    lanes->c = _mm256_xor_si256(_mm256_srli_epi64(one, 32), _mm256_xor_si256(lanes->d, key_1));
    lanes->d = one;
}

AVX2 static inline struct lanes_256 start_256(const struct random_stream *at, uint64_t skip)
{
    const __m256i base = _mm256_set1_epi64x((int64_t)(at->block + skip));
    const __m256i a = _mm256_add_epi64(base, _mm256_set_epi64x(3, 2, 1, 0));
    const __m256i c = _mm256_set1_epi64x((int64_t)at->stream);
    return (struct lanes_256){a, _mm256_srli_epi64(a, 32), c, _mm256_srli_epi64(c, 32)};
}

AVX2 static inline __m256i join_256(__m256i low, __m256i high)
{
    const __m256i mask = _mm256_set1_epi64x(UINT32_MAX);
    return _mm256_or_si256(_mm256_and_si256(low, mask), _mm256_slli_epi64(high, 32));
}

AVX2 static inline void store_256(const struct lanes_256 *lanes, uint64_t *words)
{
    const __m256i even = join_256(lanes->a, lanes->b), odd = join_256(lanes->c, lanes->d);
    const __m256i low = _mm256_unpacklo_epi64(even, odd), high = _mm256_unpackhi_epi64(even, odd);
    _mm256_storeu_si256((__m256i *)words, _mm256_permute2x128_si256(low, high, 0x20));
    _mm256_storeu_si256((__m256i *)(words + 4), _mm256_permute2x128_si256(low, high, 0x31));
}

AVX2 static void fill_avx2(const struct random_stream *at, uint64_t *words)
{
    for (uint64_t i = 0; i < BLOCKS; i += 8) {
        struct lanes_256 first = start_256(at, i), second = start_256(at, i + 4);
        __m256i key_0 = _mm256_set1_epi64x((int64_t)at->key);
        __m256i key_1 = _mm256_set1_epi64x((int64_t)(at->key >> 32));
        for (int round = 0; round < ROUNDS; round++) {
            round_256(&first, key_0, key_1);
            round_256(&second, key_0, key_1);
            key_0 = _mm256_add_epi64(key_0, _mm256_set1_epi64x(WEYL_0));
            key_1 = _mm256_add_epi64(key_1, _mm256_set1_epi64x(WEYL_1));
        }
        store_256(&first, words + 2 * i);
        store_256(&second, words + 2 * i + 8);
    }
}

struct lanes_512 {
    __m512i a, b, c, d;
};

AVX512 static inline void round_512(struct lanes_512 *lanes, __m512i key_0, __m512i key_1)
{
    const __m512i one = _mm512_mul_epu32(lanes->a, _mm512_set1_epi64(MULTIPLIER_0));
    const __m512i two = _mm512_mul_epu32(lanes->c, _mm512_set1_epi64(MULTIPLIER_1));
    lanes->a = _mm512_xor_si512(_mm512_srli_epi64(two, 32), _mm512_xor_si512(lanes->b, key_0));
    lanes->b = two;
    lanes->c = _mm512_xor_si512(_mm512_srli_epi64(one, 32), _mm512_xor_si512(lanes->d, key_1));
    lanes->d = one;
}

AVX512 static inline struct lanes_512 start_512(const struct random_stream *at, uint64_t skip)
{
    const __m512i base = _mm512_set1_epi64((int64_t)(at->block + skip));
    const __m512i a = _mm512_add_epi64(base, _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0));
    const __m512i c = _mm512_set1_epi64((int64_t)at->stream);
    return (struct lanes_512){a, _mm512_srli_epi64(a, 32), c, _mm512_srli_epi64(c, 32)};
}

AVX512 static inline __m512i join_512(__m512i low, __m512i high)
{
    const __m512i mask = _mm512_set1_epi64(UINT32_MAX);
    return _mm512_or_si512(_mm512_and_si512(low, mask), _mm512_slli_epi64(high, 32));
}

AVX512 static inline void store_512(const struct lanes_512 *lanes, uint64_t *words)
{
    const __m512i even = join_512(lanes->a, lanes->b), odd = join_512(lanes->c, lanes->d);
    const __m512i front = _mm512_set_epi64(11, 3, 10, 2, 9, 1, 8, 0);
    const __m512i back = _mm512_set_epi64(15, 7, 14, 6, 13, 5, 12, 4);
    _mm512_storeu_si512(words, _mm512_permutex2var_epi64(even, front, odd));
    _mm512_storeu_si512(words + 8, _mm512_permutex2var_epi64(even, back, odd));
}

AVX512 static void fill_avx512(const struct random_stream *at, uint64_t *words)
{
    struct lanes_512 first = start_512(at, 0), second = start_512(at, 8);
    __m512i key_0 = _mm512_set1_epi64((int64_t)at->key);
    __m512i key_1 = _mm512_set1_epi64((int64_t)(at->key >> 32));
    for (int round = 0; round < ROUNDS; round++) {
        round_512(&first, key_0, key_1);
        round_512(&second, key_0, key_1);
        key_0 = _mm512_add_epi64(key_0, _mm512_set1_epi64(WEYL_0));
        key_1 = _mm512_add_epi64(key_1, _mm512_set1_epi64(WEYL_1));
    }
    store_512(&first, words);
    store_512(&second, words + 16);
}

#endif

bool random_fill_by(enum random_path path, const struct random_stream *at, uint64_t *words)
{
    switch (path) {
    case RANDOM_SCALAR:
        fill_scalar(at, words);
        return true;
#if defined(__x86_64__)
    case RANDOM_SSE2:
        fill_sse2(at, words);
        return true;
    case RANDOM_AVX2:
        if (__builtin_cpu_supports("avx2")) {
            fill_avx2(at, words);
            return true;
        }
        return false;
    case RANDOM_AVX512:
        if (__builtin_cpu_supports("avx512f")) {
            fill_avx512(at, words);
            return true;
        }
        return false;
#else
    case RANDOM_SSE2:
    case RANDOM_AVX2:
    case RANDOM_AVX512:
        return false;
#endif
    }
    return false;
}

// The choice is free: every path gives the same bits.
void random_stream_fill(struct random_stream *stream)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) {
        fill_avx512(stream, stream->words);
    } else if (__builtin_cpu_supports("avx2")) {
        fill_avx2(stream, stream->words);
    } else {
        fill_sse2(stream, stream->words);
    }
#else
    fill_scalar(stream, stream->words);
#endif
    stream->block += BLOCKS;
    stream->next = 0;
    stream->exponentials = stream->normals = 0;
    stream->sought = false;
}

uint64_t random_key(uint64_t seed, uint64_t replication)
{
    const uint64_t both[2] = {seed, replication};
    return XXH3_64bits(both, sizeof both);
}

void random_stream_init(struct random_stream *stream, uint64_t key, uint64_t name_hash)
{
    memset(stream, 0, sizeof *stream);
    stream->key = key;
    stream->stream = name_hash;
    stream->next = RANDOM_BLOCK_WORDS;
}

void random_stream_seek(struct random_stream *stream, uint64_t key, uint64_t name_hash,
                        uint64_t index)
{
    CHECK(index < (uint64_t)1 << 56);
    stream->key = key;
    stream->stream = name_hash;
    stream->block = (index << 8) + 1;
    stream->next = RANDOM_BLOCK_WORDS - 2;
    stream->exponentials = stream->normals = 0;
    stream->sought = true;
    fill_block(key, name_hash, index << 8, stream->words + stream->next);
}

uint64_t random_below(struct random_stream *stream, uint64_t bound)
{
    CHECK(bound > 0);
    unsigned __int128 product = (unsigned __int128)random_word(stream) * bound;
    if ((uint64_t)product < bound) {
        const uint64_t threshold = -bound % bound;
        while ((uint64_t)product < threshold) {
            product = (unsigned __int128)random_word(stream) * bound;
        }
    }
    return (uint64_t)(product >> 64);
}
