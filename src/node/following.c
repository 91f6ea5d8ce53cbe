/*
 * following: the handles of heads that authors may have posted, and following an
 * author. docs/cell.md, section 12.
 *
 * A handle costs a map to the group, which is a third of a trial: with many authors
 * too much for each meeting. So of each handle four bytes are kept with the author,
 * and each day adds those of one day. A cell is looked up by these bytes; where they
 * are the same, the handle is computed and compared.
 */
#include "following.h"

#include <stdlib.h>
#include <string.h>

/* A cell lives until the end of the 12th week after that of its sealing; a day more
 * for an author whose letterbox was restored, and one for clocks that are ahead. */
#define DAYS_AHEAD 2
#define PREFIX_AT 8 /* of a handle: uniform bits */

struct author {
	struct dlb_author a;
	struct dlb_bulletin_reader reader;
	uint32_t first_day;
	size_t at, n; /* of the prefixes; n: slots of all days */
};

struct dlb_following {
	struct dlb_node *n;
	struct author *authors; /* by `at` */
	size_t authors_n;
	uint32_t *prefixes;
	size_t prefixes_n, prefixes_cap;
	uint32_t *table; /* open addressing over prefixes; +1, 0 empty */
	size_t table_len;
};

/* ---- the window ------------------------------------------------------------------------ */

static void
window_of(struct dlb_node *n, uint32_t *first, uint32_t *end)
{
	int64_t now =
		n->clock.trusted_week ? n->clock.now_ms : n->clock.highest_ms;
	uint16_t week = dlb_week_of(now);

	week = week > DLB_CELL_LIFETIME_WEEKS
		? (uint16_t)(week - DLB_CELL_LIFETIME_WEEKS)
		: 0;
	*first = (uint32_t)(dlb_week_start_ms(week) / DLB_DAY_MS);
	*end = (uint32_t)(now / DLB_DAY_MS) + DAYS_AHEAD + 1;
	if (*end < *first)
		*end = *first;
}

struct making {
	const uint8_t *key;
	uint32_t first_day;
	uint32_t *out;
};

static uint32_t
prefix_of(const uint8_t handle[static DLB_HANDLE_LEN])
{
	uint32_t v;

	memcpy(&v, handle + PREFIX_AT, sizeof(v));
	return v;
}

static void
make_one(void *ctx, size_t i, unsigned worker)
{
	struct making *m = ctx;
	uint8_t handle[DLB_HANDLE_LEN];

	(void)worker;
	dlb_bulletin_handle(handle, m->key,
		m->first_day + (uint32_t)(i / DLB_BULLETIN_SLOTS),
		(uint8_t)(i % DLB_BULLETIN_SLOTS));
	m->out[i] = prefix_of(handle);
}

static enum dlb_status
grow(struct dlb_following *f, size_t more)
{
	size_t cap = f->prefixes_cap ? f->prefixes_cap : 4096;
	uint32_t *p;

	while (cap < f->prefixes_n + more)
		cap *= 2;
	if (cap == f->prefixes_cap)
		return DLB_OK;
	p = realloc(f->prefixes, cap * sizeof(*p));
	if (!p)
		return DLB_NO_MEMORY;
	f->prefixes = p;
	f->prefixes_cap = cap;
	return DLB_OK;
}

/* What is kept of days [first, end) goes to its place; the others are made. */
static bool
fill(uint32_t *out, const struct author *au, uint32_t first, uint32_t end,
	const struct dlb_buf *kept, uint32_t kept_first)
{
	uint32_t kept_end = kept_first
		+ (uint32_t)(kept->len
			/ (DLB_BULLETIN_SLOTS * sizeof(uint32_t)));
	uint32_t from = kept_first > first ? kept_first : first;
	uint32_t to = kept_end < end ? kept_end : end;
	struct making m = {.key = au->a.key, .first_day = first, .out = out};

	if (from >= to)
		from = to = first;
	else
		memcpy(out + (size_t)(from - first) * DLB_BULLETIN_SLOTS,
			kept->data
				+ (size_t)(from - kept_first)
					* DLB_BULLETIN_SLOTS * sizeof(uint32_t),
			(size_t)(to - from) * DLB_BULLETIN_SLOTS
				* sizeof(uint32_t));
	dlb_pool_run((size_t)(from - first) * DLB_BULLETIN_SLOTS, make_one, &m);
	m.first_day = to;
	m.out = out + (size_t)(to - first) * DLB_BULLETIN_SLOTS;
	dlb_pool_run((size_t)(end - to) * DLB_BULLETIN_SLOTS, make_one, &m);
	return from != first || to != end || kept_first != first
		|| kept_end != end;
}

static enum dlb_status
load_window(struct dlb_following *f, struct author *au, uint32_t first,
	uint32_t end, struct dlb_buf *kept, struct dlb_error *err)
{
	size_t n = (size_t)(end - first) * DLB_BULLETIN_SLOTS;
	uint32_t kept_first = 0, *out;
	enum dlb_status st = dlb_author_window(
		f->n->letterbox, au->a.id, &kept_first, kept, err);

	if (st == DLB_OK && grow(f, n) != DLB_OK)
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (st != DLB_OK)
		return st;
	out = f->prefixes + f->prefixes_n;
	au->first_day = first;
	au->at = f->prefixes_n;
	au->n = n;
	f->prefixes_n += n;
	return fill(out, au, first, end, kept, kept_first)
		? dlb_author_set_window(f->n->letterbox, au->a.id, first, out,
			n * sizeof(*out), err)
		: DLB_OK;
}

/* ---- all of them ----------------------------------------------------------------------- */

struct loading {
	struct dlb_following *f;
	size_t cap;
	enum dlb_status st;
};

static bool
load_author(void *ctx, const struct dlb_author *a)
{
	struct loading *l = ctx;
	struct dlb_following *f = l->f;
	struct author *au;

	if (f->authors_n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 16;
		struct author *p = realloc(f->authors, cap * sizeof(*p));

		if (!p) {
			l->st = DLB_NO_MEMORY;
			return false;
		}
		f->authors = p;
		l->cap = cap;
	}
	au = &f->authors[f->authors_n++];
	memset(au, 0, sizeof(*au));
	au->a = *a;
	dlb_bulletin_reader(&au->reader, a->key, &a->identity);
	return true;
}

static enum dlb_status
index_all(struct dlb_following *f)
{
	size_t len = 64;

	while (len < 2 * f->prefixes_n)
		len *= 2;
	f->table = calloc(len, sizeof(*f->table));
	if (!f->table)
		return DLB_NO_MEMORY;
	f->table_len = len;
	for (size_t i = 0; i < f->prefixes_n; i++) {
		size_t at = f->prefixes[i] & (len - 1);

		while (f->table[at])
			at = (at + 1) & (len - 1);
		f->table[at] = (uint32_t)i + 1;
	}
	return DLB_OK;
}

enum dlb_status
dlb_following_new(
	struct dlb_following **out, struct dlb_node *n, struct dlb_error *err)
{
	struct dlb_following *f = calloc(1, sizeof(*f));
	struct loading l = {.f = f, .st = DLB_OK};
	struct dlb_buf kept = {0};
	uint32_t first, end;
	enum dlb_status st;

	if (!f)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	f->n = n;
	window_of(n, &first, &end);
	st = dlb_author_each(n->letterbox, load_author, &l, err);
	if (st == DLB_OK && l.st != DLB_OK)
		st = dlb_fail(err, l.st, "out of memory");
	for (size_t i = 0; st == DLB_OK && i < f->authors_n; i++)
		st = load_window(f, &f->authors[i], first, end, &kept, err);
	if (st == DLB_OK && f->authors_n > 0)
		st = dlb_bulletin_forget(n->letterbox, first, err);
	if (st == DLB_OK && index_all(f) != DLB_OK)
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	dlb_buf_free(&kept);
	if (st != DLB_OK) {
		dlb_following_free(f);
		return st;
	}
	*out = f;
	return DLB_OK;
}

void
dlb_following_free(struct dlb_following *f)
{
	if (!f)
		return;
	if (f->authors)
		dlb_wipe(f->authors, f->authors_n * sizeof(*f->authors));
	free(f->authors);
	free(f->prefixes);
	free(f->table);
	free(f);
}

/* ---- looking up ------------------------------------------------------------------------- */

static const struct author *
author_at(const struct dlb_following *f, size_t i)
{
	size_t low = 0, high = f->authors_n;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (f->authors[mid].at <= i)
			low = mid;
		else
			high = mid;
	}
	return &f->authors[low];
}

static const struct author *
author_of(const struct dlb_following *f, int64_t id)
{
	for (size_t i = 0; i < f->authors_n; i++)
		if (f->authors[i].a.id == id)
			return &f->authors[i];
	return NULL;
}

/* Which handle is it? Of one author or another, if at all. */
static const struct author *
find(const struct dlb_following *f, const uint8_t handle[static DLB_HANDLE_LEN],
	struct dlb_hit *hit)
{
	uint32_t prefix = prefix_of(handle);
	size_t at = prefix & (f->table_len - 1);

	for (; f->table[at]; at = (at + 1) & (f->table_len - 1)) {
		size_t i = f->table[at] - 1;
		const struct author *au;
		uint8_t candidate[DLB_HANDLE_LEN];

		if (f->prefixes[i] != prefix)
			continue;
		au = author_at(f, i);
		hit->day = au->first_day
			+ (uint32_t)((i - au->at) / DLB_BULLETIN_SLOTS);
		hit->slot = (uint8_t)((i - au->at) % DLB_BULLETIN_SLOTS);
		dlb_bulletin_handle(candidate, au->a.key, hit->day, hit->slot);
		if (memcmp(candidate, handle, sizeof(candidate)) == 0)
			return au;
	}
	return NULL;
}

bool
dlb_following_try(const struct dlb_following *f,
	const uint8_t prefix[static DLB_TRIAL_LEN], struct dlb_hit *hit)
{
	const struct author *au = find(f, prefix + DLB_WAYBILL_LEN, hit);

	if (!au
		|| dlb_find(hit->shared, prefix, au->reader.finding,
			   &au->reader.identity)
			!= DLB_OK)
		return false;
	hit->author = au->a.id;
	return true;
}

void
dlb_following_opener(const struct dlb_following *f, struct dlb_opener *out,
	const struct dlb_hit *hit,
	uint8_t expanded[static DLB_XWING_EXPANDED_LEN])
{
	dlb_bulletin_opener(out, &author_of(f, hit->author)->reader, expanded);
}

bool
dlb_node_looks(struct dlb_node *n)
{
	return dlb_letterbox_is_person(n->letterbox)
		|| dlb_author_any(n->letterbox);
}

/* ---- a new author ------------------------------------------------------------------------ */

struct looking {
	struct dlb_node *n;
	struct dlb_wanted *w;
	const struct author *au;
	struct dlb_hit
		*hits; /* one a handle; .number is DLB_NO_ENTRY for none */
};

/* The next cell that is a head at this handle, after hit->number. Any number of them may
 * lie there, as every follower can make them: which one is the author's, the signature
 * says. */
static bool
next_at(const struct looking *k, struct dlb_hit *hit,
	const uint8_t handle[static DLB_HANDLE_LEN], unsigned worker)
{
	struct dlb_node *n = k->n;
	uint32_t number = hit->number;
	uint8_t prefix[DLB_PEEK_LEN];

	while ((number = dlb_satchel_find_handle(n->satchel, handle, number))
		!= DLB_NO_ENTRY)
		if (dlb_satchel_peek(n->satchel, number, prefix, sizeof(prefix),
			    n->aead[worker], NULL)
				== DLB_OK
			&& dlb_wanted_bulletin(k->w, prefix, hit)) {
			hit->number = number;
			return true;
		}
	return false;
}

static void
handle_at(const struct looking *k, size_t i,
	uint8_t handle[static DLB_HANDLE_LEN])
{
	dlb_bulletin_handle(handle, k->au->a.key,
		k->au->first_day + (uint32_t)(i / DLB_BULLETIN_SLOTS),
		(uint8_t)(i % DLB_BULLETIN_SLOTS));
}

/* The cells of the home were searched before this author was followed: the index is
 * asked for each handle. */
static void
look_for(void *ctx, size_t i, unsigned worker)
{
	struct looking *k = ctx;
	uint8_t handle[DLB_HANDLE_LEN];

	handle_at(k, i, handle);
	k->hits[i].number = DLB_NO_ENTRY;
	next_at(k, &k->hits[i], handle, worker);
}

/* Those at the handles where one was found already join hits, which has *n of them. */
static enum dlb_status
find_more(const struct looking *k, struct dlb_hit **hits, size_t *n)
{
	size_t cap = k->au->n + 1;

	for (size_t i = 0; i < k->au->n; i++) {
		struct dlb_hit hit = k->hits[i];
		uint8_t handle[DLB_HANDLE_LEN];

		if (hit.number == DLB_NO_ENTRY)
			continue;
		handle_at(k, i, handle);
		do {
			if (*n == cap) {
				size_t more = cap + 64;
				struct dlb_hit *p =
					realloc(*hits, more * sizeof(*p));

				if (!p)
					return DLB_NO_MEMORY;
				*hits = p;
				cap = more;
			}
			(*hits)[(*n)++] = hit;
		} while (next_at(k, &hit, handle, 0));
	}
	return DLB_OK;
}

static enum dlb_status
look_at_home(struct dlb_node *n, struct dlb_wanted *w, int64_t id,
	struct dlb_error *err)
{
	const struct dlb_following *f = dlb_wanted_following(w);
	struct looking k = {.n = n, .w = w, .au = author_of(f, id)};
	uint64_t new_ones = 0, refused = 0;
	struct dlb_hit *all;
	size_t all_n = 0;
	enum dlb_status st = DLB_OK;

	if (!k.au)
		return DLB_OK;
	k.hits = calloc(k.au->n + 1, sizeof(*k.hits));
	all = calloc(k.au->n + 1, sizeof(*all));
	if (!k.hits || !all) {
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
		goto out;
	}
	dlb_pool_run(k.au->n, look_for, &k);
	if (find_more(&k, &all, &all_n) != DLB_OK)
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (st == DLB_OK)
		st = dlb_wanted_add_hits(
			w, n->satchel, all, all_n, &new_ones, &refused, err);
out:
	free(k.hits);
	free(all);
	return st;
}

struct all {
	struct dlb_node *n;
	struct dlb_wanted *w;
	enum dlb_status st;
	struct dlb_error *err;
};

static bool
look_for_author(void *ctx, const struct dlb_author *a)
{
	struct all *all = ctx;

	all->st = look_at_home(all->n, all->w, a->id, all->err);
	return all->st == DLB_OK;
}

enum dlb_status
dlb_node_find_bulletins(struct dlb_node *n, struct dlb_error *err)
{
	struct all all = {.n = n, .err = err};
	uint64_t complete = 0;
	enum dlb_status st = dlb_wanted_new(&all.w, n, err);

	if (st == DLB_OK)
		st = dlb_letterbox_commit(n->letterbox, err);
	if (st == DLB_OK)
		st = dlb_author_each(n->letterbox, look_for_author, &all, err);
	if (st == DLB_OK)
		st = all.st;
	if (st == DLB_OK)
		st = dlb_letterbox_commit(n->letterbox, err);
	if (st == DLB_OK)
		st = dlb_wanted_finish(all.w, &complete, err);
	dlb_wanted_free(all.w);
	if (st != DLB_OK
		&& dlb_letterbox_rollback(n->letterbox, NULL) != DLB_OK) {
		/* What failed is what is said. */
	}
	return st;
}

static bool
count_one(void *ctx, const struct dlb_bulletin_row *row)
{
	uint64_t *count = ctx;

	(void)row;
	++*count;
	return true;
}

enum dlb_status
dlb_node_follow(struct dlb_node *n, struct dlb_author *out,
	const struct dlb_card *card, const char *name, uint64_t *found,
	struct dlb_error *err)
{
	uint64_t complete = 0;
	struct dlb_wanted *w = NULL;
	enum dlb_status st = dlb_author_add(n->letterbox, out, card, name, err);

	if (found)
		*found = 0;
	if (st == DLB_OK)
		st = dlb_wanted_new(&w, n, err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(n->letterbox, err);
	if (st == DLB_OK)
		st = look_at_home(n, w, out->id, err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(n->letterbox, err);
	if (st == DLB_OK)
		st = dlb_wanted_finish(w, &complete, err);
	dlb_wanted_free(w);
	if (st != DLB_OK
		&& dlb_letterbox_rollback(n->letterbox, NULL) != DLB_OK) {
		/* What failed is what is said. */
	}
	return st == DLB_OK && found ? dlb_bulletin_each(
		       n->letterbox, out->id, count_one, found, err)
				     : st;
}

/* ---- one that is followed no more ---------------------------------------------------------- */

struct leaving {
	struct dlb_node *n;
	struct dlb_release release;
	enum dlb_status st;
	struct dlb_error *err;
};

static bool
leave_one(void *ctx, const struct dlb_bulletin_row *row)
{
	struct leaving *v = ctx;

	v->st = dlb_bulletin_drop(&v->release, row, v->err);
	return v->st == DLB_OK;
}

enum dlb_status
dlb_node_unfollow(struct dlb_node *n, int64_t author, struct dlb_error *err)
{
	struct leaving v = {.n = n, .release = {.n = n}, .err = err};
	enum dlb_status st =
		dlb_bulletin_each(n->letterbox, author, leave_one, &v, err);

	if (st == DLB_OK)
		st = v.st;
	if (st == DLB_OK)
		st = dlb_author_forget(n->letterbox, author, err);
	if (st == DLB_OK)
		st = dlb_release_commit(&v.release, err);
	dlb_release_free(&v.release);
	return st;
}
