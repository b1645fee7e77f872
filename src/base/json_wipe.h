/* Passwords and keys cross between processes, and come from clients, as JSON. jansson copies them into
 * strings, and into its parser's and its writer's buffers, and lets go of those as they are: here all
 * its memory is wiped before it goes back. */
#ifndef VG_BASE_JSON_WIPE_H
#define VG_BASE_JSON_WIPE_H

/* From now on; once, in main, before jansson is used for the first time. */
void vg_json_wipe_all(void);

/* Wipes an allocation of the C library as far as it reaches. NULL: nothing. */
void vg_json_wipe(void *allocation);

#endif
