/* Words for people: English in the source, French shown by default (gettext).
 *
 * Low layers keep a msgid marked N_(); what shows it translates with _(). */
#ifndef VG_BASE_TEXT_H
#define VG_BASE_TEXT_H

#include "src/base/attr.h"

#define N_(msgid) msgid
#define _(msgid)  vg_text(msgid)

enum vg_language {
    VG_LANGUAGE_FR,
    VG_LANGUAGE_EN
};

/* Chooses the language of this process: `code` "fr" or "en"; NULL asks VIGIE_LANG, else French.
 * Call once, before any thread (it sets the environment and the locale). Numbers keep their
 * point. An unknown code gives French. Returns the language chosen. */
enum vg_language vg_text_init(const char *code);

/* The words for `msgid` in the process's language; msgid itself if there are none. Any thread. */
const char *vg_text(const char *msgid) VG_FORMAT_ARG(1);

/* The same in a language asked for by a reader of the API. Any thread. */
const char *vg_text_in(enum vg_language language, const char *msgid) VG_FORMAT_ARG(2);

#endif
