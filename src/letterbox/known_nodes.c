/*
 * The nodes that this one is paired with: a name and a shared secret each, by
 * which they recognise each other at a meeting. docs/meeting.md, "Who is there".
 *
 * The secret comes from a code that one of the two made and told the other, or
 * from the cards of two people who hold each other's.
 */
#include "state_internal.h"

#include <string.h>

#define COLUMNS "id, name, secret, vetted, added_ms, met_ms"

static void
read_row(struct dlb_query *q, void *row)
{
	struct dlb_known_node *out = row;

	out->id = dlb_query_get_int(q);
	dlb_query_get_text(q, out->name, sizeof(out->name));
	dlb_query_get_blob(q, out->secret, sizeof(out->secret));
	out->vetted = dlb_query_get_int(q) != 0;
	out->added_ms = dlb_query_get_int(q);
	out->met_ms = dlb_query_get_int(q);
}

static const struct dlb_row node_row = {
	sizeof(struct dlb_known_node), read_row};

static enum dlb_status
fail_missing(struct dlb_error *err, const char *name)
{
	char shown[DLB_PERSON_NAME_MAX + 1];

	return dlb_fail(err, DLB_NOT_FOUND,
		"no node is called \"%s\"; `dlb node list` names those that "
		"are paired with this one",
		dlb_printable(shown, sizeof(shown), name, strlen(name)));
}

enum dlb_status
dlb_known_node_by_name(struct dlb_letterbox *l, struct dlb_known_node *out,
	const char *name, struct dlb_error *err)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM known_nodes WHERE name = ?1";
	struct dlb_query q;
	enum dlb_status s;

	dlb_query(&q, &l->db, sql);
	dlb_query_text(&q, name);
	s = dlb_query_one(&q, out, &node_row, err);
	return s == DLB_NOT_FOUND ? fail_missing(err, name) : s;
}

/* One query for each, so that fn may change what it is shown. */
enum dlb_status
dlb_known_node_each(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_known_node *node), void *ctx,
	struct dlb_error *err)
{
	static const char sql[] = "SELECT " COLUMNS " FROM known_nodes"
				  " WHERE name > ?1 ORDER BY name LIMIT 1";
	char last[DLB_PERSON_NAME_MAX + 1] = "";
	struct dlb_known_node node;
	enum dlb_status s;

	do {
		struct dlb_query q;

		dlb_query(&q, &l->db, sql);
		dlb_query_text(&q, last);
		s = dlb_query_one(&q, &node, &node_row, err);
		memcpy(last, node.name, sizeof(last));
	} while (s == DLB_OK && fn(ctx, &node));
	dlb_wipe(&node, sizeof(node));
	return s == DLB_NOT_FOUND ? DLB_OK : s;
}

/* That no other node has the name or the secret, and that there is room. */
static enum dlb_status
check_new(struct dlb_letterbox *l, const struct dlb_known_node *node,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT COUNT(*), IFNULL(SUM(name = ?1), 0),"
		" IFNULL(SUM(secret = ?2), 0) FROM known_nodes WHERE id <> ?3";
	struct dlb_query q;
	int64_t n = 0, named = 0, same = 0;
	enum dlb_status s = dlb_name_check(node->name, "a node", err);

	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_text(&q, node->name);
	dlb_query_blob(&q, node->secret, sizeof(node->secret));
	dlb_query_int(&q, node->id);
	if (dlb_query_row(&q)) {
		n = dlb_query_get_int(&q);
		named = dlb_query_get_int(&q);
		same = dlb_query_get_int(&q);
	}
	s = dlb_query_end(&q, err);
	if (s != DLB_OK)
		return s;
	if (named)
		return dlb_fail(err, DLB_EXISTS,
			"another node is called \"%s\": give another name, or "
			"forget that one first",
			node->name);
	if (same)
		return dlb_fail(err, DLB_EXISTS,
			"a node is paired by this code or card already: "
			"`dlb node list`");
	if (n >= DLB_KNOWN_NODES_MAX)
		return dlb_fail(err, DLB_LIMIT,
			"%d nodes are paired, and that is the most: forget one",
			DLB_KNOWN_NODES_MAX);
	return DLB_OK;
}

/* What it changes for policies, into the log. */
static enum dlb_status
note_change(struct dlb_letterbox *l, const struct dlb_known_node *node,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT vetted FROM known_nodes WHERE id = ?1";
	struct dlb_query q;
	bool was = false;
	enum dlb_status s = DLB_OK;

	if (node->id) {
		dlb_query(&q, &l->db, sql);
		dlb_query_int(&q, node->id);
		if (dlb_query_row(&q))
			was = dlb_query_get_int(&q) != 0;
		s = dlb_query_end(&q, err);
	} else {
		s = dlb_audit_note(
			l, DLB_AUDIT_PAIRED, NULL, 0, node->name, err);
	}
	if (s != DLB_OK || was == node->vetted)
		return s;
	return dlb_audit_note(l,
		node->vetted ? DLB_AUDIT_VETTED : DLB_AUDIT_UNVETTED, NULL, 0,
		node->name, err);
}

enum dlb_status
dlb_known_node_save(struct dlb_letterbox *l, struct dlb_known_node *node,
	struct dlb_error *err)
{
	static const char insert[] =
		"INSERT INTO known_nodes (name, secret, vetted, added_ms,"
		" met_ms) VALUES (?1, ?2, ?3, ?4, ?5)";
	static const char update[] =
		"UPDATE known_nodes SET name = ?1, secret = ?2, vetted = ?3,"
		" added_ms = ?4, met_ms = ?5 WHERE id = ?6";
	struct dlb_query q;
	enum dlb_status s = check_new(l, node, err);

	if (s == DLB_OK)
		s = dlb_db_change(&l->db, err);
	if (s == DLB_OK)
		s = note_change(l, node, err);
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, node->id ? update : insert);
	dlb_query_text(&q, node->name);
	dlb_query_blob(&q, node->secret, sizeof(node->secret));
	dlb_query_int(&q, node->vetted);
	dlb_query_int(&q, node->added_ms);
	dlb_query_int(&q, node->met_ms);
	if (node->id)
		dlb_query_int(&q, node->id);
	s = dlb_query_run(&q, err);
	if (s != DLB_OK)
		return s;
	if (node->id && sqlite3_changes(l->db.sql) == 0)
		return fail_missing(err, node->name);
	if (!node->id)
		node->id = sqlite3_last_insert_rowid(l->db.sql);
	return DLB_OK;
}

enum dlb_status
dlb_known_node_forget(
	struct dlb_letterbox *l, const char *name, struct dlb_error *err)
{
	static const char sql[] = "DELETE FROM known_nodes WHERE name = ?1";
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_text(&q, name);
	s = dlb_query_run(&q, err);
	if (s == DLB_OK && sqlite3_changes(l->db.sql) == 0)
		s = fail_missing(err, name);
	if (s == DLB_OK)
		s = dlb_audit_strike(l, name, err);
	return s == DLB_OK
		? dlb_audit_note(l, DLB_AUDIT_FORGOTTEN, NULL, 0, NULL, err)
		: s;
}

/* ---- where a secret comes from --------------------------------------------------- */

/* seed (16) || check (2), a word a byte, six in a group */
#define SEED_LEN 16
#define CHECK_LEN 2
#define CODE_LEN (SEED_LEN + CHECK_LEN)
#define CODE_GROUP 6

static void
read_seed(uint8_t secret[static DLB_KEY_LEN], uint8_t check[static CHECK_LEN],
	const uint8_t seed[static SEED_LEN])
{
	static const char label[] = "dlb pairing code";
	uint8_t hash[DLB_HASH_LEN], key[DLB_KEY_LEN] = {0};

	memcpy(key, seed, SEED_LEN);
	dlb_derive(secret, DLB_KEY_LEN, key, sizeof(key), label, NULL, 0);
	/* Against a word that was misheard; it says nothing of the seed that
	 * the seed itself does not. */
	dlb_derive(hash, sizeof(hash), key, sizeof(key), label, "check", 5);
	memcpy(check, hash, CHECK_LEN);
	dlb_wipe(key, sizeof(key));
	dlb_wipe(hash, sizeof(hash));
}

void
dlb_pair_code_make(char out[static DLB_PAIR_CODE_MAX],
	uint8_t secret[static DLB_KEY_LEN], const struct dlb_env *env)
{
	uint8_t code[CODE_LEN];

	dlb_random(env, code, SEED_LEN);
	read_seed(secret, code + SEED_LEN, code);
	dlb_words_encode(out, DLB_PAIR_CODE_MAX, code, CODE_LEN, CODE_GROUP);
	dlb_wipe(code, sizeof(code));
}

enum dlb_status
dlb_pair_code_read(uint8_t secret[static DLB_KEY_LEN], const char *text,
	size_t len, struct dlb_error *err)
{
	uint8_t code[CODE_LEN], check[CHECK_LEN] = {0};
	enum dlb_status s = len > 4 * DLB_PAIR_CODE_MAX
		? DLB_MALFORMED
		: dlb_words_decode(code, CODE_LEN, text, len);

	if (s == DLB_OK) {
		read_seed(secret, check, code);
		if (memcmp(check, code + SEED_LEN, CHECK_LEN) != 0)
			s = DLB_MALFORMED;
	}
	dlb_wipe(code, sizeof(code));
	if (s == DLB_OK)
		return DLB_OK;
	dlb_wipe(secret, DLB_KEY_LEN);
	return dlb_fail(err, s,
		"not a pairing code, or one with a slip in it: it is the %d "
		"words that `dlb node pair` showed on the other machine",
		CODE_LEN);
}

enum dlb_status
dlb_pair_secret_of(struct dlb_letterbox *l, uint8_t secret[static DLB_KEY_LEN],
	const struct dlb_identity *with, struct dlb_error *err)
{
	uint8_t shared[32], both[2][64];
	int mine_first;

	memset(secret, 0, DLB_KEY_LEN);
	if (!l->is_person)
		return dlb_fail(err, DLB_USAGE,
			"a courier's home has no card: pair it by a code");
	if (dlb_x25519(shared, l->keys->identity.agree, with->agree) != DLB_OK)
		return dlb_fail(
			err, DLB_MALFORMED, "the keys of that card are none");
	mine_first = memcmp(&l->identity, with, sizeof(*with)) < 0;
	memcpy(both[!mine_first], &l->identity, sizeof(both[0]));
	memcpy(both[mine_first], with, sizeof(both[0]));
	dlb_derive(secret, DLB_KEY_LEN, shared, sizeof(shared),
		"dlb pairing cards", both, sizeof(both));
	dlb_wipe(shared, sizeof(shared));
	return DLB_OK;
}
