/*
 * The progress line.
 *
 * Invariant: `shown` says whether the line is on the terminal, so that it can be
 * cleared exactly then. The rate is that of the last seconds, as the speed of a
 * stick is not what it was before its cache was full.
 */
#include "progress.h"

#include "format.h"
#include "interrupt.h"
#include "term.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define START_MS 1000 /* nothing is shown for shorter work */
#define REDRAW_MS 200
#define SAMPLE_MS 1000
#define SAMPLES 8

static struct {
	const struct dlb_env *env;
	const char *what;
	int64_t started_ms, drawn_ms, sampled_ms;
	struct {
		int64_t ms;
		uint64_t done;
	} sample[SAMPLES]; /* a ring, one a second */
	unsigned samples;  /* taken so far */
	bool shown;
} line;

/* All other work counts bytes. */
static bool
counts_cells(const char *what)
{
	return strcmp(what, "searching") == 0
		|| strcmp(what, "reading every cell") == 0;
}

static char *
amount(char out[static CLI_FORMAT_MAX], const char *what, uint64_t n)
{
	return counts_cells(what) ? cli_count(out, n) : cli_size(out, n);
}

void
cli_progress_text(char *out, size_t cap, size_t columns, const char *what,
	uint64_t done, uint64_t total, uint64_t rate)
{
	char d[CLI_FORMAT_MAX], t[CLI_FORMAT_MAX], r[CLI_FORMAT_MAX],
		left[CLI_FORMAT_MAX];
	const char *unit = counts_cells(what) ? " cells" : "";
	int n;

	amount(d, what, done);
	if (total > 0)
		n = snprintf(out, cap, "%s: %s of %s%s", what, d,
			amount(t, what, total), unit);
	else
		n = snprintf(out, cap, "%s: %s%s", what, d, unit);
	if (rate > 0 && n > 0 && (size_t)n < cap)
		n += snprintf(out + n, cap - (size_t)n, ", %s%s a second",
			amount(r, what, rate), unit);
	if (rate > 0 && total > done && n > 0 && (size_t)n < cap)
		snprintf(out + n, cap - (size_t)n, ", %s left",
			cli_duration(left, (total - done) / rate));
	cli_cut(out, columns);
}

/* Of a second, over the samples that are kept. */
static uint64_t
rate_now(int64_t now, uint64_t done)
{
	unsigned oldest;
	uint64_t ms, more;

	if (line.samples == 0)
		return 0;
	oldest = line.samples > SAMPLES ? line.samples % SAMPLES : 0;
	if (done < line.sample[oldest].done || now <= line.sample[oldest].ms)
		return 0;
	ms = (uint64_t)(now - line.sample[oldest].ms);
	more = done - line.sample[oldest].done;
	return ms < 500 ? 0 : more / ms * 1000 + more % ms * 1000 / ms;
}

static void
sample(int64_t now, uint64_t done)
{
	if (line.samples > 0 && now - line.sampled_ms < SAMPLE_MS)
		return;
	line.sample[line.samples % SAMPLES].ms = now;
	line.sample[line.samples % SAMPLES].done = done;
	line.samples++;
	line.sampled_ms = now;
}

static void
draw(const char *what, uint64_t done, uint64_t total, uint64_t rate)
{
	char text[256];
	size_t columns = cli_term_width(STDERR_FILENO);
	size_t width;

	if (columns < 2)
		return;
	if (columns > sizeof(text))
		columns = sizeof(text);
	cli_progress_text(
		text, sizeof(text), columns - 1, what, done, total, rate);
	width = cli_width(text);
	fprintf(stderr, "\r%s%*s\r%s", text, (int)(columns - 1 - width), "",
		text);
	fflush(stderr);
	line.shown = true;
}

static bool
step(void *ctx, const char *what, uint64_t done, uint64_t total)
{
	const struct cli *c = ctx;
	int64_t now;

	if (cli_interrupted()) {
		cli_progress_clear();
		return false;
	}
	if (c->quiet || !isatty(STDERR_FILENO))
		return true;
	now = c->env->monotonic_ms(c->env->ctx);
	if (!line.what || strcmp(line.what, what) != 0) {
		/* The second is that of the whole work, whatever its parts. */
		if (!line.what)
			line.started_ms = now;
		line.what = what;
		line.samples = 0;
		line.drawn_ms = 0;
	}
	sample(now, done);
	if (now - line.started_ms < START_MS || now - line.drawn_ms < REDRAW_MS)
		return true;
	line.drawn_ms = now;
	draw(what, done, total, rate_now(now, done));
	return true;
}

const struct dlb_progress *
cli_progress(const struct cli *c)
{
	static struct dlb_progress progress;

	progress.ctx = (void *)(uintptr_t)c;
	progress.step = step;
	return &progress;
}

void
cli_progress_clear(void)
{
	size_t columns;

	line.what = NULL;
	if (!line.shown)
		return;
	line.shown = false;
	columns = cli_term_width(STDERR_FILENO);
	fprintf(stderr, "\r%*s\r", columns > 1 ? (int)(columns - 1) : 0, "");
	fflush(stderr);
}
