/*
 * The texts of the ends.
 */
#include "ends.h"

const char *
dlb_meeting_end_text(enum dlb_meeting_end end)
{
	static const char *const texts[] = {
#define TEXT(name, text) text,
		DLB_MEETING_END_LIST(TEXT)
#undef TEXT
	};

	return (unsigned)end < DLB_END_COUNT ? texts[end] : "over";
}
