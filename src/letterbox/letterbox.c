/*
 * The life of a letterbox: making, opening, committing, undoing.
 * docs/letterbox.md.
 *
 * A change begins a transaction of the database; a commit ends it and replaces
 * the letterbox file. The ring is written before: a record that no database names
 * does no harm, a name without a record would be a key lost. Where the file can
 * not be replaced, the database in memory is ahead of it (`unsaved`): a later
 * commit tries again, a rollback reads the file.
 */
#include "state_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME "letterbox"
#define RING_NAME "ring"

static enum dlb_status
letterbox_new(struct dlb_letterbox **out, struct dlb_fs *fs, const char *dir,
	const struct dlb_env *env, struct dlb_error *err)
{
	struct dlb_letterbox *l = calloc(1, sizeof(*l));

	*out = NULL;
	if (!l || pthread_mutex_init(&l->epochs.lock, NULL) != 0) {
		free(l);
		return dlb_fail(
			err, DLB_NO_MEMORY, "out of memory for a letterbox");
	}
	l->fs = fs;
	l->env = env;
	l->next_number = 1;
	l->keys = dlb_secret_new(sizeof(*l->keys));
	if (!l->keys || dlb_aead_new(&l->aead) != DLB_OK) {
		dlb_letterbox_close(l);
		return dlb_fail(
			err, DLB_NO_MEMORY, "out of memory for a letterbox");
	}
	if (snprintf(l->file, sizeof(l->file), "%s/" FILE_NAME, dir)
			>= (int)sizeof(l->file)
		|| snprintf(l->ring_file, sizeof(l->ring_file), "%s/" RING_NAME,
			   dir)
			>= (int)sizeof(l->ring_file)) {
		dlb_letterbox_close(l);
		return dlb_fail(err, DLB_LIMIT,
			"the path of the letterbox is too long");
	}
	*out = l;
	return DLB_OK;
}

void
dlb_letterbox_close(struct dlb_letterbox *l)
{
	if (!l)
		return;
	dlb_db_close(&l->db);
	dlb_epochs_free(&l->epochs);
	pthread_mutex_destroy(&l->epochs.lock);
	dlb_buf_free(&l->ring.bytes);
	dlb_buf_free(&l->card);
	dlb_aead_free(l->aead);
	if (l->keys)
		dlb_secret_free(l->keys);
	dlb_wipe(l, sizeof(*l));
	free(l);
}

/* ---- making and opening ------------------------------------------------------------------- */

static enum dlb_status
check_absent(struct dlb_letterbox *l, struct dlb_error *err)
{
	enum dlb_status s = l->fs->ops->stat(l->fs, l->file, NULL, NULL, err);

	if (s == DLB_NOT_FOUND)
		return DLB_OK;
	if (s != DLB_OK)
		return s;
	return dlb_fail(
		err, DLB_EXISTS, "there is a letterbox already: %s", l->file);
}

/* A ring without a letterbox, which a crash in the first commit leaves, opens
 * nothing. */
enum dlb_status
dlb_letterbox_create(struct dlb_letterbox **out, struct dlb_fs *fs,
	const char *dir, const struct dlb_unlock *unlock, bool person,
	const char *name, const struct dlb_env *env, struct dlb_error *err)
{
	struct dlb_clock_view clock;
	struct dlb_letterbox *l;
	enum dlb_status s;

	*out = NULL;
	s = letterbox_new(&l, fs, dir, env, err);
	if (s != DLB_OK)
		return s;
	s = check_absent(l, err);
	if (s != DLB_OK)
		goto out;
	dlb_random(env, l->keys->root, sizeof(l->keys->root));
	s = dlb_db_create(&l->db, err);
	if (s == DLB_OK)
		s = dlb_slots_create(l, unlock, err);
	if (s == DLB_OK)
		s = dlb_ring_create(&l->ring, env, err);
	if (s == DLB_OK)
		s = dlb_identity_load(l, err);
	if (s == DLB_OK)
		s = dlb_clock_look(l, &clock, err);
	if (s == DLB_OK && person)
		s = dlb_identity_make(l, name, err);
out:
	if (s != DLB_OK) {
		dlb_letterbox_close(l);
		return s;
	}
	*out = l;
	return DLB_OK;
}

/* What memory keeps of the database. */
static enum dlb_status
load_state(struct dlb_letterbox *l, bool epochs, struct dlb_error *err)
{
	enum dlb_status s;

	s = dlb_identity_load(l, err);
	if (s == DLB_OK)
		s = dlb_clock_load(l, err);
	if (s == DLB_OK && epochs)
		s = dlb_epochs_load(l, err);
	return s;
}

enum dlb_status
dlb_letterbox_open(struct dlb_letterbox **out, struct dlb_fs *fs,
	const char *dir, const struct dlb_unlock *unlock,
	const struct dlb_env *env, struct dlb_error *err)
{
	struct dlb_letterbox *l;
	enum dlb_status s;

	*out = NULL;
	s = letterbox_new(&l, fs, dir, env, err);
	if (s != DLB_OK)
		return s;
	s = dlb_image_load(l, &l->db, unlock, err);
	if (s == DLB_OK)
		s = dlb_ring_load(&l->ring, fs, l->ring_file, err);
	if (s == DLB_OK)
		s = load_state(l, true, err);
	if (s != DLB_OK) {
		dlb_letterbox_close(l);
		return s;
	}
	memcpy(l->slots_saved, l->slots, sizeof(l->slots));
	*out = l;
	return DLB_OK;
}

/* ---- committing and undoing ------------------------------------------------------------------ */

/* The counters that memory is ahead with. */
static enum dlb_status
save_counters(struct dlb_letterbox *l, struct dlb_error *err)
{
	enum dlb_status s = dlb_clock_save(l, err);

	if (s == DLB_OK && l->next_number != l->next_number_saved)
		s = dlb_own_set_int(
			l, DLB_OWN_NEXT_NUMBER, l->next_number, err);
	if (s == DLB_OK)
		l->next_number_saved = l->next_number;
	return s;
}

void
dlb_letterbox_root(
	const struct dlb_letterbox *l, uint8_t out[static DLB_KEY_LEN])
{
	memcpy(out, l->keys->root, DLB_KEY_LEN);
}

enum dlb_status
dlb_letterbox_commit(struct dlb_letterbox *l, struct dlb_error *err)
{
	enum dlb_status s = DLB_OK;

	if (!l->db.begun && !l->unsaved)
		return DLB_OK;
	if (l->db.broken)
		return dlb_db_change(&l->db, err);
	if (l->ring.changed)
		s = dlb_ring_save(&l->ring, l->fs, l->ring_file, err);
	if (s == DLB_OK && l->db.begun) {
		s = save_counters(l, err);
		if (s == DLB_OK)
			s = dlb_db_commit(&l->db, err);
		if (s == DLB_OK)
			l->unsaved = true;
	}
	if (s == DLB_OK)
		s = dlb_image_save(l, err);
	if (s != DLB_OK) {
		dlb_error_prefix(err, "the letterbox was not saved");
		return s;
	}
	memcpy(l->slots_saved, l->slots, sizeof(l->slots));
	l->unsaved = false;
	l->epochs.changed = false;
	return DLB_OK;
}

/* In place of the database in memory, that of the file. */
static enum dlb_status
reload(struct dlb_letterbox *l, struct dlb_error *err)
{
	struct dlb_db db;
	enum dlb_status s = dlb_image_load(l, &db, NULL, err);

	if (s != DLB_OK)
		return s;
	dlb_db_close(&l->db);
	l->db = db;
	l->unsaved = false;
	return DLB_OK;
}

enum dlb_status
dlb_letterbox_rollback(struct dlb_letterbox *l, struct dlb_error *err)
{
	bool epochs = l->epochs.changed;
	enum dlb_status s;

	if (!l->db.begun && !l->unsaved)
		return DLB_OK;
	s = l->unsaved ? reload(l, err) : dlb_db_rollback(&l->db, err);
	if (s != DLB_OK)
		return s;
	memcpy(l->slots, l->slots_saved, sizeof(l->slots));
	return load_state(l, epochs, err);
}

enum dlb_status
dlb_number_lower(struct dlb_letterbox *l, struct dlb_error *err)
{
	static const char sql[] =
		"SELECT coalesce(max(number), 0) + 1 FROM ("
		"SELECT number FROM letters_in WHERE number < ?1 UNION ALL"
		" SELECT number FROM letters_out WHERE number < ?1)";
	int64_t next = l->next_number;
	struct dlb_query q;
	enum dlb_status s;

	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, DLB_NUMBER_UNSEEN);
	s = dlb_query_number(&q, &next, err);
	if (s != DLB_OK || next >= l->next_number)
		return s;
	s = dlb_own_set_int(l, DLB_OWN_NEXT_NUMBER, next, err);
	if (s == DLB_OK)
		l->next_number = l->next_number_saved = next;
	return s;
}

enum dlb_status
dlb_number_next(struct dlb_letterbox *l, int64_t *out, struct dlb_error *err)
{
	enum dlb_status s = dlb_db_change(&l->db, err);

	*out = 0;
	if (s == DLB_OK && l->next_number >= DLB_NUMBER_UNSEEN)
		s = dlb_fail(
			err, DLB_LIMIT, "the numbers of letters are used up");
	if (s == DLB_OK)
		*out = l->next_number++;
	return s;
}

enum dlb_status
dlb_number_unseen(struct dlb_letterbox *l, int64_t *out, struct dlb_error *err)
{
	static const char sql[] =
		"SELECT max((SELECT ifnull(max(number), 0) FROM letters_out),"
		" (SELECT ifnull(max(number), 0) FROM letters_in))";
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	*out = DLB_NUMBER_UNSEEN;
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	if (dlb_query_row(&q)) {
		int64_t last = dlb_query_get_int(&q);

		if (last >= DLB_NUMBER_UNSEEN)
			*out = last + 1;
	}
	s = dlb_query_end(&q, err);
	if (s == DLB_OK && *out >= DLB_NUMBER_MAX)
		s = dlb_fail(err, DLB_LIMIT,
			"the numbers of cover and receipts are used up");
	return s;
}
