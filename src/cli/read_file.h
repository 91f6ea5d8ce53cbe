/*
 * read_file: what a person names as a file: "-" is standard input.
 */
#ifndef DLB_CLI_READ_FILE_H
#define DLB_CLI_READ_FILE_H

#include "base.h"

/* All of it, appended. DLB_LIMIT where it has more than `most` bytes: "FILE is too long to
 * be WHAT". */
enum dlb_status cli_read_file(struct dlb_buf *out, const char *file,
	size_t most, const char *what, struct dlb_error *err) DLB_MUST_CHECK;

#endif
