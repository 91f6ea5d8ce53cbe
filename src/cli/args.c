/*
 * Parsing of options and operands.
 *
 * Invariants: every pointer given out is argv's own or static; nothing is parsed
 * twice; an argument that starts with a dash is never taken as an operand before
 * "--", so that a mistyped option can not become a file name. But a card's text, which
 * starts with five, is no option.
 */
#include "args.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char given[] = ""; /* the value of a flag */

/* The n-th option of all sets together, or NULL after the last. */
static const struct cli_option *
option_at(const struct cli_option_set *sets, size_t n)
{
	for (size_t i = 0; i < CLI_OPTION_SETS_MAX; i++) {
		if (n < sets[i].n)
			return &sets[i].options[n];
		n -= sets[i].n;
	}
	return NULL;
}

static const struct cli_option *
find_long(const struct cli_option_set *sets, const char *name, size_t len,
	size_t *at)
{
	const struct cli_option *o;

	for (size_t i = 0; (o = option_at(sets, i)) != NULL; i++) {
		*at = i;
		if (strlen(o->name) == len && memcmp(o->name, name, len) == 0)
			return o;
	}
	return NULL;
}

static const struct cli_option *
find_letter(const struct cli_option_set *sets, char letter, size_t *at)
{
	const struct cli_option *o;

	for (size_t i = 0; (o = option_at(sets, i)) != NULL; i++) {
		*at = i;
		if (o->letter == letter)
			return o;
	}
	return NULL;
}

size_t
cli_distance(const char *a, const char *b, size_t most)
{
	enum { CAP = 32 };
	size_t rows[3][CAP + 1], n = strlen(a), m = strlen(b);
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	if (n > CAP || m > CAP)
		return most + 1;
	for (size_t j = 0; j <= m; j++)
		above[j] = before[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t d = above[j - 1] + (a[i - 1] != b[j - 1]);

			if (above[j] + 1 < d)
				d = above[j] + 1;
			if (row[j - 1] + 1 < d)
				d = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2]
				&& a[i - 2] == b[j - 1]
				&& before[j - 2] + 1 < d)
				d = before[j - 2] + 1;
			row[j] = d;
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[m] > most ? most + 1 : above[m];
}

static enum dlb_status
unknown_option(const struct cli_option_set *sets, const char *name, size_t len,
	struct dlb_error *err)
{
	const struct cli_option *o, *nearest = NULL;
	size_t best = 3;
	char word[32];

	if (len >= sizeof(word))
		len = sizeof(word) - 1;
	memcpy(word, name, len);
	word[len] = '\0';
	for (size_t i = 0; (o = option_at(sets, i)) != NULL; i++) {
		size_t d = cli_distance(word, o->name, 2);

		if (d < best) {
			best = d;
			nearest = o;
		}
	}
	if (nearest)
		return dlb_fail(err, DLB_USAGE,
			"there is no option --%s; did you mean --%s?", word,
			nearest->name);
	return dlb_fail(err, DLB_USAGE, "there is no option --%s", word);
}

static bool
is_many(const struct cli_option *o)
{
	size_t len = o->value ? strlen(o->value) : 0;

	return len > 3 && strcmp(o->value + len - 3, "...") == 0;
}

static enum dlb_status
set_value(struct cli_args *a, const struct cli_option *o, size_t at,
	const char *value, struct dlb_error *err)
{
	if (is_many(o)) {
		a->all[a->all_n] = value;
		a->all_at[a->all_n++] = at;
	} else if (o->value && a->values[at])
		return dlb_fail(err, DLB_USAGE,
			"--%s was given twice: give it once", o->name);
	a->values[at] = value;
	return DLB_OK;
}

/* "--name", "--name=value", "--name value"; *i moves on over the value. */
static enum dlb_status
parse_long(struct cli_args *a, int argc, char *const *argv, int *i,
	struct dlb_error *err)
{
	const char *name = argv[*i] + 2;
	const char *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name), at = 0;
	const struct cli_option *o = find_long(a->sets, name, len, &at);

	if (!o)
		return unknown_option(a->sets, name, len, err);
	if (!o->value && equals)
		return dlb_fail(err, DLB_USAGE, "--%s takes no value", o->name);
	if (!o->value)
		return set_value(a, o, at, given, err);
	if (equals)
		return set_value(a, o, at, equals + 1, err);
	if (*i + 1 >= argc)
		return dlb_fail(err, DLB_USAGE, "--%s wants a value: --%s %s",
			o->name, o->name, o->value);
	*i += 1;
	return set_value(a, o, at, argv[*i], err);
}

/* "-x", "-xy", "-ovalue", "-o value". */
static enum dlb_status
parse_letters(struct cli_args *a, int argc, char *const *argv, int *i,
	struct dlb_error *err)
{
	for (const char *p = argv[*i] + 1; *p; p++) {
		size_t at = 0;
		const struct cli_option *o = find_letter(a->sets, *p, &at);
		enum dlb_status s;

		if (!o)
			return dlb_fail(
				err, DLB_USAGE, "there is no option -%c", *p);
		if (!o->value) {
			s = set_value(a, o, at, given, err);
			if (s != DLB_OK)
				return s;
			continue;
		}
		if (p[1])
			return set_value(a, o, at, p + 1, err);
		if (*i + 1 >= argc)
			return dlb_fail(err, DLB_USAGE,
				"-%c wants a value: -%c %s", *p, *p, o->value);
		*i += 1;
		return set_value(a, o, at, argv[*i], err);
	}
	return DLB_OK;
}

static bool
is_operand(const char *arg)
{
	static const char card[] = "-----BEGIN DLB CARD";

	return arg[0] != '-' || arg[1] == '\0'
		|| strncmp(arg, card, strlen(card)) == 0;
}

enum dlb_status
cli_args_parse(struct cli_args *out, int argc, char *const *argv,
	const struct cli_option_set sets[static CLI_OPTION_SETS_MAX],
	struct dlb_error *err)
{
	enum dlb_status s = DLB_OK;
	bool ended = false;

	memset(out, 0, sizeof(*out));
	memcpy(out->sets, sets, sizeof(out->sets));
	assert(!option_at(sets, CLI_OPTIONS_MAX));
	out->operands = calloc((size_t)argc + 1, sizeof(*out->operands));
	out->all = calloc((size_t)argc + 1, sizeof(*out->all));
	out->all_at = calloc((size_t)argc + 1, sizeof(*out->all_at));
	if (!out->operands || !out->all || !out->all_at) {
		cli_args_free(out);
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	}
	for (int i = 0; i < argc && s == DLB_OK; i++) {
		const char *arg = argv[i];

		if (ended || is_operand(arg))
			out->operands[out->operands_n++] = arg;
		else if (strcmp(arg, "--") == 0)
			ended = true;
		else if (arg[1] == '-')
			s = parse_long(out, argc, argv, &i, err);
		else
			s = parse_letters(out, argc, argv, &i, err);
	}
	if (s != DLB_OK)
		cli_args_free(out);
	return s;
}

void
cli_args_free(struct cli_args *a)
{
	free(a->operands);
	free(a->all);
	free(a->all_at);
	a->operands = NULL;
	a->all = NULL;
	a->all_at = NULL;
	a->operands_n = a->all_n = 0;
}

size_t
cli_values(const struct cli_args *a, const char *name, const char **out,
	size_t cap)
{
	size_t at = 0, n = 0;
	const struct cli_option *o =
		find_long(a->sets, name, strlen(name), &at);

	assert(o && is_many(o));
	for (size_t i = 0; o && i < a->all_n && n < cap; i++)
		if (a->all_at[i] == at)
			out[n++] = a->all[i];
	return n;
}

bool
cli_has_option(const struct cli_args *a, const char *name)
{
	size_t at = 0;

	return find_long(a->sets, name, strlen(name), &at) != NULL;
}

const char *
cli_value(const struct cli_args *a, const char *name)
{
	size_t at = 0;
	const struct cli_option *o =
		find_long(a->sets, name, strlen(name), &at);

	assert(o);
	return o ? a->values[at] : NULL;
}

bool
cli_flag(const struct cli_args *a, const char *name)
{
	return cli_value(a, name) != NULL;
}

enum dlb_status
cli_parse_number(int64_t *out, const char *text, struct dlb_error *err)
{
	char *end = NULL;
	long long v = 0;

	*out = 0;
	errno = 0;
	if (text[0] >= '0' && text[0] <= '9')
		v = strtoll(text, &end, 10);
	if (errno != 0 || !end || *end || v < 1)
		return dlb_fail(err, DLB_USAGE,
			"%s is not the number of a letter: `dlb inbox` and "
			"`dlb outbox` list them",
			text);
	*out = v;
	return DLB_OK;
}

enum dlb_status
cli_parse_count(unsigned *out, const char *text, const char *option,
	struct dlb_error *err)
{
	char *end = NULL;
	long v = 0;

	*out = 0;
	errno = 0;
	if (text[0] >= '0' && text[0] <= '9')
		v = strtol(text, &end, 10);
	if (errno != 0 || !end || *end || v < 1 || v > 1000000)
		return dlb_fail(err, DLB_USAGE,
			"--%s takes a number from 1 on, not %s", option, text);
	*out = (unsigned)v;
	return DLB_OK;
}
