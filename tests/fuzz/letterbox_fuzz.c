/*
 * Fuzz target for a home's letterbox and ring: what a garbled or hostile one does
 * to who opens it. The first byte chooses what is changed, the rest says how:
 *
 *   0  raw bytes of the letterbox file, and its length
 *   1  what its header says, sealed again
 *   2  bytes of the database's image, sealed again
 *   3  values of the database, by SQL, saved again
 *   4  raw bytes of the ring, and its length
 *   5  what records of the ring say, sealed again
 *
 * Then it is opened with the root key and, where that succeeds, asked for all that
 * it holds, changed, saved and opened once more.
 *
 * Beyond memory errors: what opens and could be saved opens again; lists end, also
 * where the database's indices say otherwise than its tables.
 */
#include "memory_fs.h"
#include "state_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define DIR "home"
#define NOW_MS (DLB_EPOCH_MS + 100 * DLB_WEEK_MS)
#define LIST_MAX 1000
#define COLUMNS_MAX 96
#define HEADER_LEN 64
#define HEADER_SEALED_LEN (HEADER_LEN + DLB_XSEAL_OVERHEAD)
#define IMAGE_AT (DLB_KEYSLOTS_LEN + HEADER_SEALED_LEN)
#define IMAGE_LEN_MIN (256u << 10)

#define REQUIRE(cond)                                                          \
	do {                                                                   \
		if (!(cond)) {                                                 \
			fprintf(stderr, "%d: %s\n", __LINE__, #cond);          \
			abort();                                               \
		}                                                              \
	} while (0)

/* The sound home, and who else there is. */
static struct {
	struct dlb_buf letterbox, ring, image;
	uint8_t root[DLB_KEY_LEN];
	struct dlb_aead *aead;
	struct dlb_buf cards[2];
	struct dlb_card parsed[2]; /* which takes long */
	struct dlb_identity friend;
	struct {
		char table[32], name[32];
	} columns[COLUMNS_MAX];
	size_t columns_n;
} sound;

static struct dlb_env_seeded env;

/* ---- the sound one --------------------------------------------------------------- */

static void
copy_file(struct dlb_buf *out, const char *path)
{
	const struct memory_file *m = memory_find(path);

	REQUIRE(m && dlb_buf_append(out, m->data, m->len) == DLB_OK);
}

/* The cards of two others, whose letterboxes are gone. */
static void
make_cards(void)
{
	static const struct dlb_unlock open = {DLB_UNLOCK_OPEN, NULL, 0};

	for (unsigned i = 0; i < 2; i++) {
		struct dlb_letterbox *l;

		REQUIRE(dlb_letterbox_create(&l, memory_fs(), DIR, &open, true,
				i ? "carol" : "bob", &env.env, NULL)
			== DLB_OK);
		REQUIRE(dlb_letterbox_card(l, i == 1, &sound.cards[i], NULL)
			== DLB_OK);
		REQUIRE(dlb_card_parse(&sound.parsed[i], sound.cards[i].data,
				sound.cards[i].len, NULL)
			== DLB_OK);
		if (i == 0)
			sound.friend = *dlb_letterbox_identity(l);
		dlb_letterbox_close(l);
		memory_remove(DIR "/letterbox");
		memory_remove(DIR "/ring");
	}
}

static void
add_card(struct dlb_letterbox *l, unsigned i)
{
	struct dlb_correspondent c;

	(void)!dlb_correspondent_add(l, &c, &sound.parsed[i], NULL, NULL);
}

static void
add_letters(struct dlb_letterbox *l)
{
	struct dlb_out_letter out = {.to = 1, .cells = 3, .summary = "out"};
	struct dlb_in_letter in = {
		.from = 1, .has_card = true, .summary = "in"};
	uint8_t names[3 * 32] = {1};

	for (unsigned i = 0; i < 2; i++) {
		dlb_random(&env.env, in.stripe.letter_id, DLB_LETTER_ID_LEN);
		dlb_random(&env.env, in.box3_key, sizeof(in.box3_key));
		if (dlb_out_add(l, &out, NULL) == DLB_OK)
			(void)!dlb_out_cells_append(
				l, out.number, names, 3, NULL);
		(void)!dlb_in_add(l, &in, NULL);
		out.to = 0;
		in.from = 0;
	}
	(void)!dlb_in_delete(l, in.number, NULL);
}

static void
add_places(struct dlb_letterbox *l)
{
	struct dlb_box box = {.name = "shelf", .path = "/media/usb/box.dlb"};
	struct dlb_known_node node = {.name = "ship", .secret = {1}};

	(void)!dlb_box_save(l, &box, NULL);
	(void)!dlb_known_node_save(l, &node, NULL);
	(void)!dlb_setting_set_text(l, "text", "value", NULL);
	(void)!dlb_setting_set_int(l, "int", 7, NULL);
	(void)!dlb_setting_set_blob(l, "blob", box.root, 32, NULL);
}

/* Whatever tables there are. */
static void
list_columns(struct dlb_letterbox *l)
{
	static const char sql[] =
		"SELECT t.name, c.name FROM sqlite_schema t,"
		" pragma_table_info(t.name) c WHERE t.type = 'table'"
		" AND t.name NOT LIKE 'sqlite%' ORDER BY t.name, c.cid";
	struct dlb_query q;

	dlb_query(&q, &l->db, sql);
	while (dlb_query_row(&q)) {
		size_t i = sound.columns_n++;

		REQUIRE(i < COLUMNS_MAX);
		dlb_query_get_text(&q, sound.columns[i].table, 32);
		dlb_query_get_text(&q, sound.columns[i].name, 32);
	}
	REQUIRE(dlb_query_end(&q, NULL) == DLB_OK && sound.columns_n > 40);
}

static void
prepare(void)
{
	static const struct dlb_unlock open = {DLB_UNLOCK_OPEN, NULL, 0};
	struct dlb_letterbox *l;
	const void *image;
	size_t len;

	dlb_pool_limit(1);
	REQUIRE(dlb_base_init() == DLB_OK);
	REQUIRE(dlb_aead_new(&sound.aead) == DLB_OK);
	dlb_env_seeded_init(&env, 1, NOW_MS);
	make_cards();
	REQUIRE(dlb_letterbox_create(&l, memory_fs(), DIR, &open, true, "alice",
			&env.env, NULL)
		== DLB_OK);
	add_card(l, 0);
	add_card(l, 1);
	add_letters(l);
	add_places(l);
	REQUIRE(dlb_letterbox_commit(l, NULL) == DLB_OK);
	list_columns(l);
	dlb_letterbox_root(l, sound.root);
	image = dlb_db_image(&l->db, &len);
	REQUIRE(image && dlb_buf_append(&sound.image, image, len) == DLB_OK);
	dlb_letterbox_close(l);
	copy_file(&sound.letterbox, DIR "/letterbox");
	copy_file(&sound.ring, DIR "/ring");
}

/* ---- a hostile hand ------------------------------------------------------------------ */

/* (u32 offset, u8 length, bytes) again and again; then maybe another length. */
static void
change_raw(const char *path, struct dlb_reader *r)
{
	struct memory_file *m = memory_find(path);
	uint32_t len = dlb_read_u32(r);

	while (dlb_reader_left(r) > 5 && m->len > 0) {
		size_t at = dlb_read_u32(r) % m->len, n = dlb_read_u8(r);

		if (n > dlb_reader_left(r))
			n = dlb_reader_left(r);
		if (n > m->len - at)
			n = m->len - at;
		dlb_read_bytes(r, m->data + at, n);
	}
	if (len)
		memory_resize(m, len % (m->len + 100000));
}

/* The file of the format, written here a second time. */
static void
seal_file(const uint8_t plain[static HEADER_LEN], const uint8_t *image,
	size_t len)
{
	const uint8_t *salt = sound.letterbox.data;
	size_t padded = len < IMAGE_LEN_MIN ? IMAGE_LEN_MIN : dlb_padme(len);
	uint8_t key[DLB_KEY_LEN], nonce[DLB_XNONCE_LEN] = {0}, ad[32 + 18];
	struct memory_file *m = memory_find(DIR "/letterbox");

	memory_resize(m, IMAGE_AT + padded + DLB_TAG_LEN);
	memset(m->data + IMAGE_AT, 0, padded);
	memcpy(m->data + IMAGE_AT, image, len);
	dlb_derive(key, sizeof(key), sound.root, DLB_KEY_LEN,
		"dlb letterbox header", salt, 32);
	dlb_xseal(m->data + DLB_KEYSLOTS_LEN, key, nonce, salt, 32, plain,
		HEADER_LEN);
	memcpy(ad, salt, 32);
	memcpy(ad + 32, plain, 18);
	dlb_aead_seal(sound.aead, m->data + IMAGE_AT, plain + 18, ad,
		sizeof(ad), m->data + IMAGE_AT, padded);
}

static void
honest_header(uint8_t plain[static HEADER_LEN], size_t len)
{
	struct dlb_writer w;

	dlb_writer_init(&w, plain, HEADER_LEN);
	dlb_write_u16(&w, 1);
	dlb_write_u64(&w, 5);
	dlb_write_u64(&w, len);
	dlb_write_zeros(&w, HEADER_LEN - 18);
}

static void
change_header(struct dlb_reader *r)
{
	uint8_t plain[HEADER_LEN];

	honest_header(plain, sound.image.len);
	while (dlb_reader_left(r) > 1) {
		uint8_t at = dlb_read_u8(r) % HEADER_LEN;

		plain[at] = dlb_read_u8(r);
	}
	seal_file(plain, sound.image.data, sound.image.len);
}

static void
change_image(struct dlb_reader *r)
{
	uint8_t plain[HEADER_LEN];
	uint32_t cut = dlb_read_u32(r);
	uint8_t *image;
	size_t len = sound.image.len;

	image = malloc(len);
	REQUIRE(image);
	memcpy(image, sound.image.data, len);
	while (dlb_reader_left(r) > 4) {
		size_t at = dlb_read_u32(r) % len, n = dlb_read_u8(r);

		if (n > dlb_reader_left(r))
			n = dlb_reader_left(r);
		if (n > len - at)
			n = len - at;
		dlb_read_bytes(r, image + at, n);
	}
	if (cut)
		len = cut % (len + 1);
	honest_header(plain, len);
	seal_file(plain, image, len);
	free(image);
}

/* ---- values ---------------------------------------------------------------------- */

static void
row_of(char *out, size_t cap, const char *table, unsigned row)
{
	const char *key = "rowid";

	if (strcmp(table, "settings") == 0)
		key = "(space, key)";
	else if (strcmp(table, "epochs") == 0)
		key = "(kind, id)";
	/* Row values are written with brackets, lists of columns without. */
	snprintf(out, cap, "%s = (SELECT %.*s FROM %s LIMIT 1 OFFSET %u)", key,
		(int)(strlen(key) - (key[0] == '(' ? 2 : 0)),
		key + (key[0] == '('), table, row);
}

static void
bind_value(sqlite3_stmt *update, sqlite3_stmt *old, struct dlb_reader *r)
{
	uint8_t type = dlb_read_u8(r) % 6u, n, at;
	uint8_t value[4096] = {0};
	size_t len = 0;

	switch (type) {
	case 0:
		sqlite3_bind_int64(update, 1, (int64_t)dlb_read_u64(r));
		return;
	case 1:
		sqlite3_bind_null(update, 1);
		return;
	case 2:
		sqlite3_bind_double(update, 1, 1.5);
		return;
	case 3:
	case 4:
		len = dlb_read_u8(r);
		if (len > dlb_reader_left(r))
			len = dlb_reader_left(r);
		dlb_read_bytes(r, value, len);
		break;
	default: /* the old one with some bytes changed, and its length */
		len = (size_t)sqlite3_column_bytes(old, 0);
		if (len > sizeof(value))
			len = sizeof(value);
		if (len)
			memcpy(value, sqlite3_column_blob(old, 0), len);
		for (n = dlb_read_u8(r) % 16u; n > 0 && len > 0; n--) {
			at = dlb_read_u8(r);
			value[(at * 7u) % len] = dlb_read_u8(r);
		}
		n = dlb_read_u8(r);
		len = n < 64                            ? len
			: len + n - 128 > sizeof(value) ? 0
							: len + n - 128;
		type = sqlite3_column_type(old, 0) == SQLITE_TEXT ? 4 : 3;
	}
	if (type == 4)
		sqlite3_bind_text(update, 1, (const char *)value, (int)len,
			SQLITE_TRANSIENT);
	else
		sqlite3_bind_blob(update, 1, value, (int)len, SQLITE_TRANSIENT);
}

static void
change_value(struct dlb_letterbox *l, struct dlb_reader *r)
{
	size_t i = dlb_read_u8(r) % sound.columns_n;
	unsigned row = dlb_read_u8(r) % 32u;
	const char *table = sound.columns[i].table;
	const char *column = sound.columns[i].name;
	sqlite3_stmt *old = NULL, *update = NULL;
	char where[160], sql[320];

	row_of(where, sizeof(where), table, row);
	snprintf(sql, sizeof(sql), "SELECT %s FROM %s WHERE %s", column, table,
		where);
	if (sqlite3_prepare_v2(l->db.sql, sql, -1, &old, NULL) != SQLITE_OK
		|| sqlite3_step(old) != SQLITE_ROW)
		goto out;
	snprintf(sql, sizeof(sql), "UPDATE OR IGNORE %s SET %s = ?1 WHERE %s",
		table, column, where);
	if (sqlite3_prepare_v2(l->db.sql, sql, -1, &update, NULL) != SQLITE_OK)
		goto out;
	bind_value(update, old, r);
	sqlite3_reset(old);
	(void)sqlite3_step(update);
out:
	sqlite3_finalize(old);
	sqlite3_finalize(update);
}

static void
change_values(struct dlb_reader *r)
{
	struct dlb_unlock root = {DLB_UNLOCK_ROOT, sound.root, DLB_KEY_LEN};
	struct dlb_letterbox *l;

	REQUIRE(dlb_letterbox_open(&l, memory_fs(), DIR, &root, &env.env, NULL)
		== DLB_OK);
	REQUIRE(dlb_db_change(&l->db, NULL) == DLB_OK);
	for (unsigned i = 0; i < 16 && dlb_reader_left(r) > 2; i++)
		change_value(l, r);
	REQUIRE(dlb_letterbox_commit(l, NULL) == DLB_OK);
	dlb_letterbox_close(l);
}

/* ---- the ring ------------------------------------------------------------------------ */

static void
change_records(struct dlb_reader *r)
{
	struct memory_file *m = memory_find(DIR "/ring");
	struct dlb_ring ring = {.bytes = {.data = m->data, .len = m->len}};
	uint32_t n = dlb_ring_records(&ring);

	while (dlb_reader_left(r) > 6) {
		struct dlb_epoch e = {.record = dlb_read_u16(r) % n,
			.kind = dlb_read_u8(r) % 5u,
			.id = dlb_read_u32(r)};

		dlb_read_bytes(r, e.seed,
			dlb_reader_left(r) < 32 ? dlb_reader_left(r) : 32);
		dlb_ring_put(
			&ring, &e, sound.root, sound.letterbox.data, &env.env);
	}
}

/* ---- use ------------------------------------------------------------------------------- */

struct count {
	struct dlb_letterbox *l;
	unsigned n;
};

static bool
see_person(void *ctx, const struct dlb_correspondent *c)
{
	struct count *count = ctx;
	struct dlb_correspondent other;
	struct dlb_seal_from from;
	struct dlb_buf card = {0};
	struct dlb_seal_to to;

	if (dlb_correspondent_by_id(count->l, &other, c->id) == DLB_OK)
		REQUIRE(other.id == c->id);
	(void)!dlb_correspondent_card(count->l, &card, c->id, NULL);
	(void)!dlb_correspondent_seal_keys(
		count->l, c->id, NOW_MS, count->n % 2, &to, &from, NULL);
	dlb_buf_free(&card);
	return ++count->n < LIST_MAX;
}

static bool
see_out(void *ctx, const struct dlb_out_letter *letter)
{
	struct count *count = ctx;
	struct dlb_out_letter again;
	struct dlb_buf names = {0};

	(void)!dlb_out_get(count->l, &again, letter->number, NULL);
	(void)!dlb_out_cells(count->l, letter->number, &names, NULL);
	dlb_buf_free(&names);
	return ++count->n < LIST_MAX;
}

static bool
see_in(void *ctx, const struct dlb_in_letter *letter)
{
	struct count *count = ctx;
	struct dlb_in_letter again;

	(void)!dlb_in_get(count->l, &again, letter->number, NULL);
	return ++count->n < LIST_MAX;
}

static bool
see_box(void *ctx, const struct dlb_box *box)
{
	struct count *count = ctx;
	char text[DLB_BOX_TEXT_MAX];

	(void)!dlb_box_to_text(text, box);
	return ++count->n < LIST_MAX;
}

static bool
see_node(void *ctx, const struct dlb_known_node *node)
{
	struct count *count = ctx;
	struct dlb_known_node again;

	(void)!dlb_known_node_by_name(count->l, &again, node->name, NULL);
	return ++count->n < LIST_MAX;
}

/* There are at most some twenty of each. */
static void
see_all(struct dlb_letterbox *l)
{
	struct count c = {.l = l};

	(void)!dlb_correspondent_each(l, see_person, &c, NULL);
	(void)!dlb_out_each(l, see_out, &c, NULL);
	(void)!dlb_in_each(l, see_in, &c, NULL);
	(void)!dlb_box_each(l, see_box, &c, NULL);
	(void)!dlb_known_node_each(l, see_node, &c, NULL);
	REQUIRE(c.n < LIST_MAX);
}

static void
see_keys(struct dlb_letterbox *l, bool expand)
{
	const uint8_t *secrets[DLB_FINDING_MAX];
	struct dlb_keys_reach reach;
	struct dlb_opener opener;
	uint32_t lost;
	int64_t when;
	size_t n;

	for (uint16_t week = 0; week < 300; week += 20) {
		n = dlb_letterbox_finding(l, week, secrets, DLB_FINDING_MAX);
		REQUIRE(n <= DLB_FINDING_MAX);
		for (size_t i = 0; i < n; i++)
			REQUIRE(secrets[i]);
	}
	(void)dlb_letterbox_lost_keys(l);
	(void)!dlb_keys_reach(l, &reach, NULL);
	(void)dlb_keys_lost(l, &lost, &when);
	(void)dlb_keys_condemned(l);
	if (!dlb_letterbox_is_person(l) || !expand)
		return;
	dlb_letterbox_opener(l, &opener);
	(void)opener.opening(opener.ctx, 22);
	(void)opener.opening(opener.ctx, DLB_OPENING_LAST_RESORT | 1);
}

static void
see_settings(struct dlb_letterbox *l)
{
	struct dlb_buf card = {0};
	uint8_t blob[32];
	char text[8];
	int64_t v;

	(void)!dlb_setting_get_text(l, "text", text, sizeof(text));
	(void)!dlb_setting_get_int(l, "int", &v);
	(void)!dlb_setting_get_blob(l, "blob", blob, sizeof(blob));
	(void)!dlb_letterbox_card(l, false, &card, NULL);
	(void)!dlb_letterbox_card(l, true, &card, NULL);
	dlb_buf_free(&card);
}

static void
change_all(struct dlb_letterbox *l, bool keys)
{
	struct dlb_unlock file = {DLB_UNLOCK_KEYFILE, sound.root, DLB_KEY_LEN};
	struct dlb_correspondent c;
	struct dlb_clock_view clock;
	uint32_t destroyed;
	bool renewed;

	(void)!dlb_clock_look(l, &clock, NULL);
	if (keys)
		(void)!dlb_letterbox_renew(l, &renewed, NULL);
	if (keys && dlb_keys_destroy(l, &destroyed, NULL) != DLB_OK)
		(void)!dlb_letterbox_rollback(l, NULL);
	if (dlb_correspondent_by_identity(l, &c, &sound.friend) == DLB_OK)
		(void)!dlb_correspondent_renew(
			l, &c, sound.cards[0].data, sound.cards[0].len, NULL);
	add_card(l, 0);
	add_card(l, 1);
	add_letters(l);
	add_places(l);
	(void)!dlb_out_delete(l, 1, NULL);
	(void)!dlb_in_delete(l, 2, NULL);
	(void)!dlb_letterbox_add_unlock(l, &file, NULL);
}

/* keys: also what takes long, as it makes or expands many keys. */
static void
use(bool keys)
{
	struct dlb_unlock root = {DLB_UNLOCK_ROOT, sound.root, DLB_KEY_LEN};
	struct dlb_letterbox *l = NULL;
	enum dlb_status saved;

	if (dlb_letterbox_open(&l, memory_fs(), DIR, &root, &env.env, NULL)
		!= DLB_OK) {
		REQUIRE(!l);
		return;
	}
	see_settings(l);
	see_keys(l, keys);
	see_all(l);
	change_all(l, keys);
	see_all(l);
	saved = dlb_letterbox_commit(l, NULL);
	if (saved != DLB_OK)
		(void)!dlb_letterbox_rollback(l, NULL);
	dlb_letterbox_close(l);
	if (saved != DLB_OK)
		return;
	REQUIRE(dlb_letterbox_open(&l, memory_fs(), DIR, &root, &env.env, NULL)
		== DLB_OK);
	see_all(l);
	dlb_letterbox_close(l);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct dlb_reader r;
	uint8_t how;

	if (!sound.image.data)
		prepare();
	memory_put(DIR "/letterbox", sound.letterbox.data, sound.letterbox.len);
	memory_put(DIR "/ring", sound.ring.data, sound.ring.len);
	dlb_env_seeded_init(&env, 2, NOW_MS);
	dlb_reader_init(&r, data, len);
	how = dlb_read_u8(&r);
	switch (how % 6) {
	case 0:
		change_raw(DIR "/letterbox", &r);
		break;
	case 1:
		change_header(&r);
		break;
	case 2:
		change_image(&r);
		break;
	case 3:
		change_values(&r);
		break;
	case 4:
		change_raw(DIR "/ring", &r);
		break;
	default:
		change_records(&r);
	}
	use(how / 6 % 16 == 15);
	return 0;
}
