/*
 * The tables of the database, made in an empty one or brought up to date.
 */
#ifndef DLB_SCHEMA_INTERNAL_H
#define DLB_SCHEMA_INTERNAL_H

#include "db_internal.h"

enum dlb_status dlb_schema_create(struct dlb_db *db, struct dlb_error *err)
	DLB_MUST_CHECK;
/* DLB_UNSUPPORTED for tables of a newer version. */
enum dlb_status dlb_schema_update(struct dlb_db *db, struct dlb_error *err)
	DLB_MUST_CHECK;

#endif
