/*
 * Between the files of `dlb send` and `dlb resend`.
 */
#ifndef CLI_SEND_H
#define CLI_SEND_H

#include "cli.h"
#include "node.h"
#include "stick.h"

/* Of one's own, added to a meeting. */
#define CLI_MEETING_CELLS 64

struct cli_sending {
	struct cli *c;
	const struct cli_args *a;
	struct dlb_node *n;
	struct dlb_send_options options;
	struct dlb_send_result result;
	char letters[64]; /* "letter 12", "letters 12 to 31": of result */
	uint8_t tag_key[DLB_KEY_LEN];
	struct dlb_correspondent to;
	int64_t again_of;            /* a letter that is sealed again */
	bool as_kept;                /* of what it was made of the first time */
	bool cancelled, interrupted; /* by its sender, when asked */
};

/* All of it, once c, a and again_of are set (send_letter.c). */
enum dlb_status cli_send_run(struct cli_sending *s, struct dlb_error *err)
	DLB_MUST_CHECK;

/* ---- options (send_options.c) -------------------------------------------------------- */

enum dlb_status cli_send_read_options(
	struct cli_sending *s, struct dlb_error *err) DLB_MUST_CHECK;
/* --via, once the home is open. */
enum dlb_status cli_send_read_via(struct cli_sending *s, struct dlb_error *err)
	DLB_MUST_CHECK;

/* ---- --stick (send_stick.c) ----------------------------------------------------------- */

/* Where the box lies, or may be made; before anything is sealed. */
enum dlb_status cli_send_find_stick(struct cli_sending *s,
	struct dlb_stick *stick, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status cli_send_hand_over(struct cli_sending *s,
	const struct dlb_stick *stick, struct dlb_error *err) DLB_MUST_CHECK;

#endif
