/* When a rule's calendar holds. A range that goes over midnight belongs to the day on which it
 * begins: "Friday from 22:00 to 06:00" ends on Saturday morning, and is left out as a whole if
 * Friday is a holiday that the calendar leaves out.
 *
 * Hours are those of the clock on the wall: what lies in the hour that is left out in spring does
 * not come on that day, what lies in the one that comes twice in autumn holds twice. */
#include "src/scene/calendar.h"

#include <time.h>

#include "src/scene/scene.h"

void vg_calendar_easter(int year, int *month, int *day)
{
    const int a = year % 19, b = year / 100, c = year % 100;
    const int d = b / 4, e = b % 4, f = (b + 8) / 25, g = (b - f + 1) / 3;
    const int h = (19 * a + b - d - g + 15) % 30;
    const int i = c / 4, k = c % 4;
    const int l = (32 + 2 * e + 2 * i - h - k) % 7;
    const int m = (a + 11 * h + 22 * l) / 451;
    *month = (h + l - 7 * m + 114) / 31;
    *day = (h + l - 7 * m + 114) % 31 + 1;
}

/* Day of the year from 0, of the Gregorian calendar. */
static int day_of_year(int year, int month, int day)
{
    static const int before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return before[month - 1] + day - 1 + (leap && month > 2 ? 1 : 0);
}

bool vg_calendar_is_holiday(enum vg_holidays_region region, int year, int month, int day)
{
    static const struct {
        int month, day;
    } fixed[] = {{1, 1}, {5, 1}, {5, 8}, {7, 14}, {8, 15}, {11, 1}, {11, 11}, {12, 25}};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (fixed[i].month == month && fixed[i].day == day)
            return true;
    const bool two_more = region == VG_HOLIDAYS_ALSACE_MOSELLE;
    if (two_more && month == 12 && day == 26)
        return true;
    if (year < 1583)
        return false;
    int easter_month, easter_day;
    vg_calendar_easter(year, &easter_month, &easter_day);
    const int after = day_of_year(year, month, day) - day_of_year(year, easter_month, easter_day);
    return after == 1 || after == 39 || after == 50 || /* Monday, Ascension, Whit Monday */
           (two_more && after == -2);                  /* Good Friday */
}

/* Whether the day `back` days before `local` is one of the calendar's. */
static bool day_counts(const struct vg_calendar *calendar, const struct tm *local, int back)
{
    struct tm day = *local;
    day.tm_mday -= back;
    day.tm_hour = 12; /* clear of changes of the hour */
    day.tm_isdst = -1;
    if (mktime(&day) == (time_t)-1)
        return false;
    const int from_monday = (day.tm_wday + 6) % 7;
    if (!(calendar->days & 1u << from_monday))
        return false;
    return calendar->holidays || !vg_calendar_is_holiday(calendar->region, day.tm_year + 1900,
                                                         day.tm_mon + 1, day.tm_mday);
}

bool vg_calendar_holds(const struct vg_calendar *calendar, struct vg_wall_time time)
{
    if (!calendar->given)
        return true;
    int64_t seconds = time.us / VG_US_PER_S;
    if (time.us % VG_US_PER_S < 0)
        seconds--;
    const time_t when = (time_t)seconds;
    struct tm local;
    if (!localtime_r(&when, &local))
        return false;
    const int minute = local.tm_hour * 60 + local.tm_min;
    const int from = calendar->from_min, to = calendar->to_min;
    if (from < to)
        return minute >= from && minute < to && day_counts(calendar, &local, 0);
    if (minute >= from)
        return day_counts(calendar, &local, 0);
    return minute < to && day_counts(calendar, &local, 1);
}
