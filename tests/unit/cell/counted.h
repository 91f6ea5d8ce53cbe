/*
 * Calls of the functions that a trial and an opening are made of, counted. Link with
 * --wrap for each of them.
 */
#ifndef TESTS_CELL_COUNTED_H
#define TESTS_CELL_COUNTED_H

extern unsigned point_muls, aead_opens, decaps;

#endif
