/*
 * card_file: cards as files: one's own on its way out, others' on their way in.
 */
#ifndef DLB_CLI_CARD_FILE_H
#define DLB_CLI_CARD_FILE_H

#include "cli.h"
#include "node.h"

/* The text of one's own card; freed by the caller. */
enum dlb_status cli_card_text(struct dlb_buf *out, struct dlb_letterbox *l,
	bool is_short, struct dlb_error *err) DLB_MUST_CHECK;
/* Is that a card's text itself, and not the name of a file? */
bool cli_is_card_text(const char *what);
/* Someone's card, checked: its text; or from a file ("-": standard input) in any of
 * its forms, or from a picture of its QR code. */
enum dlb_status cli_load_card(struct dlb_card *out, const char *what,
	const struct dlb_env *env, struct dlb_error *err) DLB_MUST_CHECK;

/* Writes a whole file, or none: it has its name when it is durable. DLB_EXISTS
 * where there is one already, unless it is to be replaced. */
#define CLI_FILE_SECRET 0x1  /* for this user's eyes only */
#define CLI_FILE_REPLACE 0x2 /* what is there goes */
enum dlb_status cli_write_file(const char *path, const void *data, size_t len,
	unsigned flags, struct dlb_error *err) DLB_MUST_CHECK;

#endif
