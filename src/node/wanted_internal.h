/*
 * wanted, inside: the letters that lack cells, and a want for each of these.
 */
#ifndef DLB_WANTED_INTERNAL_H
#define DLB_WANTED_INTERNAL_H

#include "finding.h"

struct want {
	uint8_t handle[DLB_HANDLE_LEN];
	uint32_t letter; /* in dlb_wanted.letters */
	uint32_t index;  /* of the cell; 0: a head */
	bool taken;
	bool unseen; /* a head whose handle is not known: it is not here */
};

struct wanted_letter {
	struct dlb_in_letter row;
	bool keyed; /* its letter key is known; shares may have to give it first */
	struct dlb_buf cores; /* of its cells; of a bulletin alone */
};

struct dlb_wanted {
	struct dlb_node *n;
	struct wanted_letter *letters;
	size_t letters_n, letters_cap;
	struct want *wants;
	size_t wants_n, wants_cap;
	uint32_t *table;    /* open addressing over wants; +1, 0 empty */
	size_t table_len;   /* a power of two */
	size_t looked;      /* wants that were looked up at home */
	uint32_t reserve;   /* slots of the home that letters may hold */
	uint64_t strangers; /* cells of letters from strangers */
	struct dlb_following *following;
};

/* More than the home can hold: listed, so that the reader can ask for it in
 * parts, but nothing of it is waited for. */
bool dlb_wanted_too_large(
	const struct dlb_wanted *w, const struct dlb_in_letter *letter);
/* The handles of a letter's bulk cells join what is wanted, once it has its key. */
enum dlb_status dlb_wanted_bulk(struct dlb_wanted *w, uint32_t letter)
	DLB_MUST_CHECK;

#endif
