/* What the tests of letterbox share. */
#include "letterbox_test.h"

static const char secret[] = "a key file of the tests, with 40 bytes..";

int
fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	if (!f || dlb_base_init() != DLB_OK)
		return -1;
	dlb_env_seeded_init(&f->env, 7, TEST_NOW_MS);
	f->unlock.kind = DLB_UNLOCK_KEYFILE;
	f->unlock.secret = secret;
	f->unlock.len = sizeof(secret);
	snprintf(f->dir, sizeof(f->dir), "%s/dlb-letterbox-XXXXXX", base);
	if (!mkdtemp(f->dir)) {
		free(f);
		return -1;
	}
	*state = f;
	return 0;
}

int
fixture_teardown(void **state)
{
	struct fixture *f = *state;
	DIR *dir = opendir(f->dir);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			unlink(fixture_path(f, e->d_name));
	if (dir)
		closedir(dir);
	rmdir(f->dir);
	free(f);
	return 0;
}

const char *
fixture_path(struct fixture *f, const char *name)
{
	snprintf(f->path, sizeof(f->path), "%s/%s", f->dir, name);
	return f->path;
}

struct dlb_letterbox *
fixture_create(struct fixture *f, const char *name)
{
	struct dlb_letterbox *l;

	assert_ok(dlb_letterbox_create(&l, dlb_fs_posix(), f->dir, &f->unlock,
		name != NULL, name, &f->env.env, &f->err));
	assert_ok(dlb_letterbox_commit(l, &f->err));
	return l;
}

struct dlb_letterbox *
fixture_open(struct fixture *f)
{
	struct dlb_letterbox *l;

	assert_ok(dlb_letterbox_open(
		&l, dlb_fs_posix(), f->dir, &f->unlock, &f->env.env, &f->err));
	return l;
}

struct dlb_letterbox *
fixture_reopen(struct fixture *f, struct dlb_letterbox *l)
{
	dlb_letterbox_close(l);
	return fixture_open(f);
}

void
other_init(
	struct other *o, struct fixture *f, const char *name, uint64_t serial)
{
	const struct dlb_env *env = &f->env.env;
	struct dlb_card *c = &o->card;
	uint8_t seed[32];

	memset(o, 0, sizeof(*o));
	snprintf(c->name, sizeof(c->name), "%s", name);
	c->serial = serial;
	c->issued_week = dlb_week_of(f->env.now_ms);
	dlb_random(env, seed, sizeof(seed));
	dlb_ed25519_keypair(c->identity.sign, o->sign_sk, seed);
	dlb_random(env, seed, sizeof(seed));
	dlb_x25519_public(c->identity.agree, seed);
	c->finding_n = DLB_CARD_FINDING_MAX;
	for (unsigned i = 0; i < c->finding_n; i++) {
		c->finding[i].quarter =
			(uint16_t)(dlb_quarter_of(f->env.now_ms) + i);
		dlb_scalar_random(seed, env);
		dlb_point_base(c->finding[i].key, seed);
	}
	c->opening_n = DLB_CARD_OPENING_MAX;
	for (unsigned i = 0; i < c->opening_n; i++) {
		c->opening[i].month =
			(uint16_t)(dlb_month_of(f->env.now_ms) + i);
		dlb_random(env, seed, sizeof(seed));
		dlb_xwing_public(c->opening[i].key, seed);
	}
	dlb_random(env, seed, sizeof(seed));
	dlb_xwing_public(c->last_resort, seed);
	other_sign(o);
}

void
other_write(struct dlb_buf *out, const struct other *o)
{
	assert_ok(dlb_card_write(out, &o->card, o->sign_sk));
}

void
other_sign(struct other *o)
{
	struct dlb_buf bytes = {0};

	other_write(&bytes, o);
	assert_ok(dlb_card_parse(&o->card, bytes.data, bytes.len, NULL));
	dlb_buf_free(&bytes);
}
