/* gettext as measured for this project: the locale is always C.UTF-8, LANGUAGE chooses, and a
 * domain of its own ("vigie-fr") answers a reader whose language is not the process's. */
#include "src/base/text.h"

#include <libintl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The build folder's catalogue serves a program that was not installed. */
static const char *catalogue(void)
{
    return access(VG_LOCALE_DIR "/fr/LC_MESSAGES/vigie.mo", R_OK) == 0 ? VG_LOCALE_DIR
                                                                       : VG_BUILD_LOCALE_DIR;
}

enum vg_language vg_text_init(const char *code)
{
    if (!code)
        code = getenv("VIGIE_LANG");
    const enum vg_language language =
        code && strncmp(code, "en", 2) == 0 ? VG_LANGUAGE_EN : VG_LANGUAGE_FR;
    (void)setenv("LANGUAGE", language == VG_LANGUAGE_FR ? "fr" : "en", 1);
    if (!setlocale(LC_ALL, "C.UTF-8"))
        (void)setlocale(LC_ALL, "C");
    (void)setlocale(LC_NUMERIC, "C");
    (void)bindtextdomain("vigie", catalogue());
    (void)bind_textdomain_codeset("vigie", "UTF-8");
    (void)bindtextdomain("vigie-fr", catalogue());
    (void)bind_textdomain_codeset("vigie-fr", "UTF-8");
    (void)textdomain("vigie");
    return language;
}

const char *vg_text(const char *msgid)
{
    return *msgid ? gettext(msgid) : msgid; /* "" would give the catalogue's header */
}

const char *vg_text_in(enum vg_language language, const char *msgid)
{
    if (!*msgid || language == VG_LANGUAGE_EN)
        return msgid;
    return dgettext("vigie-fr", msgid);
}
