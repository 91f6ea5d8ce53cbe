/* A home that is lent: lender and borrowers in one process, over the real socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the above first. */
#include <cmocka.h>

#include "lend.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct world {
	/* Longer than a socket's address may be. */
	char home[300];
	struct dlb_lender *lender;
	struct dlb_error err;
	uint8_t key[DLB_KEY_LEN];
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	size_t n;

	snprintf(w->home, sizeof(w->home), "/tmp/dlb-lend-XXXXXX");
	if (!mkdtemp(w->home))
		return -1;
	n = strlen(w->home);
	w->home[n] = '/';
	memset(w->home + n + 1, 'h', 200);
	if (mkdir(w->home, 0700) != 0)
		return -1;
	memset(w->key, 7, sizeof(w->key));
	*state = w;
	return dlb_lender_new(&w->lender, w->home, &w->err) == DLB_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	dlb_lender_free(w->lender);
	rmdir(w->home);
	*strrchr(w->home, '/') = '\0';
	if (rmdir(w->home) != 0)
		return -1;
	free(w);
	return 0;
}

struct borrower {
	struct world *w;
	pthread_t thread;
	uint8_t key[DLB_KEY_LEN];
	int fd;
	enum dlb_status st;
};

static void *
run_borrower(void *ctx)
{
	struct borrower *b = ctx;

	b->st = dlb_borrow(b->w->home, 10000, b->key, &b->fd, NULL);
	return NULL;
}

static void
begin(struct borrower *b, struct world *w)
{
	memset(b, 0, sizeof(*b));
	b->w = w;
	assert_int_equal(pthread_create(&b->thread, NULL, run_borrower, b), 0);
}

/* Waits for something to happen on the socket, and says what. */
static enum dlb_lend_event
next_event(struct world *w)
{
	enum dlb_lend_event e = dlb_lender_step(w->lender);

	while (e == DLB_LEND_NONE) {
		struct pollfd fds[DLB_LEND_FDS_MAX];
		unsigned n = dlb_lender_poll(w->lender, fds);

		assert_int_not_equal(poll(fds, n, 10000), 0);
		e = dlb_lender_step(w->lender);
	}
	return e;
}

static void
a_home_is_lent_and_comes_back(void **state)
{
	struct world *w = *state;
	struct borrower b;

	for (int i = 0; i < 3; i++) {
		begin(&b, w);
		assert_int_equal(next_event(w), DLB_LEND_WANTED);
		assert_int_equal(dlb_lender_step(w->lender), DLB_LEND_NONE);
		dlb_lender_give(w->lender, w->key);
		pthread_join(b.thread, NULL);
		assert_int_equal(b.st, DLB_OK);
		assert_memory_equal(b.key, w->key, sizeof(w->key));
		assert_int_equal(dlb_lender_step(w->lender), DLB_LEND_NONE);
		close(b.fd);
		assert_int_equal(next_event(w), DLB_LEND_BACK);
	}
}

static void
one_borrower_at_a_time(void **state)
{
	struct world *w = *state;
	struct borrower b[3];
	int served = 0;

	for (int i = 0; i < 3; i++)
		begin(&b[i], w);
	while (served < 3) {
		assert_int_equal(next_event(w), DLB_LEND_WANTED);
		dlb_lender_give(w->lender, w->key);
		/* Whose turn it was is only known by who has it. */
		for (int i = 0, done = 0; !done; i = (i + 1) % 3) {
			if (b[i].thread
				&& pthread_tryjoin_np(b[i].thread, NULL) == 0) {
				assert_int_equal(b[i].st, DLB_OK);
				b[i].thread = 0;
				assert_int_equal(dlb_lender_step(w->lender),
					DLB_LEND_NONE);
				close(b[i].fd);
				done = 1;
			}
			sched_yield();
		}
		assert_int_equal(next_event(w), DLB_LEND_BACK);
		served++;
	}
}

static void
a_refusal_is_busy(void **state)
{
	struct world *w = *state;
	struct borrower b;
	uint8_t zero[DLB_KEY_LEN] = {0};

	begin(&b, w);
	assert_int_equal(next_event(w), DLB_LEND_WANTED);
	dlb_lender_refuse(w->lender);
	pthread_join(b.thread, NULL);
	assert_int_equal(b.st, DLB_BUSY);
	assert_memory_equal(b.key, zero, sizeof(zero));
}

/* A borrower that is killed before or after it got the home. */
static void
who_dies_gives_back(void **state)
{
	struct world *w = *state;
	struct borrower b;

	begin(&b, w);
	assert_int_equal(next_event(w), DLB_LEND_WANTED);
	dlb_lender_give(w->lender, w->key);
	pthread_join(b.thread, NULL);
	/* Said something, which no borrower does: it is sent away too. */
	assert_int_equal(write(b.fd, "x", 1), 1);
	assert_int_equal(next_event(w), DLB_LEND_BACK);
	close(b.fd);
}

static void
where_nobody_lends(void **state)
{
	struct world *w = *state;
	uint8_t key[DLB_KEY_LEN];
	struct stat st;
	char path[400];
	int fd;

	snprintf(path, sizeof(path), "%s/" DLB_LEND_FILE, w->home);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_true(dlb_lender_there(w->home));
	/* That was no borrower. */
	assert_int_equal(dlb_lender_step(w->lender), DLB_LEND_NONE);
	dlb_lender_free(w->lender);
	w->lender = NULL;
	assert_false(dlb_lender_there(w->home));
	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(
		dlb_borrow(w->home, 0, key, &fd, &w->err), DLB_NOT_FOUND);
	assert_int_equal(fd, -1);
	/* An old socket, left by a crash, is in nobody's way. */
	assert_int_equal(dlb_lender_new(&w->lender, w->home, &w->err), DLB_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_home_is_lent_and_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(
			one_borrower_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_refusal_is_busy, setup, teardown),
		cmocka_unit_test_setup_teardown(
			who_dies_gives_back, setup, teardown),
		cmocka_unit_test_setup_teardown(
			where_nobody_lends, setup, teardown),
	};

	return cmocka_run_group_tests_name("lend", tests, NULL, NULL);
}
