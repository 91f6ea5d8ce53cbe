/*
 * SQLite's memory, wiped when given back.
 */
#ifndef DLB_DB_MEMORY_INTERNAL_H
#define DLB_DB_MEMORY_INTERNAL_H

/* Before SQLite is first used. Again is harmless. */
void dlb_db_memory_init(void);

#endif
