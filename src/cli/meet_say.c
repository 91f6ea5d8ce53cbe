/*
 * What is said of a meeting, whether with a box or with another node.
 */
#include "meet_say.h"

#include "format.h"

void
cli_say_cells(struct cli *c, const char *what, uint64_t cells, const char *more)
{
	char n[CLI_FORMAT_MAX], size[CLI_FORMAT_MAX];

	cli_say(c, "  %-8s %s cell%s (%s)%s", what, cli_count(n, cells),
		cli_s(cells), cli_size(size, cells * DLB_CELL_LEN), more);
}

void
cli_say_no_room(struct cli *c, struct dlb_node *n)
{
	char size[CLI_FORMAT_MAX];
	struct dlb_large large;
	uint64_t refused = dlb_node_refused_size(n);

	if (refused)
		cli_say(c,
			"  large    what was refused needs a satchel of %s: dlb "
			"satchel --size %lluM",
			cli_size(size, refused),
			(unsigned long long)(refused >> 20) + 1);
	if (dlb_node_large(n, &large, NULL) != DLB_OK || large.letters == 0)
		return;
	cli_say(c,
		"  large    letter %lld%s: no room for what is missing; needs a "
		"satchel of %s: dlb satchel --size %lluM",
		(long long)large.first, large.letters > 1 ? " and others" : "",
		cli_size(size, large.size),
		(unsigned long long)(large.size >> 20) + 1);
}
