#include "api/accept_language.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* "q=0.8" as thousandths: at most three decimals stand in the grammar. No q: 1000. */
static int weight(const char *p, const char *end)
{
    for (; p + 2 < end; p++)
        if ((p[0] == 'q' || p[0] == 'Q') && p[1] == '=')
            break;
    if (p + 2 >= end)
        return 1000;
    p += 2;
    if (*p == '1')
        return 1000;
    int value = 0, unit = 100;
    for (p += p + 1 < end ? 2 : 1; p < end && *p >= '0' && *p <= '9' && unit > 0; p++, unit /= 10)
        value += (*p - '0') * unit;
    return value;
}

static int names(const char *p, const char *end, const char *tag)
{
    return end - p >= 2 && strncasecmp(p, tag, 2) == 0 &&
           (end - p == 2 || p[2] == '-' || p[2] == ';' || p[2] == ' ');
}

enum vg_language vg_accept_language(const char *header)
{
    enum vg_language best = VG_LANGUAGE_FR;
    int best_weight = 0;
    for (const char *p = header; p && *p;) {
        p += strspn(p, " \t,");
        const char *end = p + strcspn(p, ",");
        const int w = weight(p, end);
        if (w > best_weight && names(p, end, "fr")) {
            best = VG_LANGUAGE_FR;
            best_weight = w;
        } else if (w > best_weight && names(p, end, "en")) {
            best = VG_LANGUAGE_EN;
            best_weight = w;
        }
        p = end;
    }
    return best;
}
