/*
 * Fuzz target for a reader's whole way: letters that a hostile sender sealed, or a
 * hostile courier touched, lie in a box; a home meets the box, lists and reads
 * what it found, deletes some, and meets it again.
 *
 * The first byte: bit 0 what is read goes into a directory, 1 to a descriptor, 2
 * the second letter is of the same sealing as the first, 3 heads come to the box
 * only after all else was taken, 4 the home has little room to carry. Then up to three letters,
 * each: u8 how (bit 0 of a correspondent, 1 a card rides along, 2 changes to the
 * card, 3 changes to the fixed fields, 4 changes to the sealed head, 5 more content
 * is claimed than comes, 6 the card is someone else's), those that how asks for, u8
 * which bulk cells are there, u8 which of these are false, u16 length, content.
 * Changes are u8 count, then (u8 offset, u8 value) each.
 *
 * Beyond memory errors: no letter comes twice, none damages the satchel or takes
 * more than the reserve, the home opens again.
 */
#include "../unit/cell/fixture.c"

#include "memory_fs.h"
#include "node_internal.h"
#include "unpack_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define LETTERS_MAX 3
#define BULK_MAX 3
#define CELLS_MAX (LETTERS_MAX * (1 + 2 * BULK_MAX))
#define CONTENT_MAX 4096
#define HOME_SLOTS 32
#define BOX_SLOTS 24

#define REQUIRE(cond)                                                          \
	do {                                                                   \
		if (!(cond)) {                                                 \
			fprintf(stderr, "%d: %s\n", __LINE__, #cond);          \
			abort();                                               \
		}                                                              \
	} while (0)

static const struct dlb_unlock open_to_all = {.kind = DLB_UNLOCK_OPEN};
static char base[64], home[96], box[96], out[96];
static int null_fd;

/* Files as they are before each run, and who writes. */
static struct {
	struct dlb_buf letterbox, ring, satchel, full_satchel, box;
	struct dlb_seal_to to;
	struct cell_person reader; /* only what is public */
	struct cell_person friend, stranger;
	struct dlb_buf friend_card, stranger_card;
	struct dlb_aead *aead;
} sound;

static struct world {
	struct dlb_env_seeded env;
	struct dlb_reader in;
	struct dlb_node *n;
	uint8_t how;
	struct dlb_stripe stripes[LETTERS_MAX];
	size_t letters_n;
	uint8_t cells[CELLS_MAX][DLB_CELL_LEN];
	bool is_head[CELLS_MAX];
	size_t cells_n;
	struct cell_forge forge;
	uint8_t content[DLB_BODY_LEN + BULK_MAX * DLB_BULK_CONTENT_LEN];
} w;

/* ---- what there is before ------------------------------------------------------------ */

static void
remove_base(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", base);
	if (system(command) != 0)
		fprintf(stderr, "could not remove %s\n", base);
}

static void
make_places(void)
{
	int fd;

	snprintf(base, sizeof(base), "%s/dlb-fuzz-XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	REQUIRE(mkdtemp(base));
	atexit(remove_base);
	snprintf(home, sizeof(home), "%s/home", base);
	snprintf(box, sizeof(box), "%s/box.dlb", base);
	snprintf(out, sizeof(out), "%s/out", base);
	/* What a box's medium allows is asked of the real one. */
	fd = open(box, O_WRONLY | O_CREAT, 0600);
	null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	REQUIRE(fd >= 0 && null_fd >= 0);
	close(fd);
}

static void
copy_file(struct dlb_buf *to, const char *name)
{
	char path[128];
	const struct memory_file *m;

	snprintf(path, sizeof(path), "%s/%s", home, name);
	m = memory_find(name[0] == '/' ? name : path);
	REQUIRE(m && dlb_buf_append(to, m->data, m->len) == DLB_OK);
}

/* A short card: its keys are their own, and need not open anything. */
static void
make_card(struct dlb_buf *to, const struct cell_person *who, const char *name)
{
	struct dlb_card card = {
		.serial = 1, .issued_week = 100, .finding_n = 1};
	uint8_t pk[32], sk[64];

	snprintf(card.name, sizeof(card.name), "%s", name);
	card.identity = who->identity;
	memcpy(card.finding[0].key, who->finding, sizeof(who->finding));
	card.finding[0].quarter = 7;
	memcpy(card.last_resort, who->opening, sizeof(who->opening));
	dlb_ed25519_keypair(pk, sk, who->secret.sign_seed);
	REQUIRE(dlb_card_write(to, &card, sk) == DLB_OK);
}

/* Whom the home's owner is to those who write to them. */
static void
know_reader(struct dlb_letterbox *l)
{
	struct dlb_correspondent c;
	struct dlb_buf bytes = {0};
	struct dlb_card card;

	REQUIRE(dlb_letterbox_card(l, false, &bytes, NULL) == DLB_OK);
	REQUIRE(dlb_card_parse(&card, bytes.data, bytes.len, NULL) == DLB_OK);
	dlb_buf_free(&bytes);
	sound.reader.identity = card.identity;
	sound.to.identity = card.identity;
	memcpy(sound.to.finding, card.finding[0].key, DLB_POINT_LEN);
	sound.to.opening_id = card.opening[0].month;
	memcpy(sound.to.opening, card.opening[0].key, DLB_XWING_PK_LEN);
	REQUIRE(dlb_card_parse(&card, sound.friend_card.data,
			sound.friend_card.len, NULL)
		== DLB_OK);
	REQUIRE(dlb_correspondent_add(l, &c, &card, NULL, NULL) == DLB_OK);
	REQUIRE(dlb_letterbox_commit(l, NULL) == DLB_OK);
}

/* As small a one as no person would have, since each run copies it. */
static void
make_satchel(struct dlb_letterbox *l)
{
	uint8_t root[DLB_KEY_LEN];
	struct dlb_satchel_options o = {.slots = HOME_SLOTS,
		.reserve = HOME_SLOTS / 2,
		.sparse = true,
		.unlock = {DLB_UNLOCK_ROOT, root, sizeof(root)}};
	char path[128];

	REQUIRE(dlb_setting_get_blob(
			l, DLB_SET_SATCHEL_ROOT, root, sizeof(root))
		== DLB_OK);
	snprintf(path, sizeof(path), "%s/satchel", home);
	memory_remove(path);
	REQUIRE(dlb_satchel_create(
			memory_fs(), path, &o, &w.env.env, NULL, NULL)
		== DLB_OK);
}

static void
open_home(void)
{
	REQUIRE(dlb_node_open_on(&w.n, memory_fs(), home, &open_to_all, 0,
			&w.env.env, NULL)
		== DLB_OK);
}

/* One that carries as much as it can. */
static void
fill_satchel(void)
{
	struct dlb_satchel_item items[HOME_SLOTS / 2];
	struct dlb_node *n;

	memset(items, 0, sizeof(items));
	open_home();
	n = w.n;
	for (size_t i = 0; i < DLB_ARRAY_LEN(items); i++) {
		uint8_t *cell = dlb_node_cell(n, i);

		dlb_random(&w.env.env, cell, DLB_CELL_LEN);
		memset(cell, 0, 16);
		cell[0] = 1;
		cell[3] = FIXTURE_EXPIRY;
		dlb_point_base(cell + DLB_AT_HANDLE, cell + 200);
		dlb_cell_name(items[i].core, items[i].name, cell);
		items[i].cell = cell;
		items[i].flags = DLB_SHOWN;
		items[i].copies = 8;
	}
	REQUIRE(dlb_satchel_put(
			n->satchel, items, DLB_ARRAY_LEN(items), 100, NULL)
		== DLB_OK);
	dlb_node_close(n);
	copy_file(&sound.full_satchel, "satchel");
}

static void
prepare(void)
{
	struct dlb_home_options o = {.name = "bob",
		.size = 32 << 20,
		.sparse = true,
		.unlock = open_to_all};
	struct dlb_satchel_options so = {
		.slots = BOX_SLOTS, .sparse = true, .unlock = open_to_all};
	struct dlb_error err;
	struct dlb_node *n;

	dlb_pool_limit(1);
	REQUIRE(dlb_base_init() == DLB_OK);
	REQUIRE(dlb_aead_new(&sound.aead) == DLB_OK);
	dlb_env_seeded_init(&w.env, 1, FIXTURE_NOW_MS);
	make_places();
	cell_person_init(&sound.friend, 22, &w.env.env);
	cell_person_init(&sound.stranger, 22, &w.env.env);
	make_card(&sound.friend_card, &sound.friend, "alice");
	make_card(&sound.stranger_card, &sound.stranger, "mallory");
	if (dlb_node_create_on(
		    &n, memory_fs(), home, &o, &w.env.env, NULL, &err)
		!= DLB_OK) {
		fprintf(stderr, "%s\n", err.msg);
		abort();
	}
	know_reader(dlb_node_letterbox(n));
	make_satchel(dlb_node_letterbox(n));
	dlb_node_close(n);
	REQUIRE(dlb_satchel_create(
			memory_fs(), box, &so, &w.env.env, NULL, NULL)
		== DLB_OK);
	copy_file(&sound.letterbox, "letterbox");
	copy_file(&sound.ring, "ring");
	copy_file(&sound.satchel, "satchel");
	copy_file(&sound.box, box);
	fill_satchel();
}

static void
put_file(const char *name, const struct dlb_buf *bytes)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", home, name);
	memory_put(name[0] == '/' ? name : path, bytes->data, bytes->len);
}

/* ---- a hostile sender ------------------------------------------------------------------ */

static void
change(uint8_t *p, size_t len)
{
	for (unsigned n = dlb_read_u8(&w.in) % 16u; n > 0; n--) {
		size_t at = dlb_read_u8(&w.in);

		p[at % len] = dlb_read_u8(&w.in);
	}
}

static uint8_t *
next_cell(bool is_head)
{
	REQUIRE(w.cells_n < CELLS_MAX);
	w.is_head[w.cells_n] = is_head;
	return w.cells[w.cells_n++];
}

/* Some are there, some twice: a look-alike under the same handle first. */
static void
seal_bulk(const struct dlb_stripe *stripe)
{
	uint8_t there = dlb_read_u8(&w.in), false_ones = dlb_read_u8(&w.in);

	for (uint32_t i = 1; i <= BULK_MAX && i < stripe->cells; i++) {
		uint64_t offset;
		uint8_t *cell;
		size_t len;

		dlb_stripe_range(stripe, i, &offset, &len);
		if (false_ones & 1u << i) {
			cell = next_cell(false);
			dlb_bulk_seal(cell, sound.aead, stripe, i,
				len ? w.content : NULL, len, &w.env.env);
			cell[DLB_AT_BODY + 7] ^= 1;
		}
		if (there & 1u << i)
			dlb_bulk_seal(next_cell(false), sound.aead, stripe, i,
				len ? w.content + offset : NULL, len,
				&w.env.env);
	}
}

static void
read_content(size_t *len)
{
	*len = dlb_read_u16(&w.in) % (CONTENT_MAX + 1);
	if (*len > dlb_reader_left(&w.in))
		*len = dlb_reader_left(&w.in);
	memset(w.content, 0, sizeof(w.content));
	dlb_read_bytes(&w.in, w.content, *len);
}

static void
seal_letter(void)
{
	uint8_t how = dlb_read_u8(&w.in);
	const struct cell_person *who =
		how & 1 ? &sound.friend : &sound.stranger;
	bool friends = !!(how & 1) != !!(how & 64);
	const struct dlb_buf *card =
		friends ? &sound.friend_card : &sound.stranger_card;
	struct dlb_seal_from from = cell_from(
		who, &sound.reader, card->data, how & 2 ? card->len : 0);
	struct dlb_head_random random;
	struct dlb_stripe stripe;
	uint32_t more = 0;
	size_t len;
	uint8_t *cell;

	read_content(&len);
	if (how & 32)
		more = dlb_read_u32(&w.in);
	stripe = cell_stripe(len + more, from.card_len, &w.env.env);
	stripe.expiry_week = FIXTURE_EXPIRY;
	if ((w.how & 4) && w.letters_n == 1)
		memcpy(stripe.letter_id, w.stripes[0].letter_id,
			sizeof(stripe.letter_id));
	w.stripes[w.letters_n++] = stripe;
	cell_forge_fill(&w.forge, &sound.to, &from, &stripe, w.content);
	if ((how & 4) && from.card_len)
		change(w.forge.box2 + DLB_BOX2_FIXED_LEN, from.card_len);
	if (how & 8)
		change(w.forge.box3, DLB_FIELDS_LEN);
	cell_head_random(&random, &w.env.env);
	cell = next_cell(true);
	cell_forge_seal(
		cell, &w.forge, sound.aead, &sound.to, &from, &stripe, &random);
	if (how & 16)
		change(cell, 256);
	seal_bulk(&stripe);
}

static void
fill_box(bool heads)
{
	struct dlb_satchel_item items[CELLS_MAX];
	struct dlb_satchel *s;
	size_t n = 0;

	memset(items, 0, sizeof(items));
	for (size_t i = 0; i < w.cells_n; i++) {
		if (w.is_head[i] && !heads)
			continue;
		items[n].cell = w.cells[i];
		items[n].flags = DLB_SHOWN;
		items[n].copies = 8;
		dlb_cell_name(items[n].core, items[n].name, w.cells[i]);
		n++;
	}
	REQUIRE(dlb_satchel_open(&s, memory_fs(), box, &open_to_all, true, 0,
			&w.env.env, NULL)
		== DLB_OK);
	REQUIRE(dlb_satchel_put(s, items, n, 100, NULL) == DLB_OK);
	dlb_satchel_close(s);
}

/* ---- the reader ------------------------------------------------------------------------- */

static struct dlb_meet_result
meet(void)
{
	struct dlb_meet_options o = {.where = box, .collect_only = true};
	struct dlb_satchel_info info;
	struct dlb_meet_result r;
	struct dlb_error err;

	if (dlb_node_meet(w.n, &o, &r, NULL, &err) != DLB_OK) {
		fprintf(stderr, "%s\n", err.msg);
		abort();
	}
	dlb_node_satchel_info(w.n, &info);
	REQUIRE(info.held <= info.reserve && info.damaged == 0);
	return r;
}

struct list {
	int64_t numbers[LETTERS_MAX];
	size_t n;
};

static bool
collect(void *ctx, const struct dlb_in_letter *letter)
{
	struct list *list = ctx;

	REQUIRE(list->n < LETTERS_MAX);
	REQUIRE(letter->have <= letter->stripe.cells);
	REQUIRE(strlen(letter->summary) < sizeof(letter->summary));
	REQUIRE(dlb_utf8_valid(letter->summary, strlen(letter->summary)));
	list->numbers[list->n++] = letter->number;
	return true;
}

static struct list
inbox(void)
{
	struct list list = {.n = 0};

	REQUIRE(dlb_in_each(dlb_node_letterbox(w.n), collect, &list, NULL)
		== DLB_OK);
	return list;
}

static void
read_letter(int64_t number)
{
	struct dlb_read_options o = {
		.directory = w.how & 1 ? out : NULL, .fd = null_fd};
	struct dlb_read_result r;
	struct dlb_error err = {.msg = ""};
	struct dlb_card card;

	if (o.directory) {
		dlb_remove_tree(AT_FDCWD, out);
		REQUIRE(mkdir(out, 0700) == 0);
	}
	if (dlb_node_read(w.n, number, &o, &r, NULL, &err) == DLB_OK)
		dlb_buf_free(&r.message);
	else
		REQUIRE(err.msg[0] && r.message.len == 0);
	if (dlb_node_letter_card(w.n, number, &card, &err) == DLB_OK)
		REQUIRE(card.serial);
}

static void
check_reader(void)
{
	struct dlb_meet_result first, again;
	struct list list, later;

	open_home();
	first = meet();
	list = inbox();
	REQUIRE(list.n == first.letters_new && list.n <= w.letters_n);
	for (size_t i = 0; i < list.n; i++)
		read_letter(list.numbers[i]);
	if (list.n > 1)
		REQUIRE(dlb_node_delete(w.n, list.numbers[0], NULL) == DLB_OK);
	again = meet();
	later = inbox();
	REQUIRE(again.letters_new <= first.letters_refused);
	REQUIRE(later.n == list.n - (list.n > 1) + again.letters_new);
	dlb_node_close(w.n);
	open_home();
	list = inbox();
	REQUIRE(list.n == later.n);
	dlb_node_close(w.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!base[0])
		prepare();
	dlb_env_seeded_init(&w.env, 2, FIXTURE_NOW_MS);
	dlb_reader_init(&w.in, data, len);
	w.letters_n = w.cells_n = 0;
	w.how = dlb_read_u8(&w.in);
	while (w.letters_n < LETTERS_MAX && dlb_reader_left(&w.in) > 0)
		seal_letter();
	put_file("letterbox", &sound.letterbox);
	put_file("ring", &sound.ring);
	put_file("satchel", w.how & 16 ? &sound.full_satchel : &sound.satchel);
	put_file(box, &sound.box);
	if (w.how & 8) {
		fill_box(false);
		open_home();
		REQUIRE(meet().letters_new == 0);
		dlb_node_close(w.n);
	}
	fill_box(true);
	check_reader();
	return 0;
}
