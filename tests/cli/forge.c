/*
 * forge: seals a letter that no program of ours would make.
 *
 *   forge HOME WHO
 *
 * The home has no lock. The letter says that its one file is larger than any can be;
 * who reads it refuses it.
 */
#include "node_internal.h"

#include <stdio.h>

static void
write_content(struct dlb_writer *w)
{
	dlb_write_u32(w, 1 + 7 + 7 + 6 + 4 + 29);
	dlb_write_u8(w, 1);
	dlb_write_u16(w, 2);
	dlb_write_u32(w, 1);
	dlb_write_u8(w, DLB_KIND_LETTER);
	dlb_write_u16(w, 4);
	dlb_write_u32(w, 1);
	dlb_write_u8(w, DLB_CODEC_NONE);
	dlb_write_u16(w, 256);
	dlb_write_u32(w, 4 + 29);
	dlb_write_u32(w, 1);
	/* The one entry. */
	dlb_write_u8(w, DLB_FILE_REGULAR);
	dlb_write_u16(w, 0644);
	dlb_write_u64(w, 1000000000);
	dlb_write_u32(w, 0);
	dlb_write_u64(w, UINT64_C(1) << 60);
	dlb_write_u16(w, 2);
	dlb_write_bytes(w, "sz", 2);
	dlb_write_u16(w, 0);
}

static enum dlb_status
seal(struct dlb_node *n, struct dlb_sealing *l, const char *who,
	struct dlb_error *err)
{
	struct dlb_letterbox *box = dlb_node_letterbox(n);
	struct dlb_sealer *sealer = NULL;
	struct dlb_correspondent to_whom;
	struct dlb_seal_from from;
	struct dlb_seal_to to;
	enum dlb_status st = dlb_correspondent_by_name(box, &to_whom, who, err);

	if (st == DLB_OK)
		st = dlb_correspondent_seal_keys(box, to_whom.id,
			n->clock.now_ms, false, &to, &from, err);
	if (st != DLB_OK)
		return st;
	l->row.to = to_whom.id;
	l->row.kind = DLB_KIND_LETTER;
	l->stripe.content_len = l->stripe.stripe_len = l->head.len;
	st = dlb_stripe_layout(&l->stripe, from.card_len);
	if (st == DLB_OK)
		st = dlb_sealer_new(
			&sealer, n, &to, &from, DLB_HELD | DLB_OWN, err);
	if (st == DLB_OK)
		st = dlb_sealer_add(sealer, l, 0, l->head.len, err);
	if (st == DLB_OK)
		st = dlb_sealer_flush(sealer, err);
	if (st == DLB_OK)
		st = dlb_sealing_note(l, n, err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(box, err);
	dlb_sealer_free(sealer);
	return st;
}

int
main(int argc, char **argv)
{
	struct dlb_unlock open = {.kind = DLB_UNLOCK_OPEN};
	struct dlb_sealing *l = NULL;
	struct dlb_node *n = NULL;
	struct dlb_error err = {.msg = "out of memory"};
	struct dlb_writer w;
	uint8_t content[256];
	enum dlb_status st;

	if (argc != 3)
		return 2;
	st = dlb_base_init();
	if (st == DLB_OK)
		st = dlb_node_open(
			&n, argv[1], &open, 10000, dlb_env_system(), &err);
	dlb_writer_init(&w, content, sizeof(content));
	write_content(&w);
	l = n ? dlb_sealing_new(n) : NULL;
	if (l && dlb_buf_append(&l->head, content, w.len) == DLB_OK)
		st = seal(n, l, argv[2], &err);
	else
		st = st == DLB_OK ? DLB_NO_MEMORY : st;
	dlb_sealing_free(l);
	dlb_node_close(n);
	if (st != DLB_OK)
		fprintf(stderr, "forge: %s\n", err.msg);
	return st != DLB_OK;
}
