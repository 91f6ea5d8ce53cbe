/*
 * briefing: what a courier is told so as to serve named boxes on a trip, and what
 * ends it. The format of such a letter's content (docs/letterbox.md), and what both
 * sides keep: the courier its trips, the sender whom they briefed.
 */
#ifndef DLB_BRIEFING_H
#define DLB_BRIEFING_H

#include "letterbox.h"

#define DLB_BRIEFING_BOXES_MAX 16
#define DLB_BRIEFING_NOTE_MAX 500 /* bytes of UTF-8, one line */
/* Boxes for which one correspondent may have briefed a courier at one time. */
#define DLB_TRIPS_MAX 64
#define DLB_BOX_ID_LEN 16

/* Names a box to who holds its tag key, and tells nothing to others. */
void dlb_box_id(uint8_t id[static DLB_BOX_ID_LEN],
	const uint8_t tag_key[static DLB_KEY_LEN]);

/* In guarded memory or wiped by who fills it. */
struct dlb_briefing_box {
	uint8_t id[DLB_BOX_ID_LEN]; /* of its tag key */
	char name[DLB_BOX_NAME_MAX + 1];
	char place[DLB_BOX_PLACE_MAX + 1];
	uint8_t tag_key[DLB_KEY_LEN];
	uint8_t meeting_key[DLB_KEY_LEN];
	bool opens; /* the courier may open it: root is told */
	uint8_t root[DLB_KEY_LEN];
};

struct dlb_briefing {
	bool revocation; /* of a revocation boxes have an id alone; none: all boxes */
	uint64_t
		serial; /* each letter's of a sender to a courier above the last */
	uint32_t last_day; /* of the trip, since 1970-01-01, UTC */
	char note[DLB_BRIEFING_NOTE_MAX + 1];
	struct dlb_briefing_box boxes[DLB_BRIEFING_BOXES_MAX];
	size_t boxes_n;
};

#define DLB_DAY_LAST_MAX 1000000u
/* The first moment after a day. */
int64_t dlb_day_end_ms(uint32_t day);
/* "2027-01-31"; DLB_MALFORMED for anything else, and for days that are none. */
enum dlb_status dlb_day_parse(uint32_t *day, const char *text) DLB_MUST_CHECK;
void dlb_day_text(char out[static 11], uint32_t day);

/* Is it text that a note or a place may be: printable, one line? */
bool dlb_briefing_text_valid(const char *text, size_t max);

/* Puts the boxes in order. Appends. DLB_MALFORMED where a field is not as it may be. */
enum dlb_status dlb_briefing_write(
	struct dlb_buf *out, struct dlb_briefing *briefing) DLB_MUST_CHECK;
/* Hostile bytes. *out is wiped on failure. */
enum dlb_status dlb_briefing_read(struct dlb_briefing *out, const uint8_t *data,
	size_t len) DLB_MUST_CHECK;

/* ---- the courier's trips (trips.c) -------------------------------------------------- */

struct dlb_trip {
	int64_t id;
	int64_t from; /* correspondent */
	uint64_t serial;
	uint32_t last_day;
	int64_t received_ms;
	char note[DLB_BRIEFING_NOTE_MAX + 1];
	struct dlb_briefing_box box;
};
struct dlb_trips_taken {
	unsigned begun;    /* boxes that are new, or told anew */
	unsigned ended;    /* by a revocation */
	unsigned old;      /* of which something newer is known */
	unsigned late;     /* the last day is past */
	unsigned too_many; /* beyond DLB_TRIPS_MAX */
};
/* A briefing or revocation of this correspondent. highest_ms: the highest time seen,
 * which alone says that a day is past. */
enum dlb_status dlb_trips_take(struct dlb_letterbox *l, int64_t from,
	const struct dlb_briefing *briefing, int64_t now_ms, int64_t highest_ms,
	struct dlb_trips_taken *taken, struct dlb_error *err) DLB_MUST_CHECK;
/* Those under way. fn may change them. */
enum dlb_status dlb_trip_each(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_trip *trip), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Those whose last day is past end: of each only its box's id stays, so that nothing
 * older takes its place, until that can not come any more. */
enum dlb_status dlb_trips_end(struct dlb_letterbox *l, int64_t highest_ms,
	unsigned *ended, struct dlb_error *err) DLB_MUST_CHECK;

/* The courier ends one; its sender may brief anew. */
enum dlb_status dlb_trip_end(struct dlb_letterbox *l, int64_t id,
	int64_t now_ms, struct dlb_error *err) DLB_MUST_CHECK;
/* The courier ends all of theirs, and takes none any more until they are accepted. */
enum dlb_status dlb_trips_refuse(struct dlb_letterbox *l, int64_t from,
	int64_t now_ms, unsigned *ended, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_trips_accept(struct dlb_letterbox *l, int64_t from,
	struct dlb_error *err) DLB_MUST_CHECK;
bool dlb_trips_refused(struct dlb_letterbox *l, int64_t from);

/* ---- whom one briefed (briefed.c) ------------------------------------------------------ */

struct dlb_briefed {
	int64_t to; /* correspondent */
	uint8_t box[DLB_BOX_ID_LEN];
	char name[DLB_BOX_NAME_MAX + 1];
	char note[DLB_BRIEFING_NOTE_MAX + 1];
	bool opens;
	uint64_t serial;
	uint32_t last_day;
	int64_t sent_ms;
	int64_t letter;     /* that said so: letters_out, while it is there */
	int64_t revoked_ms; /* 0: it was not */
	int64_t revocation; /* the letter that says it */
};
/* Takes the place of what was there for that courier and box. */
enum dlb_status dlb_briefed_save(struct dlb_letterbox *l,
	const struct dlb_briefed *briefed, struct dlb_error *err)
	DLB_MUST_CHECK;
/* By courier and name. fn may change them. */
enum dlb_status dlb_briefed_each(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_briefed *briefed), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Those whose last day is past for 30 days are forgotten. */
enum dlb_status dlb_briefed_forget(struct dlb_letterbox *l, int64_t highest_ms,
	struct dlb_error *err) DLB_MUST_CHECK;
/* For the next letter to this courier. */
enum dlb_status dlb_briefed_serial(struct dlb_letterbox *l, int64_t to,
	int64_t now_ms, uint64_t *serial, struct dlb_error *err) DLB_MUST_CHECK;

#endif
