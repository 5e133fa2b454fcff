/* SPDX-License-Identifier: Apache-2.0 */
/* base/random.c: Philox 4x32-10, a counter-based generator: no state to share, save or forget. */
#include "base/random.h"

#include <stdatomic.h>
#include <sys/random.h>
#include <time.h>

#define ROUNDS 10

void gpt__philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53 * c0;
        uint64_t p1 = (uint64_t)0xCD9E8D57 * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        uint32_t n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9;
        k1 += 0xBB67AE85;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

double gpt__random_uniform(uint64_t seed, uint64_t stream, uint64_t position)
{
    const uint32_t counter[4] = {(uint32_t)position, (uint32_t)(position >> 32), (uint32_t)stream,
                                 (uint32_t)(stream >> 32)};
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint32_t words[4];
    gpt__philox(words, counter, key);
    uint64_t bits = (uint64_t)words[0] << 32 | words[1];
    return (double)(bits >> 11) * 0x1p-53;
}

uint64_t gpt__random_seed(void)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == (ssize_t)sizeof seed)
        return seed;
    /* Before the system has gathered entropy: the time and a count, mixed by Philox. */
    static atomic_uint_fast64_t calls;
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    const uint32_t counter[4] = {(uint32_t)now.tv_sec, (uint32_t)now.tv_nsec,
                                 (uint32_t)atomic_fetch_add(&calls, 1), 0};
    const uint32_t key[2] = {0, 0};
    uint32_t words[4];
    gpt__philox(words, counter, key);
    return (uint64_t)words[0] << 32 | words[1];
}
