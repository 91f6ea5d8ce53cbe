/* The seeded environment repeats itself; the system's never does, also across
 * threads and forks; draws below a bound are uniform. */
#include "base_test.h"

#include <pthread.h>
#include <sys/wait.h>

static void
seeds_repeat(void **state)
{
	struct dlb_env_seeded a, b, c;
	uint8_t x[100], y[100], z[100];

	(void)state;
	dlb_env_seeded_init(&a, 7, 1000);
	dlb_env_seeded_init(&b, 7, 2000);
	dlb_env_seeded_init(&c, 8, 1000);
	dlb_random(&a.env, x, sizeof(x));
	dlb_random(&b.env, y, sizeof(y));
	dlb_random(&c.env, z, sizeof(z));
	assert_memory_equal(x, y, sizeof(x));
	assert_memory_not_equal(x, z, sizeof(x));
	dlb_random(&a.env, y, sizeof(y));
	assert_memory_not_equal(x, y, sizeof(x));
	/* No draw, no step. */
	dlb_random(&b.env, NULL, 0);
	dlb_random(&b.env, x, sizeof(x));
	assert_memory_equal(x, y, sizeof(x));
}

static void
the_clock_is_the_tests(void **state)
{
	struct dlb_env_seeded e;

	(void)state;
	dlb_env_seeded_init(&e, 1, 12345);
	assert_int_equal(dlb_now_ms(&e.env), 12345);
	e.now_ms = 99999;
	assert_int_equal(dlb_now_ms(&e.env), 99999);
	assert_int_equal(e.env.monotonic_ms(e.env.ctx), 99999);
}

static void
the_system_clocks_go(void **state)
{
	const struct dlb_env *env = dlb_env_system();
	int64_t a = env->monotonic_ms(env->ctx);

	(void)state;
	assert_true(dlb_now_ms(env) > 1700000000000);
	assert_true(env->monotonic_ms(env->ctx) >= a);
}

/* Chances that any of these fails by accident are below 2^-100. */
static void
draws_of_every_length_differ(void **state)
{
	static const size_t lengths[] = {
		13, 32, 1023, 1024, 1025, 2016, 2017, 70000};
	const struct dlb_env *env = dlb_env_system();
	uint8_t *a = malloc(70000), *b = malloc(70000);

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	for (size_t i = 0; i < DLB_ARRAY_LEN(lengths); i++) {
		size_t len = lengths[i];

		memset(a, 0, len);
		dlb_random(env, a, len);
		dlb_random(env, b, len);
		assert_memory_not_equal(a, b, len);
		/* The end is filled as well. */
		assert_memory_not_equal(a + len - 13, b + len - 13, 13);
	}
	free(a);
	free(b);
}

/* Past several blocks and keys no 16 bytes come twice. */
#define DRAWS 100000

static int
compare16(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

static void
nothing_comes_twice(void **state)
{
	const struct dlb_env *env = dlb_env_system();
	uint8_t(*all)[16] = malloc(DRAWS * sizeof(*all));

	(void)state;
	assert_non_null(all);
	for (size_t i = 0; i < DRAWS; i++)
		dlb_random(env, all[i], 16);
	qsort(all, DRAWS, 16, compare16);
	for (size_t i = 1; i < DRAWS; i++)
		assert_memory_not_equal(all[i - 1], all[i], 16);
	free(all);
}

static void *
draw32(void *out)
{
	dlb_random(dlb_env_system(), out, 32);
	return NULL;
}

static void
threads_draw_apart(void **state)
{
	uint8_t drawn[8][32];
	pthread_t threads[8];

	(void)state;
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, draw32, drawn[i]), 0);
	for (size_t i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < 8; i++)
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(drawn[i], drawn[j], 32);
}

static void
forks_draw_apart(void **state)
{
	uint8_t mine[32], theirs[32];
	int fds[2], status;
	pid_t pid;

	(void)state;
	/* So that the state of the generator is copied. */
	draw32(mine);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		draw32(theirs);
		_exit(write(fds[1], theirs, 32) != 32);
	}
	draw32(mine);
	assert_int_equal(read(fds[0], theirs, 32), 32);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_memory_not_equal(mine, theirs, 32);
	close(fds[0]);
	close(fds[1]);
}

static void
below_is_uniform(void **state)
{
	static const uint32_t bounds[] = {1, 2, 3, 7, 8, 10};
	struct dlb_env_seeded e;

	(void)state;
	dlb_env_seeded_init(&e, 5, 0);
	for (size_t b = 0; b < DLB_ARRAY_LEN(bounds); b++) {
		unsigned seen[10] = {0}, each = 60000 / bounds[b];

		for (int i = 0; i < 60000; i++) {
			uint32_t v = dlb_random_below(&e.env, bounds[b]);

			assert_true(v < bounds[b]);
			seen[v]++;
		}
		for (uint32_t v = 0; v < bounds[b]; v++)
			assert_in_range(seen[v], each * 9 / 10, each * 11 / 10);
	}
}

/* Values that would favour the small remainders are drawn again. */
struct scripted {
	uint32_t values[4];
	unsigned at;
};

static void
scripted_random(void *ctx, void *out, size_t len)
{
	struct scripted *s = ctx;

	assert_int_equal(len, 4);
	memcpy(out, &s->values[s->at++], 4);
}

static void
below_rejects_what_would_bias(void **state)
{
	/* 2^32 mod 6 is 4: the values 0 to 3 are one too many. */
	struct scripted s = {{0, 3, 4, 0}, 0};
	struct dlb_env env = {&s, NULL, NULL, scripted_random};

	(void)state;
	assert_int_equal(dlb_random_below(&env, 6), 4);
	assert_int_equal(s.at, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seeds_repeat),
		cmocka_unit_test(the_clock_is_the_tests),
		cmocka_unit_test(the_system_clocks_go),
		cmocka_unit_test(draws_of_every_length_differ),
		cmocka_unit_test(nothing_comes_twice),
		cmocka_unit_test(threads_draw_apart),
		cmocka_unit_test(forks_draw_apart),
		cmocka_unit_test(below_is_uniform),
		cmocka_unit_test(below_rejects_what_would_bias),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
