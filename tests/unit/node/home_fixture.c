#include "home_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int
fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");

	/* In memory where that can be: homes sync much. */
	if (!tmp || !*tmp || strlen(tmp) >= 200)
		tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	assert_non_null(f);
	dlb_pool_limit(1);
	assert_int_equal(dlb_base_init(), DLB_OK);
	snprintf(f->dir, sizeof(f->dir), "%s/dlb-node-XXXXXX", tmp);
	assert_non_null(mkdtemp(f->dir));
	dlb_env_seeded_init(&f->env, 1, FIXTURE_NOW_MS);
	*state = f;
	return 0;
}

int
fixture_teardown(void **state)
{
	struct fixture *f = *state;
	char command[640];

	snprintf(command, sizeof(command), "chmod -R u+rwX '%s'; rm -rf '%s'",
		f->dir, f->dir);
	if (system(command) != 0)
		print_message("could not remove %s\n", f->dir);
	free(f);
	return 0;
}

const char *
fixture_path(struct fixture *f, const char *name)
{
	static char paths[4][4096];
	static unsigned next;
	char *out = paths[next++ % 4];

	snprintf(out, sizeof(paths[0]), "%s/%s", f->dir, name);
	return out;
}

void
fixture_mkdir(struct fixture *f, const char *name)
{
	assert_int_equal(mkdir(fixture_path(f, name), 0700), 0);
}

void
fixture_home(struct fixture *f, const char *name, bool courier)
{
	fixture_large_home(f, name, courier, 24);
}

void
fixture_large_home(
	struct fixture *f, const char *name, bool courier, unsigned mib)
{
	struct dlb_home_options o = {.courier = courier,
		.name = courier ? NULL : name,
		.size = (uint64_t)mib << 20,
		.unlock = {.kind = DLB_UNLOCK_OPEN}};
	struct dlb_node *n = NULL;

	assert_dlb_ok(f,
		dlb_node_create(&n, fixture_path(f, name), &o, &f->env.env,
			NULL, &f->err));
	dlb_node_close(n);
}

struct dlb_node *
fixture_open(struct fixture *f, const char *name)
{
	struct dlb_unlock open = {.kind = DLB_UNLOCK_OPEN};
	struct dlb_node *n = NULL;

	assert_dlb_ok(f,
		dlb_node_open(&n, fixture_path(f, name), &open, 0, &f->env.env,
			&f->err));
	return n;
}

int64_t
fixture_introduce(struct fixture *f, struct dlb_node *who, const char *whom)
{
	struct dlb_node *other = fixture_open(f, whom);
	struct dlb_correspondent c;
	struct dlb_card *card = calloc(1, sizeof(*card));
	struct dlb_buf bytes = {0};

	assert_non_null(card);
	assert_dlb_ok(f,
		dlb_letterbox_card(
			dlb_node_letterbox(other), false, &bytes, &f->err));
	assert_dlb_ok(f, dlb_card_parse(card, bytes.data, bytes.len, &f->err));
	assert_dlb_ok(f,
		dlb_correspondent_add(
			dlb_node_letterbox(who), &c, card, NULL, &f->err));
	assert_dlb_ok(
		f, dlb_letterbox_commit(dlb_node_letterbox(who), &f->err));
	dlb_buf_free(&bytes);
	free(card);
	dlb_node_close(other);
	return c.id;
}

void
fixture_stick(struct fixture *f, struct dlb_node *owner, const char *stick,
	unsigned mib)
{
	struct dlb_box_options o = {.path = fixture_path(f, stick),
		.size = (uint64_t)mib << 20,
		.unlock = {.kind = DLB_UNLOCK_OPEN}};
	struct dlb_box box;
	uint64_t size;

	fixture_mkdir(f, stick);
	assert_dlb_ok(
		f, dlb_node_box_create(owner, &o, &box, &size, NULL, &f->err));
}

void
fixture_file(struct fixture *f, const char *name, size_t len, unsigned seed)
{
	struct dlb_env_seeded e;
	uint8_t *data = malloc(len + 1);
	FILE *out = fopen(fixture_path(f, name), "w");

	assert_non_null(data);
	assert_non_null(out);
	dlb_env_seeded_init(&e, seed, 0);
	dlb_random(&e.env, data, len);
	assert_int_equal(fwrite(data, 1, len, out), len);
	fclose(out);
	free(data);
}

bool
fixture_same(struct fixture *f, const char *a, const char *b)
{
	FILE *x = fopen(fixture_path(f, a), "r");
	FILE *y = fopen(fixture_path(f, b), "r");
	int c = 0, d = -2;

	while (x && y) {
		c = fgetc(x);
		d = fgetc(y);
		if (c != d || c == EOF)
			break;
	}
	if (x)
		fclose(x);
	if (y)
		fclose(y);
	return x && y && c == d;
}

static enum dlb_spread
all_now(void *ctx, uint64_t cells, uint64_t bytes)
{
	(void)ctx;
	(void)cells;
	(void)bytes;
	return DLB_SPREAD_NOW;
}

struct dlb_send_result
fixture_send(struct fixture *f, struct dlb_node *n, int64_t to,
	const char *file, const char *message)
{
	const char *path = file ? fixture_path(f, file) : NULL;
	struct dlb_send_options o = {.paths = &path,
		.paths_n = file ? 1 : 0,
		.message = message,
		.message_len = message ? strlen(message) : 0,
		.stdin_fd = -1,
		.decide = all_now};
	struct dlb_send_result r;

	assert_dlb_ok(
		f, dlb_node_send(n, to, &o, &r, NULL, NULL, NULL, &f->err));
	return r;
}

struct dlb_meet_result
fixture_meet(struct fixture *f, struct dlb_node *n, const char *stick)
{
	struct dlb_meet_options o = {.where = fixture_path(f, stick)};
	struct dlb_meet_result r;

	assert_dlb_ok(f, dlb_node_meet(n, &o, &r, NULL, &f->err));
	return r;
}

struct dlb_meet_result
fixture_meet_now(struct fixture *f, struct dlb_node *n, const char *stick)
{
	struct dlb_meet_options o = {
		.where = fixture_path(f, stick), .release_now = true};
	struct dlb_meet_result r;

	assert_dlb_ok(f, dlb_node_meet(n, &o, &r, NULL, &f->err));
	return r;
}

struct counting {
	size_t n;
	struct dlb_in_letter *first;
};

static bool
count_letter(void *ctx, const struct dlb_in_letter *letter)
{
	struct counting *c = ctx;

	if (c->n++ == 0 && c->first)
		*c->first = *letter;
	return true;
}

size_t
fixture_inbox(struct dlb_node *n, struct dlb_in_letter *first)
{
	struct counting c = {.first = first};

	assert_int_equal(
		dlb_in_each(dlb_node_letterbox(n), count_letter, &c, NULL),
		DLB_OK);
	return c.n;
}
