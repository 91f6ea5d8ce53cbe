/*
 * pool_table: delivery with couriers who are lost or bad, and what those who pool find.
 */
#ifndef DLB_SIM_POOL_TABLE_H
#define DLB_SIM_POOL_TABLE_H

#include <stdbool.h>
#include <stdint.h>

/* lost: the first of the two, else the second. The exit code. */
int sim_pool_tables(uint64_t seed, unsigned seeds, bool lost);

#endif
