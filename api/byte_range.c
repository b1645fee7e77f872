#include "api/byte_range.h"

#include <stdbool.h>
#include <string.h>

/* Digits at *at, as far as 18 of them; false without one, or with more. */
static bool read_number(const char **at, uint64_t *value)
{
    const size_t digits = strspn(*at, "0123456789");
    *value = 0;
    if (digits == 0 || digits > 18)
        return false;
    for (size_t i = 0; i < digits; i++)
        *value = 10 * *value + (uint64_t)((*at)[i] - '0');
    *at += digits;
    return true;
}

enum vg_range_kind vg_byte_range_read(const char *text, uint64_t size, struct vg_byte_range *range)
{
    static const char unit[] = "bytes=";
    uint64_t first = 0, last = UINT64_MAX;
    if (strncmp(text, unit, sizeof unit - 1) != 0)
        return VG_RANGE_WHOLE;
    const char *at = text + sizeof unit - 1;
    const bool has_first = read_number(&at, &first);
    if (*at++ != '-')
        return VG_RANGE_WHOLE;
    const bool has_last = read_number(&at, &last);
    if (*at || (!has_first && !has_last) || (has_first && has_last && last < first))
        return VG_RANGE_WHOLE;
    if (!has_first) { /* the last so many bytes */
        if (last == 0 || size == 0)
            return VG_RANGE_OUTSIDE;
        first = last < size ? size - last : 0;
        last = size - 1;
    }
    if (first >= size)
        return VG_RANGE_OUTSIDE;
    if (!has_last || last >= size)
        last = size - 1;
    *range = (struct vg_byte_range){.first = first, .size = last - first + 1};
    return VG_RANGE_PART;
}
