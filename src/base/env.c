/*
 * The clock and the randomness: the system's, and a deterministic one for tests
 * and the simulator.
 *
 * The system's generator keeps a ChaCha20 key and a block of its output for
 * each thread. Each refill replaces the key by the first bytes of the block, and
 * what is handed out is wiped from it, so that what is in memory never tells
 * what was drawn before. Every so often, and after a fork, the key comes anew
 * from the kernel.
 */
#include "env.h"

#include "secret.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define KEY_LEN crypto_stream_chacha20_ietf_KEYBYTES
#define BLOCK_LEN 2048
/* A draw from here on gets a key and a stream of its own. */
#define LARGE_LEN 1024
/* Drawn bytes after which the key comes from the kernel again. */
#define RESEED_LEN (1u << 20)
/* The counter of the stream has 32 bits of 64 bytes each; this stays below. */
#define STREAM_LEN (1ull << 32)

struct generator {
	unsigned seeded_at; /* value of forks + 1; 0: not seeded */
	uint32_t used;      /* bytes since then */
	size_t left;        /* bytes at the end of block not handed out */
	uint8_t key[KEY_LEN];
	uint8_t block[BLOCK_LEN];
};

static _Thread_local struct generator generator;
static atomic_uint forks;
static pthread_once_t watch_forks_once = PTHREAD_ONCE_INIT;

static void
count_fork(void)
{
	atomic_fetch_add(&forks, 1);
}

static void
watch_forks(void)
{
	pthread_atfork(NULL, NULL, count_fork);
}

static void
keystream(uint8_t *out, size_t len, const uint8_t key[static KEY_LEN])
{
	static const uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES];

	crypto_stream_chacha20_ietf(out, len, nonce, key);
}

static void
generator_seed(struct generator *g, unsigned now)
{
	pthread_once(&watch_forks_once, watch_forks);
	randombytes_buf(g->key, sizeof(g->key));
	g->seeded_at = now;
	g->used = 0;
	g->left = 0;
}

static void
generator_refill(struct generator *g)
{
	keystream(g->block, sizeof(g->block), g->key);
	memcpy(g->key, g->block, KEY_LEN);
	sodium_memzero(g->block, KEY_LEN);
	g->left = sizeof(g->block) - KEY_LEN;
}

static void
generator_draw(struct generator *g, uint8_t *out, size_t len)
{
	unsigned now = atomic_load_explicit(&forks, memory_order_relaxed) + 1;

	if (g->seeded_at != now || g->used >= RESEED_LEN)
		generator_seed(g, now);
	g->used += (uint32_t)len;
	while (len > 0) {
		size_t n;
		uint8_t *from;

		if (g->left == 0)
			generator_refill(g);
		n = len < g->left ? len : g->left;
		from = g->block + sizeof(g->block) - g->left;
		memcpy(out, from, n);
		sodium_memzero(from, n);
		g->left -= n;
		out += n;
		len -= n;
	}
}

static void
system_random(void *ctx, void *out, size_t len)
{
	uint8_t *p = out;

	(void)ctx;
	while (len >= LARGE_LEN) {
		size_t n = len < STREAM_LEN ? len : STREAM_LEN;
		uint8_t key[KEY_LEN];

		generator_draw(&generator, key, sizeof(key));
		keystream(p, n, key);
		sodium_memzero(key, sizeof(key));
		p += n;
		len -= n;
	}
	generator_draw(&generator, p, len);
}

static int64_t
clock_ms(clockid_t id)
{
	struct timespec ts = {0, 0};

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t
system_now_ms(void *ctx)
{
	(void)ctx;
	return clock_ms(CLOCK_REALTIME);
}

static int64_t
system_monotonic_ms(void *ctx)
{
	(void)ctx;
	return clock_ms(CLOCK_MONOTONIC);
}

const struct dlb_env *
dlb_env_system(void)
{
	static const struct dlb_env env = {
		.now_ms = system_now_ms,
		.monotonic_ms = system_monotonic_ms,
		.random = system_random,
	};

	return &env;
}

static int64_t
seeded_now_ms(void *ctx)
{
	struct dlb_env_seeded *e = ctx;

	return __atomic_load_n(&e->now_ms, __ATOMIC_RELAXED);
}

/* Each draw is the stream of the next nonce. */
static void
seeded_random(void *ctx, void *out, size_t len)
{
	struct dlb_env_seeded *e = ctx;
	uint64_t n = __atomic_fetch_add(&e->counter, 1, __ATOMIC_RELAXED);
	uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

	for (size_t i = 0; i < sizeof(nonce); i++)
		nonce[i] = (uint8_t)(n >> (8 * i));
	crypto_stream_chacha20(out, len, nonce, e->key);
}

void
dlb_env_seeded_init(struct dlb_env_seeded *e, uint64_t seed, int64_t now_ms)
{
	memset(e, 0, sizeof(*e));
	for (size_t i = 0; i < 8; i++)
		e->key[i] = (uint8_t)(seed >> (8 * i));
	e->now_ms = now_ms;
	e->env.ctx = e;
	e->env.now_ms = seeded_now_ms;
	e->env.monotonic_ms = seeded_now_ms;
	e->env.random = seeded_random;
}

int64_t
dlb_now_ms(const struct dlb_env *env)
{
	return env->now_ms(env->ctx);
}

void
dlb_random(const struct dlb_env *env, void *out, size_t len)
{
	if (len > 0)
		env->random(env->ctx, out, len);
}

uint32_t
dlb_random_below(const struct dlb_env *env, uint32_t bound)
{
	/* Below this a draw would favour the small remainders. */
	uint32_t least = -bound % bound;
	uint32_t v;

	do {
		dlb_random(env, &v, sizeof(v));
	} while (v < least);
	return v % bound;
}
