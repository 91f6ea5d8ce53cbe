/*
 * Between manifest.c and manifest_files.c: one entry of the list of files.
 */
#ifndef DLB_MANIFEST_INTERNAL_H
#define DLB_MANIFEST_INTERNAL_H

#include "manifest.h"

#define DLB_ENTRY_LEN_MAX (27 + 2 * DLB_MANIFEST_PATH_MAX)

/* What is wrong with f after prev (NULL: f is the first); NULL where nothing is.
 * Does not look at whether the type is a known one. */
const char *dlb_manifest_fault(const struct dlb_manifest_file *f,
	const struct dlb_manifest_file *prev);
/* Brings mode and time into their ranges. */
void dlb_manifest_clamp(struct dlb_manifest_file *f);
void dlb_manifest_read_entry(struct dlb_reader *r, struct dlb_manifest_file *f);
/* f has no fault. */
enum dlb_status dlb_manifest_append_entry(
	struct dlb_buf *out, const struct dlb_manifest_file *f) DLB_MUST_CHECK;

#endif
