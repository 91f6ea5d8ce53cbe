/*
 * Chi-squared of the bytes of files, and of the differences between neighbours; 255
 * degrees of freedom. Exit 0 where neither is further out than one in about 10^9.
 */
#include <stdint.h>
#include <stdio.h>

#define LEAST 130.0
#define MOST 420.0

static uint64_t bytes[256], steps[256], n;

static int
count(const char *path)
{
	FILE *f = fopen(path, "rb");
	int c, before = 0;

	if (!f) {
		perror(path);
		return 0;
	}
	while ((c = getc_unlocked(f)) != EOF) {
		bytes[c]++;
		steps[(c - before) & 255]++;
		before = c;
		n++;
	}
	fclose(f);
	return 1;
}

static double
chi_squared(const uint64_t counts[static 256])
{
	double expected = (double)n / 256, sum = 0;

	for (unsigned i = 0; i < 256; i++) {
		double d = (double)counts[i] - expected;

		sum += d * d / expected;
	}
	return sum;
}

int
main(int argc, char **argv)
{
	double of_bytes, of_steps;

	for (int i = 1; i < argc; i++)
		if (!count(argv[i]))
			return 2;
	if (n < 65536) {
		fprintf(stderr, "chi: too few bytes\n");
		return 2;
	}
	of_bytes = chi_squared(bytes);
	of_steps = chi_squared(steps);
	printf("# %llu bytes: chi-squared %.1f of bytes, %.1f of neighbours\n",
		(unsigned long long)n, of_bytes, of_steps);
	return of_bytes < LEAST || of_bytes > MOST || of_steps < LEAST
		|| of_steps > MOST;
}
