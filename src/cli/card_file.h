/*
 * card_file: one's own card, on its way out.
 */
#ifndef DLB_CLI_CARD_FILE_H
#define DLB_CLI_CARD_FILE_H

#include "cli.h"
#include "node.h"

/* The text of one's own card; freed by the caller. */
enum dlb_status cli_card_text(struct dlb_buf *out, struct dlb_letterbox *l,
	bool is_short, struct dlb_error *err) DLB_MUST_CHECK;
/* Writes a new file, for this user's eyes only where `secret`; DLB_EXISTS where
 * there is one. What could not be written whole is removed. */
enum dlb_status cli_write_new_file(const char *path, const void *data,
	size_t len, bool secret, struct dlb_error *err) DLB_MUST_CHECK;

#endif
