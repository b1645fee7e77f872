/* Texts that people and programs write: a number of watts, and a command line without a shell. Pure. */
#ifndef VG_ENERGY_WATTS_TEXT_H
#define VG_ENERGY_WATTS_TEXT_H

#include <stddef.h>

#include "src/base/attr.h"
#include "src/base/status.h"

#define VG_COMMAND_WORDS_MAX 64

/* One decimal number, with a point or a comma, blanks around it and "W" behind it if it pleases:
 * "12.5", "12,5 W\n". 0 to 1e6. VG_E_INPUT: anything else. text: size bytes, no zero wanted. */
enum vg_status vg_watts_parse(const char *text, size_t size, double *watts) VG_MUST_USE;

/* Words between blanks; '...' and "..." hold blanks; nothing else is special: no variable, no pipe.
 * room: `size` bytes that the words are copied to; words: ended by NULL, borrowed from room.
 * VG_E_INPUT: no word, or a quote without its end; VG_E_FULL. */
enum vg_status vg_command_split(const char *text, char *room, size_t size,
                                char *words[VG_COMMAND_WORDS_MAX + 1]) VG_MUST_USE;

#endif
