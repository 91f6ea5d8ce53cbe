/*
 * Networks, a seed each. SIM_SEEDS says how many, SIM_SEED which is the first; a seed
 * that fails is printed, and runs alone with SIM_SEED=N SIM_SEEDS=1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the above first. */
#include <cmocka.h>

#include "network.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static uint64_t
number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && text[0] ? strtoull(text, NULL, 10) : otherwise;
}

static const char *
place(void)
{
	const char *dir = getenv("TMPDIR");

	return dir ? dir : access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

static void
no_seed_breaks_it(void **state)
{
	uint64_t first = number("SIM_SEED", 1), n = number("SIM_SEEDS", 100);
	unsigned meetings = 0, cut = 0, outages = 0, faults = 0, partly = 0;
	unsigned letters = 0, broken = 0;

	(void)state;
	for (uint64_t seed = first; seed < first + n; seed++) {
		struct sim_network *w = calloc(1, sizeof(*w));
		enum dlb_status st;

		assert_non_null(w);
		st = sim_network_make(w, seed, place());
		if (st == DLB_OK)
			st = sim_network_run(w);
		if (st != DLB_OK) {
			broken++;
			print_message("# SIM_SEED=%llu SIM_SEEDS=1: %s (%s)\n",
				(unsigned long long)seed, w->err.msg,
				dlb_status_text(st));
		}
		meetings += w->meetings;
		cut += w->cut;
		outages += w->outages;
		faults += w->faults;
		partly += w->partly;
		letters += w->letters_n;
		sim_network_free(w);
		free(w);
	}
	print_message(
		"# %llu networks: %u letters, %u meetings, of them %u cut, "
		"%u with a side at fault, %u broken off with something "
		"done; %u outages\n",
		(unsigned long long)n, letters, meetings, cut, faults, partly,
		outages);
	assert_int_equal(broken, 0);
	/* What is to be survived did come about. */
	if (n >= 20) {
		assert_true(cut > n / 2 && outages > n / 4);
		assert_true(faults > n / 10 && partly > n / 10);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_seed_breaks_it),
	};

	dlb_pool_limit(1);
	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests_name("networks", tests, NULL, NULL);
}
